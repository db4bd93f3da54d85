package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type crop struct {
	pad, fill int
	mode      string
}

func newCrop(o *config.Options) (Transform, error) {
	t := &crop{}
	o.Int(&t.pad, "pad", 4, "pixels added on each side", config.Between(0, 4096))
	o.Choice(&t.mode, "mode", "constant", "what is added: the fill level, the nearest edge pixel or the image mirrored", "constant", "edge", "reflect")
	fillOption(o, &t.fill)
	return t, nil
}

// Apply never makes the padded image: a part of it is the original moved by up
// to pad pixels.
func (t *crop) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	dx := s.IntN(2*t.pad+1) - t.pad
	dy := s.IntN(2*t.pad+1) - t.pad
	if dx == 0 && dy == 0 {
		return false
	}
	from := constant
	switch t.mode {
	case "edge":
		from = edge
	case "reflect":
		from = reflect
	}
	moves.shift(-dx, -dy)
	translate(dst, src, dx, dy, from, uint8(t.fill))
	return true
}

// What is added repeats the image at best, whatever the mode.
func (t *crop) farthest() (option string, pixels int) { return "pad", t.pad }
