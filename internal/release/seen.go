package release

import (
	"context"
	"errors"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// CountSeen counts the examples at indexes that are of the run's training part,
// although the data as a whole is not the run's: those of the same source and
// pixels. Where the run's own data is no longer there, none can be found. It returns
// the run's own data too; nil where that is not at hand.
func (c *Candidate) CountSeen(ctx context.Context, split *dataset.Split, other dataset.Dataset, indexes []int) (own dataset.Dataset, n int, err error) {
	c.Env.Log.Info("reading the run's own data, to see whether it has the same images",
		"dataset", strings.Join(c.Record.DatasetNames(), ","), "data_dir", strings.Join(c.Record.DataDirs(c.Dir.Path), ","))
	own, err = OpenRecorded(ctx, c.Record, c.Dir.Path)
	if err == nil && own.Digest() != split.Dataset {
		err = errors.New("other data is in its place")
		if c.Record.Identity.Decoder != imaging.DecoderRules {
			err = errors.New("other data is in its place, or its files are decoded by other rules than then")
		}
	}
	if err != nil {
		c.Env.Log.Warn("the run's own data is not at hand, so that nobody can tell whether it has the same images", "error", err)
		return nil, 0, ctx.Err()
	}
	shared, err := dataset.Shared(ctx, own, split.Train, other, indexes)
	if err != nil || len(shared) == 0 {
		return own, 0, err
	}
	sources := map[string]bool{}
	for _, i := range split.Train {
		sources[own.Source(i)] = true
	}
	for _, i := range shared {
		if sources[other.Source(i)] {
			n++
		}
	}
	if n == 0 {
		c.Env.Log.Warn("some images are identical to images that the network was trained on, which makes the result look better than it is",
			"images", len(shared), "first", other.Source(shared[0]))
	}
	return own, n, nil
}
