package track

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// scene is a smoothed frame of 160x120 pixels of a camera that looks at a place of a landscape
// with blocks in it; or of one before a sky, in which a target of 40x24 pixels has moved by
// that much.
func scene(x, y int, sky bool) []int32 {
	const width, height = 160, 120
	img := imaging.New(width, height, 1)
	noise := rng.NewKey(0, rng.BackgroundPlace).Stream(uint32(x), uint32(y), 0)
	draws := rng.NewKey(1, rng.BackgroundPlace).Stream(0, 0, 0)
	blocks := make([]int, 64*64)
	for i := range blocks {
		blocks[i] = draws.IntN(60)
	}
	for v := range height {
		for u := range width {
			level := 90 + noise.IntN(3)
			if !sky {
				level += blocks[(v+y+400)/9%64*64+(u+x+400)/11%64]
			} else if u+x >= 60 && u+x < 100 && v+y >= 50 && v+y < 74 {
				level += 90
			}
			img.Pix[v*width+u] = uint8(level)
		}
	}
	smooth := make([]int32, width*height)
	newFinder(DefaultRule(), width, height).narrow(smooth, img)
	return smooth
}

func TestShift(t *testing.T) {
	for _, c := range []struct {
		x, y int
		sky  bool
		want shift
	}{
		{0, 0, false, shift{}},
		{7, 0, false, shift{-7, 0}},
		{-5, 2, false, shift{5, -2}},
		{13, -4, false, shift{-13, 4}},
		{8, 5, true, shift{}},
		{-12, 0, true, shift{}},
	} {
		now := profilesOf(scene(0, 0, c.sky), 160, 120)
		if got := now.shiftTo(profilesOf(scene(c.x, c.y, c.sky), 160, 120)); got != c.want {
			t.Errorf("moved by (%d,%d), sky %t: shift %v, want %v", c.x, c.y, c.sky, got, c.want)
		}
	}
	for _, size := range []int{1, 2, 3} {
		p := profilesOf(make([]int32, size), size, 1)
		if got := p.shiftTo(p); got != (shift{}) {
			t.Errorf("%d pixels: shift %v", size, got)
		}
	}
}

// TestDifferencesTakeOutTheShift checks each place against its definition.
func TestDifferencesTakeOutTheShift(t *testing.T) {
	const width, height = 160, 120
	f := newFinder(DefaultRule(), width, height)
	now, before, after := scene(0, 0, false), scene(7, -3, false), scene(-20, 2, false)
	for _, c := range [][2]past{
		{{before, shift{-7, 3}}, {after, shift{20, -2}}},
		{{before, shift{}}, {}},
		{{}, {after, shift{31, 29}}},
		{},
	} {
		f.differences(now, c[0], c[1])
		for y := range height {
			for x := range width {
				want := int32(unknown)
				for _, p := range c {
					if u, v := x+p.by.x, y+p.by.y; p.smooth != nil && u >= 0 && u < width && v >= 0 && v < height {
						want = min(want, magnitude(now[y*width+x]-p.smooth[v*width+u]))
					}
				}
				if want == unknown {
					want = 0
				}
				if got := f.change[y*width+x]; got != want {
					t.Fatalf("(%d,%d): %d, want %d", x, y, got, want)
				}
			}
		}
	}
}
