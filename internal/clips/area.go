package clips

import (
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Square says which part of a frame is cut out around a box.
type Square struct {
	Margin  int `json:"margin"`  // side of the square over the longer side of the box, in hundredths
	Minimum int `json:"minimum"` // of the side, in pixels
}

// Around is the square around a box: its side is (Margin*max(W,H)+50)/100 rounded down, at
// least Minimum, and its left edge (2*X+W-side)/2 rounded down, likewise its upper one. It
// may reach beyond the frame.
func (s Square) Around(b Box) Box {
	side := max(s.Minimum, (s.Margin*max(b.W, b.H)+50)/100)
	return Box{half(2*b.X + b.W - side), half(2*b.Y + b.H - side), side, side}
}

// half is n/2, rounded down.
func half(n int) int { return n >> 1 }

// CutOut copies an area out of frames of one size and depth, whose channels follow each
// other in every pixel of the result, [H,W,frames*C]. Beyond the edges of a frame its
// outermost pixels are repeated.
func CutOut(frames []imaging.Image, area Box) imaging.Image {
	first := frames[0]
	img := imaging.Image{Width: area.W, Height: area.H, Channels: first.Channels * len(frames), Frames: len(frames)}
	n := img.Width * img.Height * img.Channels
	if first.Wide != nil {
		img.Wide = make([]uint16, n)
	} else {
		img.Pix = make([]uint8, n)
	}
	for at, frame := range frames {
		if first.Wide != nil {
			cutPlane(img.Wide[at*frame.Channels:], frame.Wide, frame, area, img.Channels)
		} else {
			cutPlane(img.Pix[at*frame.Channels:], frame.Pix, frame, area, img.Channels)
		}
	}
	return img
}

// cutPlane copies an area of the frame whose pixels are src to pixels of so many channels,
// the first of which begins at dst.
func cutPlane[T uint8 | uint16](dst, src []T, frame imaging.Image, area Box, channels int) {
	c := frame.Channels
	for y := range area.H {
		row := src[min(max(area.Y+y, 0), frame.Height-1)*frame.Width*c:]
		to := dst[y*area.W*channels:]
		for x := range area.W {
			from := min(max(area.X+x, 0), frame.Width-1) * c
			copy(to[x*channels:x*channels+c], row[from:from+c])
		}
	}
}

// wholeOf is the area of a whole frame.
func wholeOf(img imaging.Image) Box { return Box{0, 0, img.Width, img.Height} }
