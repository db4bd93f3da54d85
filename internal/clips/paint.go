package clips

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Grown is the box with so many more pixels on each side.
func (b Box) Grown(by int) Box { return Box{b.X - by, b.Y - by, b.W + 2*by, b.H + 2*by} }

// PaintOver returns the frame with an area painted over by what surrounds it. A pixel becomes
// the mean of the four pixels next to the area in its row and its column, each weighted by
// the inverse of its distance, in integers and rounded; pixels that lie beyond the frame are
// left out. A frame without any of them stays as it is.
func PaintOver(frame imaging.Image, area Box) imaging.Image {
	area = area.within(frame.Width, frame.Height)
	if area.W < 1 || area.H < 1 {
		return frame
	}
	if frame.Wide != nil {
		frame.Wide = slices.Clone(frame.Wide)
		paintOver(frame.Wide, frame, area)
	} else {
		frame.Pix = slices.Clone(frame.Pix)
		paintOver(frame.Pix, frame, area)
	}
	return frame
}

// paintOver paints over an area of the pixels of a frame.
func paintOver[T uint8 | uint16](pixels []T, frame imaging.Image, area Box) {
	at := func(x, y int) int { return (y*frame.Width + x) * frame.Channels }
	for y := area.Y; y < area.Y+area.H; y++ {
		for x := area.X; x < area.X+area.W; x++ {
			weights, total := [4]int64{}, int64(0)
			from := [4]int{}
			for k, n := range [4]Box{ // W is the distance
				{area.X - 1, y, x - area.X + 1, 0}, {area.X + area.W, y, area.X + area.W - x, 0},
				{x, area.Y - 1, y - area.Y + 1, 0}, {x, area.Y + area.H, area.Y + area.H - y, 0},
			} {
				if n.X >= 0 && n.Y >= 0 && n.X < frame.Width && n.Y < frame.Height {
					weights[k], from[k] = 1<<24/int64(n.W), at(n.X, n.Y)
					total += weights[k]
				}
			}
			for c := range frame.Channels {
				sum := total / 2
				for k, w := range weights {
					sum += w * int64(pixels[from[k]+c])
				}
				if total > 0 {
					pixels[at(x, y)+c] = T(sum / total)
				}
			}
		}
	}
}
