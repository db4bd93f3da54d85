package augment

import (
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestParts pins the parts on every machine.
func TestParts(t *testing.T) {
	for list, want := range map[string]string{
		"random-resized-crop":                    "[{67 1 207 168} {91 20 186 151} {145 10 98 104} {55 32 168 128}]",
		"random-resized-crop:min=0.5:ratio=1":    "[{2 12 177 177} {65 6 177 177} {85 2 182 182} {42 1 198 198}]",
		"random-resized-crop:min=1:max=1,cutmix": "[{16 0 267 200} {16 0 267 200} {16 0 267 200} {16 0 267 200}]",
	} {
		p := parse(t, list)
		var got []Rectangle
		for item := range 4 {
			got = append(got, p.Part(stream(item), 300, 200, imaging.Image{Width: 64, Height: 64}))
		}
		if text := fmt.Sprint(got); text != want {
			t.Errorf("%s: %s, want %s", list, text, want)
		}
	}
}

// TestPartsAreInside wants parts inside images of every shape, with the share of the area and
// the ratio that the options say.
func TestPartsAreInside(t *testing.T) {
	p := parse(t, "random-resized-crop:min=0.2:max=0.6:ratio=1.5")
	for _, size := range [][2]int{{1, 1}, {1, 300}, {300, 1}, {2, 3}, {400, 300}, {300, 400}} {
		for _, input := range []imaging.Image{{Width: 32, Height: 32}, {Width: 64, Height: 32}, {Width: 16, Height: 64}} {
			for item := range 200 {
				r := p.Part(stream(item), size[0], size[1], input)
				if r.Width < 1 || r.Height < 1 || r.Left < 0 || r.Top < 0 || r.Left+r.Width > size[0] || r.Top+r.Height > size[1] {
					t.Fatalf("%+v of %v", r, size)
				}
				if size[0] < 300 || size[1] < 300 || input.Width != input.Height {
					continue
				}
				share, ratio := float64(r.Width*r.Height)/float64(size[0]*size[1]), float64(r.Width)/float64(r.Height)
				if share < 0.19 || share > 0.61 || ratio < 0.65 || ratio > 1.53 {
					t.Errorf("%+v has the share %.3f and the ratio %.3f", r, share, ratio)
				}
			}
		}
	}
}

// TestMiddlePart is taken where no part fits.
func TestMiddlePart(t *testing.T) {
	p := parse(t, "random-resized-crop:min=1:max=1:ratio=1.25")
	square := imaging.Image{Width: 8, Height: 8}
	for size, want := range map[[2]int]Rectangle{{300, 100}: {87, 0, 125, 100}, {100, 300}: {0, 87, 100, 125}, {7, 1}: {3, 0, 1, 1}} {
		if got := p.Part(stream(1), size[0], size[1], square); got != want {
			t.Errorf("%v: %+v, want %+v", size, got, want)
		}
	}
}

func TestFirst(t *testing.T) {
	var none *Pipeline
	if none.First() || parse(t, "crop").First() || !parse(t, "random-resized-crop,crop").First() {
		t.Error("the first stage is not found")
	}
}
