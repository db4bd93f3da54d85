package eda

import (
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/eda/stat"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// TestNearSearch compares the search in bands with a comparison of all pairs.
func TestNearSearch(t *testing.T) {
	s := rng.NewKey(4, rng.TestPurpose).Stream(0, 0, 0)
	const n = 600
	hashes, members := make([]uint64, n), make([]int32, n)
	for i := range hashes {
		members[i] = int32(i)
		hashes[i] = uint64(s.Uint32())<<32 | uint64(s.Uint32())
		if i%3 > 0 { // up to 9 bits from the one before
			hashes[i] = hashes[i-1]
			for range s.IntN(10) {
				hashes[i] ^= 1 << s.IntN(64)
			}
		}
	}
	pattern := thumb{}
	for k := range pattern {
		pattern[k] = uint8(s.Uint32())
	}
	thumbs := make([]thumb, n) // all alike, so that hashes alone decide
	for i := range thumbs {
		thumbs[i] = pattern
	}
	found, want := newForest(n), newForest(n)
	clip := make([]int32, n)
	for i := range clip {
		clip[i] = -1
	}
	joinNear(found, hashes, thumbs, members, clip)
	for i := range int32(n) {
		for j := range i {
			if bits.OnesCount64(hashes[i]^hashes[j]) <= nearBits {
				want.join(i, j)
			}
		}
	}
	joined := 0
	for i := range int32(n) {
		if found.root(i) != want.root(i) {
			t.Fatalf("position %d is joined with %d, want with %d", i, found.root(i), want.root(i))
		}
		if want.root(i) != i {
			joined++
		}
	}
	if joined < 100 {
		t.Errorf("only %d positions are joined, which proves little", joined)
	}
}

// TestPerceptual compares with a hash that numpy computed from the definition, in floating
// point.
func TestPerceptual(t *testing.T) {
	var pattern thumb
	for k := range pattern {
		pattern[k] = uint8((k*k*31 + k*7) % 251)
	}
	if got, want := perceptual(&pattern), uint64(0x4da6f9201cb2f916); got != want {
		t.Errorf("hash %#016x, want %#016x", got, want)
	}
	lighter := pattern
	for k := range lighter {
		lighter[k] = pattern[k]/2 + 60
	}
	if n := far(perceptual(&pattern), perceptual(&lighter)); n > 2 {
		t.Errorf("%d bits differ when the image is lighter and paler", n)
	}
	if c := correlation(&pattern, &lighter); c < 9990 {
		t.Errorf("correlation %d with a lighter and paler image", c)
	}
	inverse := pattern
	for k := range inverse {
		inverse[k] = 255 - pattern[k]
	}
	if c := correlation(&pattern, &inverse); c != -10000 {
		t.Errorf("correlation %d with the inverse", c)
	}
}

// TestForest joins in different orders and wants the same roots.
func TestForest(t *testing.T) {
	pairs := [][2]int32{{5, 2}, {9, 5}, {7, 8}, {2, 1}, {8, 3}}
	for range 10 {
		f := newForest(10)
		inParallel(len(pairs), func(k int) { f.join(pairs[k][0], pairs[k][1]) })
		var roots []int32
		for i := range int32(10) {
			roots = append(roots, f.root(i))
		}
		if want := []int32{0, 1, 1, 3, 4, 1, 6, 3, 3, 1}; !slices.Equal(roots, want) {
			t.Fatalf("roots %v, want %v", roots, want)
		}
		slices.Reverse(pairs)
	}
}

// TestDistribution checks quantiles and counts.
func TestDistribution(t *testing.T) {
	var values []int64
	for v := range int64(101) {
		values = append(values, (100-v)*2)
	}
	d := stat.Distribute(values, 2)
	d.Counts = nil
	want := Distribution{Least: 0, P05: 5, P25: 25, Median: 50, P75: 75, P95: 95, Greatest: 100, Mean: 50, High: 100}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	sum := 0
	for _, n := range stat.Distribute(values, 2).Counts {
		sum += n
	}
	if sum != 101 {
		t.Errorf("%d values are counted", sum)
	}
	if d := stat.Distribute([]int64{7, 7}, 1); !slices.Equal(d.Counts, []int{2}) {
		t.Errorf("equal values are counted as %v", d.Counts)
	}
}

// TestLogarithm checks logarithms, and that they are undone.
func TestLogarithm(t *testing.T) {
	for n, want := range map[int64]int64{1: 0, 2: 256, 3: 405, 1000: 2551, 1 << 40: 40 * 256, 200_000_000: 7059} {
		if got := logarithm(n); got != want {
			t.Errorf("logarithm of %d is %d, want %d", n, got, want)
		}
	}
	for v, want := range map[int64]float64{0: 1, 256: 2, -256: 0.5, 128: 1.414, -106: 0.751} {
		if got := power(v); got != want {
			t.Errorf("2 to the %d/256 is %v, want %v", v, got, want)
		}
	}
}

// predictions are those of a good network: sure of the true class, which is that of the label
// but where wrong has another one.
func predictions(f *fake, list []int, wrong map[int]int) *heldout.Predictions {
	p := &heldout.Predictions{Words: "a test", Indexes: list}
	for k, i := range list {
		truth := f.infos[i].Label
		sure := 0.7 + float32(k%3)*0.1 // sometimes more, sometimes less
		if other, swapped := wrong[i]; swapped {
			truth, sure = other, 0.85
		}
		row := make([]float32, len(f.classes))
		for class := range row {
			row[class] = (1 - sure) / float32(len(row)-1)
		}
		row[truth] = sure
		p.Probabilities = append(p.Probabilities, row...)
	}
	return p
}

// TestWrongLabels swaps labels and wants them, and no others, found.
func TestWrongLabels(t *testing.T) {
	f := textures(t, 200)
	r := request(f)
	swapped := map[int]int{}
	for _, i := range []int{10, 25, 60, 105, 130} {
		swapped[i] = (f.infos[i].Label + 1) % 3
	}
	list := r.Split.Train[:100]
	r.Predictions = predictions(f, list, swapped)
	l := explore(t, r).Labels
	found := map[int]int{}
	for _, s := range l.Listed {
		found[s.Index] = slices.Index(f.classes, s.Seems)
		if s.Label != f.classes[f.infos[s.Index].Label] || s.Own > s.Probability {
			t.Errorf("suspect %+v", s)
		}
	}
	if diff := cmp.Diff(swapped, found); diff != "" {
		t.Error(diff)
	}
	if !l.Listed[0].Confident || l.Others != 0 {
		t.Errorf("the swapped labels are not found with confidence: %+v", l)
	}
	if l.Examples != 100 || l.Without != 20 || l.Candidates != 5 {
		t.Errorf("labels: %+v", l)
	}
}

// TestLessConfident wants an example listed of which another class is the most probable one, and
// does not reach its threshold.
func TestLessConfident(t *testing.T) {
	f := textures(t, 40)
	r := request(f)
	r.Predictions = predictions(f, r.Split.Train, nil)
	copy(r.Predictions.Probabilities[3*4:], []float32{0.3, 0.3, 0.3})
	i := r.Split.Train[4]
	r.Predictions.Probabilities[3*4+(f.infos[i].Label+2)%3] = 0.4
	l := explore(t, r).Labels
	if l.Candidates != 0 || l.Others != 1 || len(l.Listed) != 1 || l.Listed[0].Index != i || l.Listed[0].Confident || l.Listed[0].Seems != f.classes[(f.infos[i].Label+2)%3] {
		t.Errorf("labels: %+v", l)
	}
}

// TestConfident follows the definition: a class must reach its threshold, and what is merely
// the most probable class does not count.
func TestConfident(t *testing.T) {
	thresholds := []float64{0.9, 0.3, 2}
	for _, c := range []struct {
		row  []float32
		want int
	}{
		{[]float32{0.6, 0.35, 0.05}, 1},
		{[]float32{0.8, 0.2, 0}, -1},
		{[]float32{0.95, 0.05, 0}, 0},
		{[]float32{0, 0.1, 0.9}, -1}, // a class of which no example has the label
	} {
		if got := confident(c.row, thresholds); got != c.want {
			t.Errorf("%v counts for %d, want %d", c.row, got, c.want)
		}
	}
}

// TestPredictionsRefused wants predictions refused that cannot be used.
func TestPredictionsRefused(t *testing.T) {
	f := textures(t, 20)
	r := request(f)
	for want, p := range map[string]*heldout.Predictions{
		"5 probabilities for 2 examples of 3 classes, want 6": {Indexes: []int{0, 1}, Probabilities: make([]float32, 5)},
		"example 1 comes twice":                               {Indexes: []int{1, 1}, Probabilities: make([]float32, 6)},
		"example 20 comes twice, or is not one of":            {Indexes: []int{20}, Probabilities: make([]float32, 3)},
		"no example of the parts that are looked at":          {Indexes: []int{4}, Probabilities: make([]float32, 3)},
	} {
		r.Predictions = p
		if _, err := Explore(t.Context(), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
