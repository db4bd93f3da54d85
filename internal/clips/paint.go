package clips

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Grown is the box with so many more pixels on each side.
func (b Box) Grown(by int) Box { return Box{b.X - by, b.Y - by, b.W + 2*by, b.H + 2*by} }

// PaintOver returns the frame with areas painted over by what surrounds them. A pixel becomes
// the mean of the four nearest pixels in its row and its column that lie in no area, each
// weighted by the inverse of its distance, in integers and rounded; those beyond the frame are
// left out. Where there are none, the pixel becomes grey.
func PaintOver(frame imaging.Image, areas ...Box) imaging.Image {
	p := painter{frame: frame}
	for _, a := range areas {
		if a = a.Within(wholeOf(frame)); a.W > 0 && a.H > 0 {
			p.areas = append(p.areas, a)
		}
	}
	if len(p.areas) == 0 {
		return frame
	}
	if frame.Wide != nil {
		frame.Wide = slices.Clone(frame.Wide)
		paintOver(&p, frame.Wide, 1<<15)
	} else {
		frame.Pix = slices.Clone(frame.Pix)
		paintOver(&p, frame.Pix, 1<<7)
	}
	return frame
}

// painter knows where the areas of a frame are.
type painter struct {
	frame imaging.Image
	areas []Box // in the frame
}

// beyond goes from a pixel in one of four directions, a step of 1 or -1 along an axis, to the
// first one that lies in no area. It may lie beyond the frame.
func (p *painter) beyond(x, y, right, down int) (int, int) {
	for {
		k := slices.IndexFunc(p.areas, func(a Box) bool { return x >= a.X && x < a.X+a.W && y >= a.Y && y < a.Y+a.H })
		if k < 0 {
			return x, y
		}
		switch a := p.areas[k]; {
		case right > 0:
			x = a.X + a.W
		case right < 0:
			x = a.X - 1
		case down > 0:
			y = a.Y + a.H
		default:
			y = a.Y - 1
		}
	}
}

// paintOver paints over the areas of a painter in the pixels of its frame.
func paintOver[T uint8 | uint16](p *painter, pixels []T, grey T) {
	f := p.frame
	for _, area := range p.areas {
		for y := area.Y; y < area.Y+area.H; y++ {
			for x := area.X; x < area.X+area.W; x++ {
				weights, from, total := [4]int64{}, [4]int{}, int64(0)
				for k, step := range [4][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
					u, v := p.beyond(x, y, step[0], step[1])
					if u >= 0 && v >= 0 && u < f.Width && v < f.Height {
						distance := max(u-x, x-u) + max(v-y, y-v)
						weights[k], from[k] = 1<<24/int64(distance), (v*f.Width+u)*f.Channels
						total += weights[k]
					}
				}
				for c := range f.Channels {
					to := &pixels[(y*f.Width+x)*f.Channels+c]
					if *to = grey; total == 0 {
						continue
					}
					sum := total / 2
					for k, w := range weights {
						sum += w * int64(pixels[from[k]+c])
					}
					*to = T(sum / total)
				}
			}
		}
	}
}
