package visualization

import (
	"strings"
	"testing"
)

func labels(s scale) string {
	var all []string
	for _, t := range s.ticks {
		if t.Label != "" {
			all = append(all, t.Label)
		}
	}
	return strings.Join(all, " | ")
}

func TestScales(t *testing.T) {
	for _, test := range []struct {
		name string
		got  scale
		want string
	}{
		{"loss", newScale(0, 2.3, 6, plainLabel), "0.0 | 0.5 | 1.0 | 1.5 | 2.0 | 2.5"},
		{"small loss", newScale(0, 0.0123, 6, plainLabel), "0.000 | 0.005 | 0.010 | 0.015"},
		{"large loss", newScale(0, 87.3, 6, plainLabel), "0 | 20 | 40 | 60 | 80 | 100"},
		{"no range", newScale(3, 3, 6, plainLabel), "2.4 | 2.6 | 2.8 | 3.0 | 3.2 | 3.4 | 3.6"},
		{"negative", newScale(-1.5, 1, 5, plainLabel), "-1.5 | -1.0 | -0.5 | 0.0 | 0.5 | 1.0"},
		{"accuracy", accuracyScale(0.71, 0.985), "70 | 75 | 80 | 85 | 90 | 95 | 100"},
		{"narrow accuracy", accuracyScale(1, 1), "99.0 | 99.2 | 99.4 | 99.6 | 99.8 | 100.0"},
		{"no accuracy", accuracyScale(0, 0), "0.0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0"},
		{"any accuracy", accuracyScale(0, 1), "0 | 20 | 40 | 60 | 80 | 100"},
		{"logarithm", logScale(0.02, 2.3), "0.02 | 0.05 | 0.1 | 0.2 | 0.5 | 1 | 2 | 5"},
		{"many decades", logScale(1e-6, 2.3), "1e-06 | 1e-05 | 0.0001 | 0.001 | 0.01 | 0.1 | 1"},
		{"one epoch", epochScale(1, 1), "1"},
		{"epochs", epochScale(1, 6), "1 | 2 | 3 | 4 | 5 | 6"},
		{"many epochs", epochScale(1, 60), "1 | 5 | 10 | 15 | 20 | 25 | 30 | 35 | 40 | 45 | 50 | 55 | 60"},
	} {
		if got := labels(test.got); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestScalesCoverTheirRange(t *testing.T) {
	for _, low := range []float64{0, 1e-5, 0.1, 0.3, 1, 7, 123} {
		for _, high := range []float64{2e-5, 0.1, 0.31, 0.9999, 1, 8, 1000} {
			if high <= low {
				continue
			}
			if s := newScale(low, high, 6, plainLabel); s.low > low || s.high < high || len(s.ticks) < 4 || len(s.ticks) > 9 {
				t.Errorf("%v to %v: %v to %v with %d ticks", low, high, s.low, s.high, len(s.ticks))
			}
			if high > 1 {
				continue
			}
			if s := accuracyScale(low, high); s.low > low || s.high < high || s.low < 0 || s.high > 1 {
				t.Errorf("%v to %v: %v to %v", low, high, s.low, s.high)
			}
		}
	}
}
