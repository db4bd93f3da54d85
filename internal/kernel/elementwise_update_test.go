package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestUpdates compares the updates with their doc comments, at all lengths up
// to a few vectors, one element beyond which stays as it was.
func TestUpdates(t *testing.T) { eachImplementation(t, testUpdates) }

func testUpdates(t *testing.T) {
	sgd := SGDConstants{LearningRate: 0.1, Momentum: 0.9, Decay: 0.01}
	nesterov := sgd
	nesterov.Nesterov = true
	adam := AdamConstants{Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, InverseDeviation: 7.3,
		Epsilon: 1e-8, StepSize: 0.02, Decay: 0.01, Keep: 0.999}
	lion := LionConstants{LearningRate: 0.01, Beta1: 0.9, Rest1: 0.1, Beta2: 0.99, Rest2: 0.01, Keep: 0.999}
	for _, u := range []struct {
		name   string
		update func(p, m, v, g []float32)
		scalar func(p, m, v, g float32) (float32, float32, float32)
	}{
		{"SGD", func(p, _, _, g []float32) { SGD(p, g, &sgd) },
			func(p, m, v, g float32) (float32, float32, float32) {
				return exactFMA(-sgd.LearningRate, exactFMA(sgd.Decay, p, g), p), m, v
			}},
		{"Momentum", func(p, m, _, g []float32) { Momentum(p, m, g, &sgd) },
			func(p, m, v, g float32) (float32, float32, float32) {
				m = flushed(exactFMA(sgd.Momentum, m, exactFMA(sgd.Decay, p, g)), 1e-30)
				return exactFMA(-sgd.LearningRate, m, p), m, v
			}},
		{"Nesterov", func(p, m, _, g []float32) { Momentum(p, m, g, &nesterov) },
			func(p, m, v, g float32) (float32, float32, float32) {
				g = exactFMA(sgd.Decay, p, g)
				m = flushed(exactFMA(sgd.Momentum, m, g), 1e-30)
				return exactFMA(-sgd.LearningRate, exactFMA(sgd.Momentum, m, g), p), m, v
			}},
		{"Adam", func(p, m, v, g []float32) { Adam(p, m, v, g, &adam) },
			func(p, m, v, g float32) (float32, float32, float32) {
				g = exactFMA(adam.Decay, p, g)
				m = flushed(exactFMA(adam.Beta1, m, adam.Rest1*g), 1e-30)
				v = flushed(exactFMA(g, adam.Rest2*g, adam.Beta2*v), 1e-36)
				d := exactFMA(float32(math.Sqrt(float64(v))), adam.InverseDeviation, adam.Epsilon)
				return exactFMA(-(m / d), adam.StepSize, adam.Keep*p), m, v
			}},
		{"Lion", func(p, m, _, g []float32) { Lion(p, m, g, &lion) },
			func(p, m, v, g float32) (float32, float32, float32) {
				step := float32(0)
				if c := exactFMA(lion.Beta1, m, lion.Rest1*g); c != 0 {
					step = float32(math.Copysign(float64(lion.LearningRate), float64(c)))
				}
				return float32(lion.Keep*p) - step, flushed(exactFMA(lion.Beta2, m, lion.Rest2*g), 1e-30), v
			}},
	} {
		for n := range 35 {
			p, m, v, g := values(1, n+1), values(2, n+1), values(3, n+1), values(4, n+1)
			for i := range v {
				v[i] = abs(v[i])
				switch i % 5 {
				case 3: // everything about to vanish
					m[i], v[i], g[i] = m[i]*1e-33, v[i]*1e-38, 0
				case 4:
					p[i], m[i], v[i], g[i] = 0, 0, 0, 0
				}
			}
			wantP, wantM, wantV := slices.Clone(p), slices.Clone(m), slices.Clone(v)
			for i := range n {
				wantP[i], wantM[i], wantV[i] = u.scalar(p[i], m[i], v[i], g[i])
			}
			u.update(p[:n], m[:n], v[:n], g[:n])
			if !slices.Equal(p, wantP) || !slices.Equal(m, wantM) || !slices.Equal(v, wantV) {
				t.Fatalf("%s of %d: got %v %v %v, want %v %v %v", u.name, n, p, m, v, wantP, wantM, wantV)
			}
		}
	}
}

// flushed returns 0 for x of a magnitude below limit.
func flushed(x, limit float32) float32 {
	if abs(x) < limit {
		return 0
	}
	return x
}
