package augment

import (
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// movers are the transforms that move pixels, always acting.
var movers = []string{
	"flip:p=1", "flip:p=1:direction=vertical", "shift:pixels=6", "crop:pad=5", "crop:pad=5:mode=edge",
	"rotate:degrees=180", "scale:min=0.6:max=1.6", "shear:degrees=35",
	"elastic:alpha=24:sigma=4", "elastic:alpha=120:sigma=8",
	"shift:pixels=4,rotate:degrees=90,flip:p=1", "scale,shear,rotate,shift",
	"crop,elastic:sigma=6,flip:p=1:direction=vertical,rotate,scale,shear",
}

// dot is a black image with a bright square of three by three pixels, and its middle.
func dot(item int) (imaging.Image, imaging.Point) {
	img := imaging.New(48, 40, 1)
	x, y := 6+item*7%36, 6+item*11%28
	for row := y - 1; row <= y+1; row++ {
		for column := x - 1; column <= x+1; column++ {
			img.Row(row)[column] = 255
		}
	}
	return img, imaging.Point{X: 256*x + 128, Y: 256*y + 128}
}

// centre is the middle of an image's light.
func centre(m imaging.Image) imaging.Point {
	sum, x, y := 0, 0, 0
	for i, v := range m.Pix {
		sum += int(v)
		x += int(v) * (256*(i%m.Width) + 128)
		y += int(v) * (256*(i/m.Width) + 128)
	}
	return imaging.Point{X: x / max(sum, 1), Y: y / max(sum, 1)}
}

// TestMoveFindsTheDot moves a bright dot and wants it within a pixel of where the
// motion says.
func TestMoveFindsTheDot(t *testing.T) {
	for _, list := range movers {
		p, seen := parse(t, list), 0
		for item := range 60 {
			img, at := dot(item)
			m := p.Move(img, stream(item))
			if m != nil {
				at = m.Move(at)
			}
			if at.X < 5*256 || at.Y < 5*256 || at.X > 43*256 || at.Y > 35*256 {
				continue // at the edge a part of it is cut off, or repeated
			}
			seen++
			if got := centre(img); max(got.X-at.X, at.X-got.X) > 256 || max(got.Y-at.Y, at.Y-got.Y) > 256 {
				t.Errorf("%s, item %d: the dot is at %v, want %v", list, item, got, at)
			}
		}
		if seen < 15 {
			t.Errorf("%s: only %d of 60 dots stayed inside", list, seen)
		}
	}
}

// TestMoveChangesNothing: with and without motions the same numbers are drawn and the
// same pixels come out.
func TestMoveChangesNothing(t *testing.T) {
	for _, list := range append(movers, "brightness,erase,noise,contrast", "none", everything) {
		p := parse(t, list)
		for item := range 5 {
			a, b := pattern(17, 13, 3), pattern(17, 13, 3)
			streamA, streamB := stream(item), stream(item)
			p.Apply(a, streamA)
			p.Move(b, streamB)
			if !slices.Equal(a.Pix, b.Pix) || streamA.Uint32() != streamB.Uint32() {
				t.Errorf("%s: item %d differs", list, item)
			}
		}
	}
}

// TestMoveIsNilWhereNothingMoves: what changes values alone, or does not act, moves
// nothing.
func TestMoveIsNilWhereNothingMoves(t *testing.T) {
	for _, list := range []string{"none", "brightness,contrast,erase,noise,mixup", "flip:p=0,rotate:p=0", "shift:pixels=0,rotate:degrees=0,elastic:alpha=0"} {
		if m := parse(t, list).Move(pattern(9, 8, 1), stream(1)); m != nil {
			t.Errorf("%s moves by %v", list, m)
		}
	}
}

// TestDisplacedAccuracy: where the field bends little, the place found leads back to
// within 4/256 pixel; where it folds, something is found all the same.
func TestDisplacedAccuracy(t *testing.T) {
	for _, list := range []string{"elastic", "elastic:alpha=100:sigma=8", "elastic:alpha=1000:sigma=0.5"} {
		for item := range 4 {
			m := parse(t, list).Move(pattern(40, 30, 1), stream(item)).(*displaced)
			for i := range 40 * 30 {
				p := imaging.Point{X: 256*(i%40) + 17*i%256, Y: 256*(i/40) + 31*i%256}
				q := m.Move(p)
				x, y := m.at(q)
				off := max(q.X+x-p.X, p.X-q.X-x, q.Y+y-p.Y, p.Y-q.Y-y)
				if folds := strings.HasSuffix(list, "0.5"); !folds && off > 4 {
					t.Fatalf("%s, item %d: %v goes to %v, which shows what is %d/256 pixels away", list, item, p, q, off)
				}
			}
		}
	}
}

// TestWarpedFarOut: places far outside do not overflow.
func TestWarpedFarOut(t *testing.T) {
	m := warped{matrix{10 * one, 0, 0, 10 * one}, imaging.Point{X: 128, Y: 128}}
	got := m.Move(imaging.Point{X: 1 << 40, Y: -1 << 40})
	if got.X < 1<<20 || got.Y > -1<<20 {
		t.Errorf("moved to %v", got)
	}
	var grow imaging.Motion
	for range 30 {
		grow = imaging.Compose(grow, warped{matrix{one / 10, 0, 0, one / 10}, imaging.Point{}})
	}
	if got := grow.Move(imaging.Point{X: 1000, Y: -1000}); got.X < 1<<24 || got.Y > -1<<24 {
		t.Errorf("enlarged thirty times, moved to %v", got)
	}
}

// TestChannels varies nine channels, as nine grey frames and as three in colour, and
// wants every frame varied as it would be alone.
func TestChannels(t *testing.T) {
	for _, frames := range []int{9, 3} {
		for _, list := range append(movers, "erase:p=1", "brightness", "flip,shift,rotate,brightness") {
			p := parse(t, list)
			for item := range 3 {
				img := pattern(14, 12, 9)
				img.Frames = frames
				got := apply(p, img, stream(item))
				for n := range frames {
					if want := apply(p, img.Frame(n), stream(item)); !slices.Equal(got.Frame(n).Pix, want.Pix) {
						t.Errorf("%s: frame %d of %d is varied in another way than alone", list, n, frames)
					}
				}
			}
		}
	}
}

// TestChannelsTogether covers the transforms that treat all frames as one: noise is
// drawn for every value, contrast is about the mean of all.
func TestChannelsTogether(t *testing.T) {
	for _, list := range []string{"noise:sigma=20", "contrast:amount=0.9", "erase:p=1:noise=true"} {
		for _, frames := range []int{9, 3} {
			img := pattern(14, 12, 9)
			img.Frames = frames
			got := apply(parse(t, list), img, stream(2))
			for n := range frames {
				if slices.Equal(got.Frame(n).Pix, img.Frame(n).Pix) {
					t.Errorf("%s: frame %d of %d is not varied", list, n, frames)
				}
			}
		}
	}
	grey := imaging.Image{Width: 1, Height: 1, Channels: 3, Frames: 3, Pix: []uint8{255, 0, 0}}
	colour := imaging.Image{Width: 1, Height: 1, Channels: 3, Pix: []uint8{255, 0, 0}}
	if a, b := meanLuma(grey), meanLuma(colour); a != 85 || b != 76 {
		t.Errorf("mean of three grey frames %d, want 85; of a colour %d, want 76", a, b)
	}
}

func BenchmarkMove(b *testing.B) {
	p := parse(b, "shift,rotate,elastic,noise")
	img := pattern(28, 28, 1)
	b.ReportAllocs()
	for b.Loop() {
		p.Move(img, stream(1))
	}
}
