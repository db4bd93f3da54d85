package metric

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestWilson has the values of method 3 in table I of R. G. Newcombe, Two-sided
// Confidence Intervals for the Single Proportion, Statistics in Medicine 17
// (1998).
func TestLossText(t *testing.T) {
	for v, want := range map[float64]string{2.30259: "2.3026", 0.0125: "0.0125", 0.00586321: "0.005863", 1.25e-7: "1.25e-07", 0: "0.0000"} {
		if got := LossText(v); got != want {
			t.Errorf("%v becomes %s, want %s", v, got, want)
		}
	}
}

func TestWilson(t *testing.T) {
	for _, test := range []struct {
		successes, n int
		low, high    float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{20, 20, 0.8389, 1}, // the mirror of 0 of 20
		{28, 29, 0.8282, 0.9939},
	} {
		got := Wilson(test.successes, test.n)
		if math.Abs(got.Low-test.low) > 5e-5 || math.Abs(got.High-test.high) > 5e-5 {
			t.Errorf("%d of %d: %v, want %v to %v", test.successes, test.n, got, test.low, test.high)
		}
	}
	if got := Wilson(0, 7).Low; got != 0 {
		t.Errorf("the lower end of no success is %v", got)
	}
	if got := Wilson(7, 7).High; got != 1 {
		t.Errorf("the upper end of success alone is %v", got)
	}
}

func TestMcNemar(t *testing.T) {
	for _, test := range []struct {
		candidate, baseline int
		worse, two          float64
	}{
		{0, 0, 1, 1},
		{5, 5, 638. / 1024, 1},
		{8, 2, 1013. / 1024, 112. / 1024},
		{2, 8, 56. / 1024, 112. / 1024},
		{0, 6, 1. / 64, 1. / 32},
		{6, 0, 1, 1. / 32},
		// The approval ratings of A. Agresti, Categorical Data Analysis, 86
		// against 150: z = -4.17, far below 0.0001.
		{86, 150, 0.0000182, 0.0000365},
	} {
		c := Comparison{BothRight: 3, BothWrong: 4, OnlyCandidate: test.candidate, OnlyBaseline: test.baseline}
		tolerance := 1e-12
		if test.candidate == 86 {
			tolerance = 2e-6
		}
		if got := c.PValueWorse(); math.Abs(got-test.worse) > tolerance {
			t.Errorf("%+v: one-sided %v, want %v", c, got, test.worse)
		}
		if got := c.PValue(); math.Abs(got-test.two) > tolerance {
			t.Errorf("%+v: two-sided %v, want %v", c, got, test.two)
		}
	}
}

// TestCoinTailIsExact compares with whole-number arithmetic.
func TestCoinTailIsExact(t *testing.T) {
	for _, n := range []int{1, 2, 3, 17, 100, 1001} {
		for _, heads := range []int{0, 1, n / 3, n / 2, n/2 + 1, 3 * n / 5, n} {
			got, want := coinTail(n, heads), exactTail(n, heads)
			if math.Abs(got-want) > 1e-12*want+1e-300 {
				t.Errorf("n=%d, %d heads or more: %v, want %v", n, heads, got, want)
			}
		}
	}
	if got := coinTail(200000, 100000); math.Abs(got-0.5) > 0.01 {
		t.Errorf("half of many throws: %v", got)
	}
}

func exactTail(n, heads int) float64 {
	sum := new(big.Int)
	for k := heads; k <= n; k++ {
		sum.Add(sum, new(big.Int).Binomial(int64(n), int64(k)))
	}
	p, _ := new(big.Rat).SetFrac(sum, new(big.Int).Lsh(big.NewInt(1), uint(n))).Float64()
	return p
}

