package head

import (
	"context"
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

const (
	// pairs is how many steps are remembered.
	pairs = 10
	// sufficient and curvature are the constants of the weak Wolfe conditions.
	sufficient = 1e-4
	curvature  = 0.9
	// slack is how far the objective may rise by rounding, relative to it: that of
	// float32 in the losses of rows.
	slack = 0x1p-20
	// trials is how many points of a line are evaluated.
	trials = 30
	// leastCosine is that of a step and of the change of the gradient along it, below
	// which the pair says nothing.
	leastCosine = 0x1p-26
)

// pair is a step of the minimiser, and what the gradient changed by along it.
type pair struct {
	step, change []float64
	product      float64 // of the two
}

// minimizer minimises an objective with a penalty by L-BFGS.
type minimizer struct {
	*objective
	penalty  float64
	value    float64   // of the objective, with the penalty
	w        []float32 // where it is
	gradient []float64
	pairs    []pair // the oldest first

	direction, nextGradient []float64
	next                    []float32
	evaluations             int
	stepped                 func(steps int, norm float64) // if not nil, is told of each step
}

func newMinimizer(o *objective) *minimizer {
	n := o.parameters()
	return &minimizer{
		objective: o, w: make([]float32, n), gradient: make([]float64, n),
		direction: make([]float64, n), next: make([]float32, n), nextGradient: make([]float64, n),
	}
}

// evaluate computes value and gradient at w.
func (m *minimizer) evaluate(ctx context.Context, w []float32, gradient []float64) (float64, error) {
	m.evaluations++
	value, err := m.at(ctx, w, gradient)
	if err != nil {
		return 0, err
	}
	var squares kernel.Lanes64
	for i, v := range w[:m.k*m.d] {
		squares.Add(i, float64(float64(v)*float64(v))) // exact
		gradient[i] += float64(m.penalty * float64(v))
	}
	return value + float64(float64(m.penalty/2)*squares.Total()), nil
}

// minimize goes on from where the minimiser is until the norm of the gradient is at most
// target, for so many steps. It returns how many it took and whether it got there.
func (m *minimizer) minimize(ctx context.Context, penalty, target float64, most int) (steps int, converged bool, err error) {
	m.changePenalty(penalty)
	if m.value, err = m.evaluate(ctx, m.w, m.gradient); err != nil {
		return 0, false, err
	}
	for {
		length := norm(m.gradient)
		if m.stepped != nil {
			m.stepped(steps, length)
		}
		if !(length > target) {
			return steps, true, nil
		}
		if steps == most {
			return steps, false, nil
		}
		slope := m.aim()
		found, err := m.search(ctx, slope)
		switch {
		case err != nil:
			return steps, false, err
		case found:
			steps++
		case len(m.pairs) == 0:
			return steps, false, nil
		default:
			m.pairs = nil
		}
	}
}

// changePenalty keeps the pairs: the gradient of the penalty changes along a step by the
// penalty times the step.
func (m *minimizer) changePenalty(penalty float64) {
	by := penalty - m.penalty
	m.penalty = penalty
	kept := m.pairs[:0]
	for _, p := range m.pairs {
		for i, s := range p.step[:m.k*m.d] {
			p.change[i] += float64(by * s)
		}
		if p.measure() {
			kept = append(kept, p)
		}
	}
	m.pairs = kept
}

// measure computes the product of a pair, and says whether it can be used.
func (p *pair) measure() bool {
	p.product = dot(p.step, p.change)
	return p.product > leastCosine*norm(p.step)*norm(p.change)
}

// aim sets the direction by the two loops of L-BFGS, and returns the slope along it,
// which is below 0. Without pairs it is the gradient's, with a step that no curvature of
// the objective makes too long.
func (m *minimizer) aim() (slope float64) {
	d := m.direction
	for i, g := range m.gradient {
		d[i] = -g
	}
	var factors [pairs]float64
	for j := len(m.pairs) - 1; j >= 0; j-- {
		p := &m.pairs[j]
		factors[j] = dot(p.step, d) / p.product
		addScaled(d, p.change, -factors[j])
	}
	scale := 1 / (m.penalty + float64(float64(m.d)/2))
	if n := len(m.pairs); n > 0 {
		last := &m.pairs[n-1]
		scale = last.product / dot(last.change, last.change)
	}
	for i := range d {
		d[i] *= scale
	}
	for j := range m.pairs {
		p := &m.pairs[j]
		addScaled(d, p.step, factors[j]-dot(p.change, d)/p.product)
	}
	slope = dot(d, m.gradient)
	if slope >= 0 && len(m.pairs) > 0 {
		m.pairs = nil
		return m.aim()
	}
	return slope
}

// search goes along the direction to a point that meets the weak Wolfe conditions, and
// says whether it found one that lowers the objective, rounding aside.
func (m *minimizer) search(ctx context.Context, slope float64) (found bool, err error) {
	low, high, length := 0.0, math.Inf(1), 1.0
	for range trials {
		if !m.advance(length) {
			return false, nil
		}
		value, err := m.evaluate(ctx, m.next, m.nextGradient)
		if err != nil {
			return false, err
		}
		switch bound := m.value + float64(sufficient*length*slope) + float64(slack*math.Abs(m.value)); {
		case !(value <= bound): // or NaN
			high = length
		case dot(m.nextGradient, m.direction) < curvature*slope:
			low = length
		default:
			m.take(value)
			return true, nil
		}
		if length *= 2; high < math.Inf(1) {
			length = (low + high) / 2
		}
	}
	return false, nil
}

// advance sets the next point, in float32, and says whether it is another one.
func (m *minimizer) advance(length float64) bool {
	moved := false
	for i, d := range m.direction {
		m.next[i] = float32(float64(m.w[i]) + float64(length*d))
		moved = moved || m.next[i] != m.w[i]
	}
	return moved
}

// take makes the next point the one where the minimiser is, and remembers the step.
func (m *minimizer) take(value float64) {
	var p pair
	if len(m.pairs) == pairs {
		p = m.pairs[0]
		m.pairs = append(m.pairs[:0], m.pairs[1:]...)
	} else {
		p = pair{step: make([]float64, len(m.w)), change: make([]float64, len(m.w))}
	}
	for i := range m.w {
		p.step[i] = float64(m.next[i]) - float64(m.w[i])
		p.change[i] = m.nextGradient[i] - m.gradient[i]
	}
	if p.measure() {
		m.pairs = append(m.pairs, p)
	}
	m.value = value
	m.w, m.next = m.next, m.w
	m.gradient, m.nextGradient = m.nextGradient, m.gradient
}

// dot is the sum of a[i]*b[i], each product rounded, in 16 lanes.
func dot(a, b []float64) float64 {
	var sum kernel.Lanes64
	b = b[:len(a)]
	for len(a) >= len(sum) {
		x, y := (*kernel.Lanes64)(a), (*kernel.Lanes64)(b)
		for j := range sum {
			sum[j] += float64(x[j] * y[j])
		}
		a, b = a[len(sum):], b[len(sum):]
	}
	for j := range a {
		sum[j] += float64(a[j] * b[j])
	}
	return sum.Total()
}

// norm is the Euclidean norm.
func norm(a []float64) float64 { return math.Sqrt(dot(a, a)) }

// addScaled adds b times a factor to a.
func addScaled(a, b []float64, factor float64) {
	b = b[:len(a)]
	for i := range a {
		a[i] += float64(b[i] * factor)
	}
}
