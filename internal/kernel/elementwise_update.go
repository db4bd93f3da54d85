package kernel

import "math"

// The optimizers' updates. Every element is on its own, so that any division of
// the parameters among workers gives the same bits. Gradients are finite: the
// caller checks that before it updates anything.

// Averages that decay would otherwise end as subnormal numbers, which decay no
// further (0.9 times the smallest rounds to itself) and make arithmetic many
// times slower. Both limits are far below what moves a parameter.
const (
	tinyAverage  = 1e-30
	tinyVariance = 1e-36
)

// flushAverage returns 0 for m of a magnitude below tinyAverage.
func flushAverage(m float32) float32 {
	if m < tinyAverage && m > -tinyAverage {
		return 0
	}
	return m
}

// SGDConstants are the constants of one step of SGD and Momentum.
type SGDConstants struct {
	LearningRate float32
	Momentum     float32
	Decay        float32 // L2 weight decay, added to the gradient
	Nesterov     bool    // look ahead: step along momentum*b + g instead of b
}

// SGD does a step of gradient descent without momentum:
//
//	p = fma(-LearningRate, fma(Decay, p, g), p)
func SGD(p, g []float32, k *SGDConstants) {
	active.sgd(p[:len(g)], g, k.LearningRate, k.Decay)
}

func sgdGeneric(p, g []float32, rate, decay float32) {
	for i, gradient := range g {
		gradient = FMA32(decay, p[i], gradient)
		p[i] = FMA32(-rate, gradient, p[i])
	}
}

// Momentum does a step of gradient descent with momentum b:
//
//	g = fma(Decay, p, g)
//	b = fma(Momentum, b, g), 0 if |b| < 1e-30
//	p = fma(-LearningRate, b, p)                      without Nesterov
//	p = fma(-LearningRate, fma(Momentum, b, g), p)    with it
func Momentum(p, b, g []float32, k *SGDConstants) {
	step := active.momentum
	if k.Nesterov {
		step = active.nesterov
	}
	step(p[:len(g)], b[:len(g)], g, k.LearningRate, k.Momentum, k.Decay)
}

func momentumGeneric(p, b, g []float32, rate, momentum, decay float32) {
	for i, gradient := range g {
		gradient = FMA32(decay, p[i], gradient)
		b[i] = flushAverage(FMA32(momentum, b[i], gradient))
		p[i] = FMA32(-rate, b[i], p[i])
	}
}

func nesterovGeneric(p, b, g []float32, rate, momentum, decay float32) {
	for i, gradient := range g {
		gradient = FMA32(decay, p[i], gradient)
		b[i] = flushAverage(FMA32(momentum, b[i], gradient))
		p[i] = FMA32(-rate, FMA32(momentum, b[i], gradient), p[i])
	}
}

// AdamConstants are the constants of one step of Adam. Bias1 and Bias2 below
// are 1 - beta^t at step t.
type AdamConstants struct {
	Beta1, Rest1     float32 // decay of the average, and 1 - Beta1
	Beta2, Rest2     float32 // decay of the squares' average, and 1 - Beta2
	InverseDeviation float32 // 1/sqrt(Bias2)
	Epsilon          float32
	StepSize         float32 // learning rate / Bias1
	Decay            float32 // L2 weight decay, added to the gradient; 0 for AdamW
	Keep             float32 // 1 - learning rate * decoupled weight decay; 1 for Adam
}

// Adam does a step of Adam or AdamW:
//
//	g = fma(Decay, p, g)
//	m = fma(Beta1, m, Rest1*g), 0 if |m| < 1e-30
//	v = fma(g, Rest2*g, Beta2*v), 0 if v < 1e-36
//	d = fma(sqrt(v), InverseDeviation, Epsilon)
//	p = fma(-(m/d), StepSize, Keep*p)
func Adam(p, m, v, g []float32, k *AdamConstants) {
	active.adam(p[:len(g)], m[:len(g)], v[:len(g)], g, [9]float32{
		k.Beta1, k.Rest1, k.Beta2, k.Rest2, k.InverseDeviation, k.Epsilon, k.StepSize, k.Decay, k.Keep,
	})
}

// adamGeneric takes its constants in the order of AdamConstants.
func adamGeneric(p, m, v, g []float32, constants [9]float32) {
	beta1, rest1, beta2, rest2 := constants[0], constants[1], constants[2], constants[3]
	inverseDeviation, epsilon, stepSize := constants[4], constants[5], constants[6]
	decay, keep := constants[7], constants[8]
	for i, gradient := range g {
		gradient = FMA32(decay, p[i], gradient)
		average := flushAverage(FMA32(beta1, m[i], float32(rest1*gradient)))
		variance := FMA32(gradient, float32(rest2*gradient), float32(beta2*v[i]))
		if variance < tinyVariance {
			variance = 0
		}
		m[i], v[i] = average, variance
		d := FMA32(float32(math.Sqrt(float64(variance))), inverseDeviation, epsilon)
		p[i] = FMA32(-(average / d), stepSize, float32(keep*p[i]))
	}
}

// LionConstants are the constants of one step of Lion.
type LionConstants struct {
	LearningRate float32
	Beta1, Rest1 float32 // share of the average in the step's direction, and 1 - Beta1
	Beta2, Rest2 float32 // decay of the average, and 1 - Beta2
	Keep         float32 // 1 - learning rate * weight decay
}

// Lion does a step of Lion:
//
//	c = fma(Beta1, m, Rest1*g)
//	m = fma(Beta2, m, Rest2*g), 0 if |m| < 1e-30
//	p = Keep*p - LearningRate*sign(c), with sign(0) = 0
func Lion(p, m, g []float32, k *LionConstants) {
	active.lion(p[:len(g)], m[:len(g)], g, [6]float32{k.LearningRate, k.Beta1, k.Rest1, k.Beta2, k.Rest2, k.Keep})
}

// lionGeneric takes its constants in the order of LionConstants.
func lionGeneric(p, m, g []float32, constants [6]float32) {
	rate, beta1, rest1 := constants[0], constants[1], constants[2]
	beta2, rest2, keep := constants[3], constants[4], constants[5]
	for i, gradient := range g {
		c := FMA32(beta1, m[i], float32(rest1*gradient))
		m[i] = flushAverage(FMA32(beta2, m[i], float32(rest2*gradient)))
		step := float32(0)
		if c > 0 {
			step = rate
		}
		if c < 0 {
			step = -rate
		}
		p[i] = float32(keep*p[i]) - step
	}
}