func TestCompare(t *testing.T) {
	candidate := []float32{0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1, 0.9}
	baseline := []float32{0.9, 0.1, 0, 0.1, 0.9, 0, 0.9, 0.1, 0, 0.1, 0.9, 0} // has a third class
	got, err := Compare(candidate, baseline, []int{0, 0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Comparison{BothRight: 1, OnlyCandidate: 1, OnlyBaseline: 1, BothWrong: 1}, got); diff != "" {
		t.Error(diff)
	}
	if got.Examples() != 4 || got.Difference() != 0 || (Comparison{}).Difference() != 0 {
		t.Errorf("%d examples, difference %v", got.Examples(), got.Difference())
	}
	if _, err := Compare(candidate, baseline, []int{0, 0, 0}); err == nil {
		t.Error("lengths that do not fit are accepted")
	}
	if _, err := Compare(nil, nil, nil); err == nil {
		t.Error("nothing is compared")
	}
}

func TestLatency(t *testing.T) {
	var samples []time.Duration
	for i := range 200 {
		samples = append(samples, time.Duration(200-i)*time.Millisecond/2)
	}
	got, err := SummarizeLatency(samples, 1, 2, "a computer")
	if err != nil {
		t.Fatal(err)
	}
	want := &Latency{P50: 50, P95: 95, Max: 100, Batch: 1, Workers: 2, Samples: 200, Machine: "a computer"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	one, err := SummarizeLatency([]time.Duration{time.Microsecond}, 1, 1, "")
	if err != nil || one.P50 != 0.001 || one.P95 != 0.001 {
		t.Errorf("one sample: %+v, %v", one, err)
	}
	if _, err := SummarizeLatency(nil, 1, 1, ""); err == nil {
		t.Error("no samples are summarised")
	}
	if _, err := SummarizeLatency([]time.Duration{-1}, 1, 1, ""); err == nil {
		t.Error("a negative time is accepted")
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		s     string
		width int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"two\nlines\t", 20, "two lines "},
		{"\x1b[31mred", 20, " [31mred"},
		{"bad \xff byte", 20, "bad \ufffd byte"},
		{"abc\u202edef", 20, "abcdef"},
		{"no\ufffechar\uffffacter", 20, "nocharacter"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"a b", 3, "a b"},
		{"a bc", 3, "a…"},
	} {
		if got := Clip(test.s, test.width); got != test.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", test.s, test.width, got, test.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0.00", 1: "100.00", 0.98765: "98.77", 0.99999: "99.99"} {
		if got := Percent(share); got != want {
			t.Errorf("Percent(%v) = %q, want %q", share, got, want)
		}
	}
}

// TestDifferenceInterval compares with Newcombe's method 10, computed apart, and checks
// what must hold for any counts.
func TestDifferenceInterval(t *testing.T) {
	for _, test := range []struct {
		c         Comparison
		low, high float64
	}{
		{Comparison{BothRight: 36, OnlyCandidate: 12, OnlyBaseline: 2, BothWrong: 0}, 0.05692958400323883, 0.3404276029749406}, // the paper's example of negative correlation
		{Comparison{BothRight: 97, OnlyCandidate: 6, OnlyBaseline: 2, BothWrong: 3}, -0.02071277486419188, 0.10082265205631413},
		{Comparison{BothRight: 290, OnlyCandidate: 4, OnlyBaseline: 2, BothWrong: 4}, -0.013361969982146196, 0.028519310915928724},
		{Comparison{BothRight: 53, OnlyCandidate: 1, OnlyBaseline: 0, BothWrong: 0}, -0.0496216618894041, 0.09771437488781931},
		{Comparison{BothRight: 0, OnlyCandidate: 54, OnlyBaseline: 0, BothWrong: 0}, 0.906077002995994, 1},
		{Comparison{BothRight: 20, OnlyCandidate: 0, OnlyBaseline: 0, BothWrong: 0}, -0.16112515805281935, 0.16112515805281935}, // as for 20 right ones of each
		{Comparison{}, 0, 0},
	} {
		got := test.c.DifferenceInterval()
		if diff := cmp.Diff(Interval{test.low, test.high}, got, cmpopts.EquateApprox(0, 1e-14)); diff != "" {
			t.Errorf("%+v: %s", test.c, diff)
		}
	}
	for a := range 6 {
		for b := range 6 {
			for c := range 6 {
				for d := range 6 {
					checkInterval(t, Comparison{BothRight: 9 * a, OnlyCandidate: b, OnlyBaseline: c, BothWrong: 7 * d})
				}
			}
		}
	}
}

// checkInterval checks that an interval is around the difference, and that the two
// models may change places.
func checkInterval(t *testing.T, c Comparison) {
	t.Helper()
	i, d := c.DifferenceInterval(), c.Difference()
	other := Comparison{BothRight: c.BothRight, OnlyCandidate: c.OnlyBaseline, OnlyBaseline: c.OnlyCandidate, BothWrong: c.BothWrong}.DifferenceInterval()
	const tolerance = 1e-12
	switch {
	case !(i.Low >= -1 && i.Low <= d+tolerance && d <= i.High+tolerance && i.High <= 1):
		t.Errorf("%+v: difference %v, interval %+v", c, d, i)
	case math.Abs(i.Low+other.High) > tolerance || math.Abs(i.High+other.Low) > tolerance:
		t.Errorf("%+v: interval %+v, and %+v the other way round", c, i, other)
	}
}
