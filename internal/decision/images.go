package decision

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestPart is what a baseline and the exported model are run on.
func (r *Run) TestPart(trained func() (*rundir.Trained, error)) *release.TestPart {
	return &release.TestPart{
		Data: r.Data.All, Loader: r.Data.TestLoader(r.Settings), Indexes: r.Data.Split.Test,
		Tracks: func(ctx context.Context) ([]uint8, error) {
			t, err := trained()
			if err != nil {
				return nil, err
			}
			return r.images(ctx, t, dataset.PartTest)
		},
	}
}

// images are what the network on tracks sees of the clips of a part, one window after the
// other: [n,H,W,C]. There are none without such a network.
func (r *Run) images(ctx context.Context, t *rundir.Trained, part dataset.Part) ([]uint8, error) {
	m, err := Open(r.Dir.Path, r.Record, t)
	if err != nil || m.Network == nil {
		return nil, err
	}
	followed, err := r.follow(ctx, dataset.TargetClips(r.Data.All, r.Data.Split.Indexes(part)))
	if err != nil {
		return nil, err
	}
	var images []uint8
	for _, f := range followed {
		for _, w := range cut(f.points) {
			images = append(images, m.scale.Bytes(w.Features)...)
		}
	}
	return images, ctx.Err()
}
