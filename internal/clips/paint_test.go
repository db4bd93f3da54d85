package clips

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestPaintOver paints over a square between known pixels.
func TestPaintOver(t *testing.T) {
	img := imaging.Image{Width: 5, Height: 5, Channels: 1, Pix: make([]uint8, 25)}
	for y := range 5 {
		for x := range 5 {
			img.Pix[5*y+x] = uint8(10 * x)
		}
	}
	img.Pix[12] = 255
	got := PaintOver(img, Box{X: 1, Y: 1, W: 3, H: 3})
	// Of the pixel in the middle all four have the same weight: 0, 40, 20 and 20.
	if got.Pix[12] != 20 || img.Pix[12] != 255 {
		t.Errorf("the middle is %d, and was %d", got.Pix[12], img.Pix[12])
	}
	// Of the one at 1,1: left 0 and above 10 with weight 1, right 40 and below 10 with 1/3.
	if got.Pix[6] != 10 {
		t.Errorf("the corner is %d, want 10", got.Pix[6])
	}
	wide := imaging.Image{Width: 2, Height: 1, Channels: 1, Wide: []uint16{60000, 1}}
	if got := PaintOver(wide, Box{X: 1, W: 5, H: 5, Y: -2}); got.Wide[1] != 60000 || wide.Wide[1] != 1 {
		t.Errorf("at the edge %v", got.Wide)
	}
	if got := PaintOver(wide, Box{W: 2, H: 1}); got.Wide[0] != 1<<15 || got.Wide[1] != 1<<15 {
		t.Errorf("a whole frame %v", got.Wide)
	}
	if got := PaintOver(img, Box{X: 9, W: 2, H: 2}); got.Pix[12] != 255 {
		t.Error("an area beyond the frame was painted over")
	}
}

// TestPaintOverEdges paints rectangles that reach one, two and all edges of an image.
func TestPaintOverEdges(t *testing.T) {
	row := func(pix ...uint8) imaging.Image {
		return imaging.Image{Width: len(pix), Height: 1, Channels: 1, Pix: pix}
	}
	for name, c := range map[string]struct {
		r    Box
		want []uint8
	}{
		"inside": {Box{X: 1, W: 3, H: 1}, []uint8{10, 20, 30, 40, 50}},
		"left":   {Box{X: 0, W: 2, H: 1}, []uint8{0, 0, 0, 40, 50}},
		"right":  {Box{X: 4, W: 1, H: 1}, []uint8{10, 99, 0, 40, 40}},
		"all":    {Box{X: 0, W: 5, H: 1}, []uint8{128, 128, 128, 128, 128}},
	} {
		img := PaintOver(row(10, 99, 0, 40, 50), c.r)
		if diff := cmp.Diff(c.want, img.Pix); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestBoxes compares the arithmetic of boxes with counts of their pixels.
func TestBoxes(t *testing.T) {
	a := Box{X: 2, Y: 3, W: 6, H: 5}
	for _, c := range []struct {
		b      Box
		common int
		hull   Box
	}{
		{a, 30, a},
		{Box{X: 4, Y: 4, W: 2, H: 2}, 4, a},
		{Box{X: 7, Y: 7, W: 4, H: 4}, 1, Box{X: 2, Y: 3, W: 9, H: 8}},
		{Box{X: 8, Y: 3, W: 1, H: 1}, 0, Box{X: 2, Y: 3, W: 7, H: 5}},
		{Box{X: 20, Y: 30, W: 1, H: 1}, 0, Box{X: 2, Y: 3, W: 19, H: 28}}, // beyond it in both directions
	} {
		if got := a.Common(c.b); got != c.common || c.b.Common(a) != got || (got > 0) != a.Overlaps(c.b) {
			t.Errorf("%v and %v have %d pixels in common, want %d", a, c.b, got, c.common)
		}
		if got := a.Hull(c.b); got != c.hull || c.b.Hull(a) != got {
			t.Errorf("%v holds %v and %v, want %v", got, a, c.b, c.hull)
		}
	}
}

// TestPaintOverSeveral paints over two areas that touch: neither takes what the other hides.
func TestPaintOverSeveral(t *testing.T) {
	img := imaging.Image{Width: 8, Height: 1, Channels: 1, Pix: []uint8{10, 200, 200, 90, 90, 90, 70, 70}}
	got := PaintOver(img, Box{X: 1, W: 2, H: 1}, Box{X: 3, W: 3, H: 1})
	if diff := cmp.Diff([]uint8{10, 20, 30, 40, 50, 60, 70, 70}, got.Pix); diff != "" {
		t.Errorf("painted (-want +got):\n%s", diff)
	}
}
