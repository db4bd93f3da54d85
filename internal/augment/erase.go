package augment

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type erase struct {
	min, max float32
	fill     int
	noise    bool
}

func newErase(o *config.Options) (Transform, error) {
	t := &erase{}
	o.Float32(&t.min, "min", 0.02, "smallest share of the image's area", config.Between(0, 1))
	o.Float32(&t.max, "max", 0.2, "largest share of the image's area", config.Between(0, 1))
	o.Int(&t.fill, "fill", 0, "grey level of the rectangle", config.Between(0, 255))
	o.Bool(&t.noise, "noise", false, "fill the rectangle with random values instead")
	return t, checkRange(t.min, t.max)
}

func (t *erase) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	width, height := t.rectangle(src.Width, src.Height, s)
	if width == 0 || height == 0 {
		return false
	}
	left := s.IntN(src.Width - width + 1)
	top := s.IntN(src.Height - height + 1)
	copy(dst.Pix, src.Pix)
	for y := top; y < top+height; y++ {
		row := dst.Row(y)[left*src.Channels : (left+width)*src.Channels]
		for i := range row {
			row[i] = uint8(t.fill)
			if t.noise {
				row[i] = uint8(s.Uint32() >> 24)
			}
		}
	}
	return true
}

// rectangle draws a size: a share of the area between min and max, one side 0.3
// to 1 times the other. A side that would exceed the image is cut.
func (t *erase) rectangle(width, height int, s *rng.Stream) (w, h int) {
	area := float64(s.Uniform(t.min, t.max)) * float64(width*height)
	ratio := float64(s.Uniform(0.3, 1))
	long := int(math.Floor(math.Sqrt(area/ratio) + 0.5))
	short := int(math.Floor(math.Sqrt(float64(area*ratio)) + 0.5))
	if s.IntN(2) == 0 {
		long, short = short, long
	}
	return min(long, width), min(short, height)
}
