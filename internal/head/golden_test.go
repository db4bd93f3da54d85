package head

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// uniform is a number from 0 to 1 that the same indexes always give, as in golden.py.
func uniform(indexes ...int) float64 {
	h := uint32(0)
	for _, i := range indexes {
		h = h*1664525 + uint32(i)*1013904223 + 12345
		h = (h ^ h>>15) * 2246822519
		h = (h ^ h>>13) * 3266489917
		h ^= h >> 16
	}
	return float64(float64(h>>8) / (1 << 24))
}

// made are the examples of golden.py.
func made(rows, features, classes int, weighted bool) *Examples {
	e := &Examples{}
	for i := range rows {
		label := i % classes
		e.Labels = append(e.Labels, label)
		for d := range features {
			e.Features = append(e.Features, float32(float64(3+d)*(uniform(i, d)+float64(0.5*uniform(1000+label, d)))))
		}
		if weighted {
			e.Weights = append(e.Weights, float32(0.25+uniform(7, i)))
		}
	}
	return e
}

type goldenCase struct {
	Name                    string
	Rows, Features, Classes int
	Penalty, Objective      float64
	Weighted                bool
	Weights, Bias           []float64
}

func readGolden(t *testing.T) []goldenCase {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Cases []goldenCase }
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("golden.json has no cases")
	}
	return golden.Cases
}

// TestGolden compares coefficients and objective with those of scikit-learn.
func TestGolden(t *testing.T) {
	for _, c := range readGolden(t) {
		t.Run(c.Name, func(t *testing.T) {
			e := made(c.Rows, c.Features, c.Classes, c.Weighted)
			r, err := Train(t.Context(), e, e, Options{Classes: c.Classes, Penalties: []float64{c.Penalty}, Tolerance: 1e-6, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			if f := r.Fits[0]; !f.Converged {
				t.Errorf("has not converged: %+v", f)
			}
			if d := distance(r.Weights, c.Weights, 0); d > 1e-3 {
				t.Errorf("weights differ by %.2g of their norm", d)
			}
			mean := 0.0
			for _, b := range r.Bias {
				mean += float64(b) / float64(c.Classes)
			}
			if d := distance(r.Bias, c.Bias, mean); d > 1e-3 {
				t.Errorf("biases differ by %.2g of their norm", d)
			}
			p := part{Examples: e, d: c.Features}
			if got := objectiveOf(t, p, r, c.Penalty); math.Abs(got-c.Objective) > 1e-6*c.Objective {
				t.Errorf("objective %.9f, want %.9f", got, c.Objective)
			}
			if got := r.Fits[0].Objective; math.Abs(got-c.Objective) > 1e-6*c.Objective {
				t.Errorf("the fit has objective %.9f, want %.9f", got, c.Objective)
			}
		})
	}
}

// distance is the norm of a less shift less b, relative to that of b.
func distance(a []float32, b []float64, shift float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	off, whole := 0.0, 0.0
	for i, v := range b {
		d := float64(a[i]) - shift - v
		off += float64(d * d)
		whole += float64(v * v)
	}
	return math.Sqrt(off / whole)
}

// objectiveOf computes the objective of a head in float64, on features as they are scaled.
func objectiveOf(t *testing.T, p part, r *Result, penalty float64) float64 {
	t.Helper()
	s, err := measureScaling(t.Context(), p, 1)
	if err != nil {
		t.Fatal(err)
	}
	loss, total := 0.0, 0.0
	k := len(r.Bias)
	for i := range p.count() {
		logits := make([]float64, k)
		sum := 0.0
		for class := range k {
			logits[class] = float64(r.Bias[class])
			for d, v := range p.features(i) {
				logits[class] += float64(float64(v) * float64(r.Weights[d*k+class]))
			}
		}
		own := logits[p.label(i)]
		for _, l := range logits {
			sum += math.Exp(l - own)
		}
		loss += float64(float64(p.weight(i)) * math.Log(sum))
		total += float64(p.weight(i))
	}
	squares := 0.0
	for i, w := range r.Weights {
		scaled := float64(w) / float64(s.Scale[i/k])
		squares += float64(scaled * scaled)
	}
	return loss/total + float64(penalty/2*squares)
}
