package dataset

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLook: transparency counts where it shows, 16 bits with their range, and no more files are
// looked at than asked for.
func TestLook(t *testing.T) {
	dir := writeWide(t)
	ground := image.NewNRGBA(image.Rect(0, 0, 6, 5)) // black and transparent
	white, full := image.NewNRGBA(ground.Rect), image.NewNRGBA(ground.Rect)
	for y := range 5 {
		for x := range 6 {
			white.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 9})
			full.SetNRGBA(x, y, color.NRGBA{uint8(40 * x), 1, 2, 255})
		}
	}
	full.SetNRGBA(0, 0, color.NRGBA{0, 0, 0, 254})
	for name, img := range map[string]image.Image{"a/ground.png": ground, "b/white.png": white, "b/full.png": full} {
		f, err := os.Create(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d := mustOpenFolder(t, dir, "")
	want := Looks{Files: 9, Transparent: []string{"a/ground.png", "b/full.png"}, Deep: []string{"a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png"}, Low: 1000, High: 1241}
	if diff := cmp.Diff(want, Look(t.Context(), d, 100)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l := Look(t.Context(), d, 4); l.Files != 4 || len(l.Deep) == 0 {
		t.Errorf("%+v, want 4 files", l)
	}
	if l := Look(t.Context(), decoding{d}, 4); l.Files != 0 {
		t.Errorf("%+v of what is no dataset of files", l)
	}
}
