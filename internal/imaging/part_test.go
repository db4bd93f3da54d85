package imaging

import (
	"bytes"
	"strings"
	"testing"
)

// noisy is an image in which all pixels differ from their neighbours.
func noisy(width, height, channels int) Image {
	m := New(width, height, channels)
	state := uint32(7)
	for i := range m.Pix {
		state = state*1664525 + 1013904223
		m.Pix[i] = uint8(state >> 24)
	}
	return m
}

func TestReduced(t *testing.T) {
	for _, test := range []struct{ width, height, side, w, h int }{
		{640, 480, 256, 341, 256}, {480, 640, 256, 256, 341}, {300, 300, 256, 256, 256},
		{256, 900, 256, 256, 900}, {100, 80, 256, 100, 80}, {3, 2, 1, 2, 1}, // 1.5, halves go up
	} {
		if w, h := Reduced(test.width, test.height, test.side); w != test.w || h != test.h {
			t.Errorf("%dx%d to %d: %dx%d, want %dx%d", test.width, test.height, test.side, w, h, test.w, test.h)
		}
	}
}

// TestReduceTwice: what is kept is what is reduced anew.
func TestReduceTwice(t *testing.T) {
	wide := noisy(50, 40, 1)
	wide.Wide, wide.Pix = make([]uint16, 50*40), nil
	for i := range wide.Wide {
		wide.Wide[i] = uint16(i * 31)
	}
	for _, test := range []struct {
		rule Rule
		img  Image
	}{
		{Rule{Width: 16, Height: 16, Channels: 3, Mode: Stretch, Filter: PillowBilinear}, noisy(50, 40, 3)},
		{Rule{Width: 16, Height: 16, Channels: 1, Mode: Letterbox}, noisy(40, 50, 3)},
		{Rule{Width: 16, Height: 12, Channels: 3, Mode: Crop, Filter: PillowBicubic, CropFraction: 8750}, noisy(9, 50, 1)},
		{Rule{Width: 16, Height: 12, Channels: 1, Mode: Stretch, Levels: &Levels{High: 60000}}, wide},
	} {
		once, err := test.rule.Reduce(test.img, 18)
		if err != nil {
			t.Fatal(err)
		}
		if w, h := Reduced(test.img.Width, test.img.Height, 18); once.Width != w || once.Height != h {
			t.Errorf("reduced to %dx%d, want %dx%d", once.Width, once.Height, w, h)
		}
		twice, err := test.rule.Reduce(once, 18)
		if err != nil || !bytes.Equal(once.Pix, twice.Pix) || !once.SameShape(twice) {
			t.Errorf("%+v: reduced again it is another image (error %v)", test.rule, err)
		}
		part, err := test.rule.Part(once, 1, 2, once.Width-2, once.Height-5)
		if err != nil || part.Width != test.rule.Width || part.Height != test.rule.Height || part.Channels != test.rule.Channels {
			t.Errorf("the part is %dx%dx%d (error %v)", part.Width, part.Height, part.Channels, err)
		}
		if again, err := test.rule.Apply(part); err != nil || !bytes.Equal(part.Pix, again.Pix) {
			t.Errorf("%+v: the rule changes the part (error %v)", test.rule, err)
		}
	}
}

// TestPartOfAll is the rule itself where that stretches.
func TestPartOfAll(t *testing.T) {
	img := noisy(33, 21, 3)
	rule := Rule{Width: 12, Height: 10, Channels: 3, Mode: Stretch, Filter: PillowBilinear}
	want, err := rule.Apply(img)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := rule.Reduce(img, 40)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rule.Part(whole, 0, 0, 33, 21); err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("another image (error %v)", err)
	}
	if _, err := rule.Part(whole, 30, 0, 4, 4); err == nil || !strings.Contains(err.Error(), "is not inside the image") {
		t.Errorf("a part outside: error %v", err)
	}
	if _, err := (Rule{}).Reduce(img, 10); err == nil {
		t.Error("no rule, no error")
	}
}

// TestPartMotion follows a corner of the part.
func TestPartMotion(t *testing.T) {
	rule := Rule{Width: 32, Height: 16, Channels: 1, Mode: Stretch}
	all := Compose(rule.ReduceMotion(200, 100, 50), rule.PartMotion(10, 20, 64, 8))
	for p, want := range map[Point]Point{
		{2 * 10 * 256, 2 * 20 * 256}: {},
		{2 * 74 * 256, 2 * 28 * 256}: {32 * 256, 16 * 256},
		{2 * 42 * 256, 2 * 24 * 256}: {16 * 256, 8 * 256},
	} {
		if got := all.Move(p); got != want {
			t.Errorf("%v moves to %v, want %v", p, got, want)
		}
	}
	if rule.ReduceMotion(200, 50, 50) != nil {
		t.Error("an image that stays moves")
	}
}

// TestReduceServes checks that the rule makes the same of what was reduced before wherever that
// is said, and that it is said where an input's middle is taken of what training keeps.
func TestReduceServes(t *testing.T) {
	serve, not := 0, 0
	for _, rule := range []Rule{
		{Width: 21, Height: 21, Channels: 3, Mode: Crop, Filter: PillowBicubic, CropFraction: 8750},
		{Width: 21, Height: 21, Channels: 1, Mode: Crop, CropFraction: 8750},
		{Width: 21, Height: 14, Channels: 3, Mode: Crop, Filter: PillowBilinear, CropFraction: 8750},
		{Width: 21, Height: 21, Channels: 3, Mode: Stretch, Filter: PillowBicubic},
	} {
		for _, side := range []int{16, 24, 25} {
			for width := 20; width < 60; width += 3 {
				for height := 20; height < 60; height += 3 {
					if !rule.ReduceServes(width, height, side) {
						not++
						continue
					}
					serve++
					img := noisy(width, height, 3)
					want, err := rule.Apply(img)
					if err != nil {
						t.Fatal(err)
					}
					reduced, err := rule.Reduce(img, side)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := rule.Apply(reduced); err != nil || !got.SameShape(want) || !bytes.Equal(got.Pix, want.Pix) {
						t.Errorf("%+v of %dx%d by way of %d is another image (error %v)", rule, width, height, side, err)
					}
				}
			}
		}
	}
	if serve < 400 || not < 400 {
		t.Errorf("%d images are served and %d are not: want many of both", serve, not)
	}
	published := Rule{Width: 224, Height: 224, Channels: 3, Mode: Crop, Filter: PillowBicubic, CropFraction: 8750}
	if !published.ReduceServes(400, 533, 256) || !published.ReduceServes(4000, 256, 256) || !published.ReduceServes(200, 100, 256) {
		t.Error("an input of 224 pixels is not taken of the middle of 256")
	}
}
