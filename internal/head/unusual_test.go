package head

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// reference is one of made-up rows.
func reference(t *testing.T, e *Examples, d int) *Reference {
	t.Helper()
	r, err := NewReference(t.Context(), e.Features, d, 2)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDistances compares with distances by the definition, in float64.
func TestDistances(t *testing.T) {
	const d = 20
	train, other := made(50, d, 3, false), made(9, d, 3, false)
	for i := range other.Features {
		other.Features[i] += float32(uniform(i, 99))
	}
	got, err := reference(t, train, d).Distances(t.Context(), other.Features, 2)
	if err != nil {
		t.Fatal(err)
	}
	mean := make([]float64, d)
	for i, v := range train.Features {
		mean[i%d] += float64(v) / 50
	}
	for i := range 9 {
		var cosines []float64
		for j := range 50 {
			xy, xx, yy := 0.0, 0.0, 0.0
			for k := range d {
				x, y := float64(other.Features[i*d+k])-mean[k], float64(train.Features[j*d+k])-mean[k]
				xy, xx, yy = xy+float64(x*y), xx+float64(x*x), yy+float64(y*y)
			}
			cosines = append(cosines, xy/math.Sqrt(float64(xx*yy)))
		}
		slices.Sort(cosines)
		if want := 1 - cosines[50-neighbours]; math.Abs(got[i]-want) > 1e-6 {
			t.Errorf("row %d: distance %v, want %v", i, got[i], want)
		}
	}
}

// TestUnusual: what has nothing in common with the training features is further away than
// what is like them.
func TestUnusual(t *testing.T) {
	const d = 40
	train, like, unlike := &Examples{}, &Examples{}, &Examples{}
	for i := range 90 {
		for k := range d {
			v := float32(uniform(i, k))
			if k%3 == i%3 {
				v += 2
			}
			switch {
			case i < 60:
				train.Features = append(train.Features, v)
			case i < 75:
				like.Features = append(like.Features, v)
			default:
				unlike.Features = append(unlike.Features, float32(uniform(i, k)*3))
			}
		}
	}
	r := reference(t, train, d)
	usual, err := r.Distances(t.Context(), like.Features, 1)
	if err != nil {
		t.Fatal(err)
	}
	unusual, err := r.Distances(t.Context(), unlike.Features, 1)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(usual)
	for _, v := range unusual {
		if p := Percentile(usual, v); p != 100 {
			t.Errorf("an unlike image has distance %v, which is at percentile %v of %v", v, p, usual)
		}
	}
}

// TestFewRows: of fewer rows than neighbours, the farthest counts; a row at the mean is as
// far from all as any.
func TestFewRows(t *testing.T) {
	r := reference(t, &Examples{Features: []float32{1, 0, -1, 0}}, 2)
	got, err := r.Distances(t.Context(), []float32{5, 0, 0, 0, 0, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{2, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("distances %v, want %v", got, want)
	}
}

func TestPercentile(t *testing.T) {
	sorted := []float64{1, 2, 2, 4}
	for v, want := range map[float64]float64{0.5: 0, 1: 25, 2: 75, 3: 75, 4: 100, 9: 100} {
		if got := Percentile(sorted, v); got != want {
			t.Errorf("percentile of %v is %v, want %v", v, got, want)
		}
	}
	if got := Percentile(nil, 1); !math.IsNaN(got) {
		t.Errorf("percentile among none is %v, want NaN", got)
	}
}

func TestReferenceRefused(t *testing.T) {
	for _, c := range []struct {
		features []float32
		d        int
		want     string
	}{
		{nil, 3, "0 features"},
		{[]float32{1, 2, 3, 4}, 3, "4 features of training images: want rows of 3"},
		{[]float32{1, 2, 3, float32(math.NaN())}, 2, "feature 1 of training image 1 is NaN"},
	} {
		if _, err := NewReference(t.Context(), c.features, c.d, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	r := reference(t, made(4, 3, 2, false), 3)
	if _, err := r.Distances(t.Context(), make([]float32, 4), 1); err == nil {
		t.Error("a row that is cut is no error")
	}
}
