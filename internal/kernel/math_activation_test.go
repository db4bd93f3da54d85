package kernel

import (
	"math"
	"testing"
)

func TestActivations(t *testing.T) {
	reference := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	cdf := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, f := range []struct {
		name      string
		got       func(float32) float32
		reference func(float64) float64
		relative  float64
		absolute  float64 // times the magnitude of x, at least 1
	}{
		{"Sigmoid", sigmoid, reference, 3e-7, 1e-44},
		{"SiLU", silu, func(x float64) float64 { return x * reference(x) }, 4e-7, 1e-44},
		{"SiLUGrad", siluSlope, func(x float64) float64 { return reference(x) * (1 + x*(1-reference(x))) }, 3e-7, 1e-7},
		{"GELU", gelu, func(x float64) float64 { return x * cdf(x) }, 3e-7, 1e-7},
		{"GELUGrad", geluSlope, func(x float64) float64 {
			return cdf(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		}, 3e-7, 2e-7},
		{"HardSwish", hardSwish, func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) }, 3e-7, 1e-7},
		{"HardSwishGrad", hardSwishSlope, func(x float64) float64 {
			if math.Abs(x) > 3 {
				return max(0, math.Copysign(1, x))
			}
			return x/3 + 0.5
		}, 3e-7, 1e-7},
	} {
		t.Run(f.name, func(t *testing.T) {
			for i := -12000; i <= 12000; i++ {
				x := float32(i) / 128
				want := f.reference(float64(x))
				tolerance := f.relative*math.Abs(want) + f.absolute*max(1, math.Abs(float64(x)))
				if got := float64(f.got(x)); !(math.Abs(got-want) <= tolerance) {
					t.Fatalf("%s(%v) = %v, want %v", f.name, x, got, want)
				}
			}
			if nan := f.got(float32(math.NaN())); nan == nan {
				t.Errorf("%s(NaN) = %v, want NaN", f.name, nan)
			}
		})
	}
}

// TestDerivatives compares each derivative with a central difference.
func TestDerivatives(t *testing.T) {
	for _, f := range []struct {
		name             string
		f, df            func(float32) float32
		kinkLow, kinkTop float32
	}{{"Sigmoid", sigmoid, func(x float32) float32 { return sigmoidSlope(sigmoid(x)) }, 9, 9}, {"SiLU", silu, siluSlope, 9, 9}, {"GELU", gelu, geluSlope, 9, 9}, {"HardSwish", hardSwish, hardSwishSlope, -3, 3}} {
		const h = 1.0 / 64
		for x := float32(-6); x < 6; x += 0.171 {
			if near := min(abs(x-f.kinkLow), abs(x-f.kinkTop)); near <= h {
				continue
			}
			got, want := f.df(x), (f.f(x+h)-f.f(x-h))/(2*h)
			if abs(got-want) > 2e-4 {
				t.Errorf("%s: derivative at %v is %v, want about %v", f.name, x, got, want)
			}
		}
	}
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
