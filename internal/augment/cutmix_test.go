package augment

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestCutRectangles pins the rectangles on every machine.
func TestCutRectangles(t *testing.T) {
	for list, want := range map[string]string{
		"cutmix":                 "[{0 13 9 7} {0 5 19 15} {7 3 20 12} {10 2 6 4} {13 2 14 8} {6 3 16 10}]",
		"cutmix:alpha=0.2:p=0.5": "[{0 0 0 0} {0 0 0 0} {17 8 10 6} {0 0 0 0} {10 0 22 14} {0 0 18 13}]",
		"flip,mixup":             "[{0 0 0 0} {0 0 0 0} {0 0 0 0} {0 0 0 0} {0 0 0 0} {0 0 0 0}]",
	} {
		p := parse(t, list)
		var got []Rectangle
		for item := range 6 {
			got = append(got, p.CutRectangle(stream(item), 32, 20))
		}
		if text := fmt.Sprint(got); text != want {
			t.Errorf("%s: %s, want %s", list, text, want)
		}
	}
}

// TestCutShares wants rectangles inside the image, in its shape, and shares as a partner's
// share that is uniform and then cut off at the edges gives them.
func TestCutShares(t *testing.T) {
	const n, side = 20000, 64
	p, sum, empty := parse(t, "cutmix"), 0.0, 0
	for item := range n {
		r := p.CutRectangle(stream(item), side, side)
		if r.Left < 0 || r.Top < 0 || r.Left+r.Width > side || r.Top+r.Height > side {
			t.Fatalf("%+v is not inside", r)
		}
		if r.Width == 0 {
			empty++
		}
		sum += float64(r.Width*r.Height) / (side * side)
	}
	// Of a length a, the middle uniform in [0,1], a-a*a/4 is left on average. The mean of its
	// square over a = sqrt(u) is E[u - u*sqrt(u)/2 + u*u/16] = 1/2 - 1/5 + 1/48.
	if mean := sum / n; mean < 0.30 || mean > 0.33 {
		t.Errorf("mean share %.3f, want 0.32", mean)
	}
	if empty > n/100 {
		t.Errorf("%d of %d are empty", empty, n)
	}
}

func TestPaste(t *testing.T) {
	a, b := imaging.New(3, 2, 3), imaging.New(3, 2, 3)
	for i := range b.Pix {
		b.Pix[i] = uint8(i + 1)
	}
	Paste(a, b, Rectangle{1, 1, 2, 1})
	if diff := cmp.Diff([]uint8{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 14, 15, 16, 17, 18}, a.Pix); diff != "" {
		t.Error(diff)
	}
	Paste(a, b, Rectangle{0, 0, 3, 2})
	if !slices.Equal(a.Pix, b.Pix) {
		t.Error("the whole is not copied")
	}
}

func TestSquareRoot(t *testing.T) {
	for _, r := range []int{0, 1, 2, 3, 255, 65535, 1<<26 - 1} {
		for n, want := range map[int]int{r * r: r, r*r + 2*r: r, max(r*r-1, 0): max(r-1, 0)} {
			if got := squareRoot(n); got != want {
				t.Errorf("of %d: %d, want %d", n, got, want)
			}
		}
	}
}
