package controls

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// crops are examples of clips, made in memory: three grey frames each, of a backdrop whose
// level rises to the right, with bright targets at the places of each frame.
type crops struct {
	list []crop
	wide bool
}

type crop struct {
	place   dataset.Place
	targets [3][]clips.Box // in each frame, from the corner of the crop
}

const bright = 250

func (c crops) Len() int                { return len(c.list) }
func (c crops) Source(int) string       { return "drawn" }
func (c crops) Classes() []string       { return []string{"bird", "drone"} }
func (c crops) Digest() string          { return "drawn" }
func (c crops) FrameOffsets() []int     { return []int{-4, 0, 4} }
func (c crops) Info(i int) dataset.Info { return dataset.Info{Place: &c.list[i].place} }
func (c crops) side(i int) int          { return c.list[i].place.Area.W }
func (c crops) at(img imaging.Image) []int {
	var levels []int
	for i := range img.Width * img.Height * img.Channels {
		if img.Wide != nil {
			levels = append(levels, int(img.Wide[i]>>8))
		} else {
			levels = append(levels, int(img.Pix[i]))
		}
	}
	return levels
}

func (c crops) Image(i int) (imaging.Image, error) {
	side := c.side(i)
	img := imaging.New(side, side, 3)
	img.Frames = 3
	for y := range side {
		for x := range side {
			for f := range 3 {
				level := uint8(50 + x)
				for _, b := range c.list[i].targets[f] {
					if (clips.Box{X: x, Y: y, W: 1, H: 1}).Overlaps(b) {
						level = bright
					}
				}
				img.Pix[(y*side+x)*3+f] = level
			}
		}
	}
	if c.wide {
		for _, v := range img.Pix {
			img.Wide = append(img.Wide, uint16(v)<<8)
		}
		img.Pix = nil
	}
	return img, nil
}

// flight is a target that moves by so many pixels a frame; examples are at every sixth frame,
// in crops of 40 pixels around boxes of 16x6.
func flight(speed int) crops {
	clip := &dataset.Clip{Source: "a"}
	box := func(frame int) clips.Box { return clips.Box{X: 100 + speed*frame, Y: 80, W: 16, H: 6} }
	var c crops
	for frame := 6; frame < 42; frame += 6 {
		area := clips.Square{Margin: 250}.Around(box(frame))
		one := crop{place: dataset.Place{Clip: clip, Frame: frame, Box: box(frame), Area: area, Target: true}}
		for f, offset := range c.FrameOffsets() {
			b := box(frame + offset)
			one.targets[f] = []clips.Box{{X: b.X - area.X, Y: b.Y - area.Y, W: b.W, H: b.H}}
		}
		c.list = append(c.list, one)
	}
	return c
}

func mustPaint(t *testing.T, d dataset.Dataset) *painted {
	t.Helper()
	p, err := paintedOver(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNoTargetIsLeft paints over targets that stand and that move, in 8 and 16 bits, and
// finds the backdrop in their place: of one that rises evenly, exactly.
func TestNoTargetIsLeft(t *testing.T) {
	for _, speed := range []int{0, 1, -3} {
		for _, wide := range []bool{false, true} {
			c := flight(speed)
			c.wide = wide
			p := mustPaint(t, c)
			// The first and the last example have no neighbour that says where the target goes.
			for i := 1; i < c.Len()-1; i++ {
				img, err := p.Image(i)
				if err != nil {
					t.Fatal(err)
				}
				if brightest := slices.Max(c.at(img)); brightest > 50+40 {
					t.Errorf("speed %d, example %d: a pixel of level %d is left", speed, i, brightest)
				}
				if before, _ := c.Image(i); slices.Max(c.at(before)) != bright {
					t.Fatal("the test has no target")
				}
			}
		}
	}
}

// TestRectanglesSayNothingOfBoxes has boxes of two shapes, and wants the same rectangles for
// both.
func TestRectanglesSayNothingOfBoxes(t *testing.T) {
	lying, standing := flight(0), flight(0)
	for i := range standing.list {
		p := &standing.list[i].place
		p.Box = clips.Box{X: p.Box.X + 5, Y: p.Box.Y - 5, W: 6, H: 16}
	}
	a, b := mustPaint(t, lying), mustPaint(t, standing)
	seen := map[clips.Box]bool{}
	for i := range lying.Len() {
		info, other := lying.Info(i), standing.Info(i)
		first, second := a.places(i, &info), b.places(i, &other)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("example %d (-lying +standing):\n%s", i, diff)
		}
		seen[first[0]] = true
	}
	if len(seen) < lying.Len() {
		t.Errorf("%d rectangles of %d examples", len(seen), lying.Len())
	}
}

// TestOthersAreFound paints over a second target in the crop, and in the crop of background.
func TestOthersAreFound(t *testing.T) {
	c := flight(0)
	area := c.list[0].place.Area
	other := clips.Box{X: area.X + 2, Y: area.Y + 30, W: 5, H: 4}
	inCrop := clips.Box{X: 2, Y: 30, W: 5, H: 4}
	for i := range c.list {
		for f := range 3 {
			c.list[i].targets[f] = append(c.list[i].targets[f], inCrop)
		}
	}
	second := c.list[0]
	second.place.Track, second.place.Box = 1, other
	second.place.Area = clips.Square{Margin: 250, Minimum: 40}.Around(other)
	second.targets = [3][]clips.Box{}
	background := c.list[0]
	background.place.Target, background.place.Box = false, area
	c.list = append(c.list, second, background)
	p := mustPaint(t, c)
	for _, i := range []int{0, len(c.list) - 1} {
		img, err := p.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		if brightest := slices.Max(c.at(img)); brightest > 50+40 {
			t.Errorf("example %d: a pixel of level %d is left", i, brightest)
		}
	}
}

// TestDrawnAround draws rectangles, which must cover the box, lie in the crop, and leave a
// pixel at each edge that the box does not reach.
func TestDrawnAround(t *testing.T) {
	draws := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	crop := clips.Box{W: 20, H: 20}
	for range 2000 {
		box := clips.Box{X: draws.IntN(20), Y: draws.IntN(20)}
		box.W, box.H = 1+draws.IntN(20-box.X), 1+draws.IntN(20-box.Y)
		r := drawnAround(draws, crop, box)
		covers, inside := box.Within(r) == box, r.Within(crop) == r
		left := r.X > 0 || box.X == 0
		right := r.X+r.W < 20 || box.X+box.W == 20
		if !covers || !inside || !left || !right {
			t.Fatalf("around %v in %v: %v", box, crop, r)
		}
	}
}
