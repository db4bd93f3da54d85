package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type flip struct{ direction string }

func newFlip(o *config.Options) (Transform, error) {
	t := &flip{}
	o.Choice(&t.direction, "direction", "horizontal", "horizontal swaps left and right, vertical top and bottom", "horizontal", "vertical")
	return t, nil
}

func (t *flip) Apply(dst, src imaging.Image, _ *rng.Stream, moves *Moves) bool {
	vertical := t.direction == "vertical"
	moves.mirror(src, vertical)
	for y := range dst.Height {
		if vertical {
			copy(dst.Row(y), src.Row(src.Height-1-y))
			continue
		}
		to, from := dst.Row(y), src.Row(y)
		for i := 0; i < len(to); i += src.Channels {
			copy(to[i:i+src.Channels], from[len(from)-src.Channels-i:])
		}
	}
	return true
}
