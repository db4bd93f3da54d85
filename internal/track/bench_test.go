package track

import (
	"github.com/blocktrain/blocktrain/internal/clips"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// BenchmarkPropose smooths a frame of 320x256 pixels and finds its proposals.
func BenchmarkPropose(b *testing.B) {
	frames := make([]imaging.Image, 3)
	for i := range frames {
		frames[i] = imaging.New(320, 256, 1)
		stream := rng.NewKey(0, rng.BackgroundPlace).Stream(uint32(i), 0, 0)
		for k := range frames[i].Pix {
			frames[i].Pix[k] = uint8(100 + k/8000 + stream.IntN(8))
		}
		for y := range 6 {
			for x := range 9 {
				frames[i].Pix[(100+y)*320+100+8*i+x] = 220
			}
		}
	}
	f := newFinder(DefaultRule(), 320, 256)
	var planes [3][]int32
	for i := range planes {
		planes[i] = make([]int32, 320*256)
		f.narrow(planes[i], frames[i])
	}
	for b.Loop() {
		f.narrow(planes[1], frames[1])
		f.find(frames[1], planes[1], planes[0], planes[2])
	}
}

// BenchmarkMeasure measures a target.
func BenchmarkMeasure(b *testing.B) {
	img := imaging.New(320, 256, 1)
	for k := range img.Pix {
		img.Pix[k] = uint8(100 + k*7919%13)
	}
	box := clips.Box{X: 100, Y: 100, W: 20, H: 14}
	for b.Loop() {
		Measure(img, box)
	}
}
