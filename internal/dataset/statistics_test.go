package dataset

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

func TestMeasure(t *testing.T) {
	d, err := newSet(t.Context(), letters(2), infosOf(50, 2), noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		return testImage(4+i%3, 5, 3, i), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := imaging.Rule{Width: 5, Height: 5, Channels: 3, Mode: imaging.Stretch}
	indexes := []int{3, 49, 7, 8, 20}
	got, err := Measure(t.Context(), d, indexes, rule)
	if err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		var values []float64
		for _, i := range indexes {
			img, err := d.Image(i)
			if err == nil {
				img, err = rule.Apply(img)
			}
			if err != nil {
				t.Fatal(err)
			}
			for at := c; at < len(img.Pix); at += 3 {
				values = append(values, float64(img.Pix[at]))
			}
		}
		mean, deviation := naive(values)
		if math.Abs(got.Mean[c]-mean) > 1e-10 || math.Abs(got.Deviation[c]-deviation) > 1e-10 {
			t.Errorf("channel %d: %v ± %v, want %v ± %v", c, got.Mean[c], got.Deviation[c], mean, deviation)
		}
	}
}

// naive computes mean and standard deviation in two passes.
func naive(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation)
}

func TestMomentsDoNotOverflow(t *testing.T) {
	const n = 1 << 45
	m := moments{count: n, sum: n * 255, squares: n * 255 * 255}
	if m.mean() != 255 || m.variance() != 0 {
		t.Errorf("all values 255: mean %v, variance %v", m.mean(), m.variance())
	}
}

func TestMeasureErrors(t *testing.T) {
	d := newTestSet(t, letters(2), infosOf(4, 2))
	rule := imaging.Rule{Width: 5, Height: 5, Channels: 1, Mode: imaging.Stretch}
	_, err := Measure(t.Context(), d, nil, rule)
	wantError(t, err, "no images to measure")
	_, err = Measure(t.Context(), d, []int{0}, imaging.Rule{})
	wantError(t, err, "0x0")
}

func TestSizes(t *testing.T) {
	counts := map[shape]int{{6, 5, 1, 1, false}: 3, {5, 6, 1, 1, false}: 3, {8, 8, 3, 1, false}: 2}
	want := Sizes{Width: 5, Height: 6, Frequent: 3, Pixels: 30, Channels: 3, Frames: 1, Range: "5x6x1 to 8x8x3 (3 sizes)"}
	if diff := cmp.Diff(want, summarize(counts)); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	want = Sizes{Width: 6, Height: 5, Frequent: 4, Pixels: 30, Channels: 1, Frames: 1, Uniform: true, Range: "6x5x1"}
	got, err := MeasureSizes(t.Context(), decoding{newTestSet(t, letters(2), infosOf(4, 2))})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("sizes (-want +got):\n%s, %v", diff, err)
	}
}

// TestComposedSetsKnowTheirImages: what a composition passes on about an image
// without decoding is what decoding would say.
func TestComposedSetsKnowTheirImages(t *testing.T) {
	first, second := twoSets(t)
	joined, err := Concat(first, second)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Remap(joined, []string{"d", "c", "b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Len() {
		img, err := d.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		hash, errHash := detail(d).pixelHash(i)
		shape, errShape := detail(d).shape(i)
		if errHash != nil || errShape != nil || hash != hashPixels(img) || shape != shapeOf(img) {
			t.Errorf("example %d is described as another image: %v, %v", i, errHash, errShape)
		}
	}
	if got := detail(d).grouping(); got != "none,none" {
		t.Errorf("grouping %q", got)
	}
}
