package interpreter

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// prepareCast turns bytes into floats.
func prepareCast(c *call) (*tensor, func(), error) {
	to, err := c.int("to", 0)
	if err != nil {
		return nil, nil, err
	}
	in := c.in[0]
	if ElemType(to) != Float || in.kind != Uint8 && in.kind != Float {
		return nil, nil, fmt.Errorf("it casts element type %d to %d, supported is UINT8 (2) to FLOAT (1)", in.kind, to)
	}
	if in.kind == Float {
		return c.same(in, in.shape), nil, nil
	}
	out, err := c.make(in.shape...)
	if err != nil {
		return nil, nil, err
	}
	return out, func() {
		for i, v := range in.u {
			out.f[i] = float32(v)
		}
	}, nil
}

func prepareIdentity(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil || !in.constant {
		return c.same(c.in[0], c.in[0].shape), nil, err
	}
	out, err := c.make(in.shape...)
	if err != nil {
		return nil, nil, err
	}
	return out, func() { copy(out.f, in.f) }, nil
}

// unary applies a function to each element.
func unary(f func(float32) float32) func(*call) (*tensor, func(), error) {
	return func(c *call) (*tensor, func(), error) { return c.each(f) }
}

func (c *call) each(f func(float32) float32) (*tensor, func(), error) {
	return c.all(func(out, in []float32) {
		for i, x := range in {
			out[i] = f(x)
		}
	})
}

// all applies a function to a value as a whole.
func (c *call) all(f func(out, in []float32)) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	out, err := c.make(in.shape...)
	if err != nil {
		return nil, nil, err
	}
	return out, func() { f(out.f[:len(in.f)], in.f) }, nil
}

func relu(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

// hardSwish is x * max(0, min(1, x/6 + 1/2)).
func hardSwish(x float32) float32 {
	return float32(float64(x) * max(0, min(1, float64(x)/6+0.5)))
}

func prepareHardSigmoid(c *call) (*tensor, func(), error) {
	alpha, err := c.float("alpha", 0.2)
	beta, err2 := c.float("beta", 0.5)
	if err := errors.Join(err, err2); err != nil {
		return nil, nil, err
	}
	return c.each(func(x float32) float32 {
		return float32(max(0, min(1, float64(float64(alpha)*float64(x))+float64(beta))))
	})
}

func prepareClip(c *call) (*tensor, func(), error) {
	bounds := [2]float32{-math.MaxFloat32, math.MaxFloat32}
	for i := range bounds {
		if !c.has(i + 1) {
			continue
		}
		t, err := c.fixed(i+1, 0)
		if err != nil {
			return nil, nil, err
		}
		bounds[i] = t.f[0]
	}
	return c.all(func(out, in []float32) { clip(out, in, bounds[0], bounds[1]) })
}

// clipGo keeps values from low to high; a NaN stays one.
func clipGo(out, in []float32, low, high float32) {
	for i, x := range in {
		if x < low {
			x = low
		}
		if x > high {
			x = high
		}
		out[i] = x
	}
}

// scaleGo is float64 arithmetic, rounded to float32 in the end.
func scaleGo(out, in []float32, factor, offset float64) {
	out = out[:len(in)]
	for i, x := range in {
		out[i] = float32(float64(float64(x)*factor) + offset)
	}
}

// along are parallel runs over two values and their result: n elements, in steps of sa
// and sb.
type along func(out, a, b []float32, sa, sb int)

func add(out, a, b []float32, sa, sb int) {
	for i := range out {
		out[i] = a[i*sa] + b[i*sb]
	}
}

func subtract(out, a, b []float32, sa, sb int) {
	for i := range out {
		out[i] = a[i*sa] - b[i*sb]
	}
}

func multiply(out, a, b []float32, sa, sb int) {
	for i := range out {
		out[i] = a[i*sa] * b[i*sb]
	}
}

func divide(out, a, b []float32, sa, sb int) {
	for i := range out {
		out[i] = a[i*sa] / b[i*sb]
	}
}

// pairwise applies an operation to elements of two values, whose shapes are broadcast as
// docs/Broadcasting.md has it: aligned at the last axis, and of size 1 or the same.
func pairwise(run along) func(*call) (*tensor, func(), error) {
	return func(c *call) (*tensor, func(), error) {
		a, err := c.floats(0)
		if err != nil {
			return nil, nil, err
		}
		b, err := c.floats(1)
		if err != nil {
			return nil, nil, err
		}
		axes, shape, err := broadcast(a.shape, b.shape)
		if err != nil {
			return nil, nil, err
		}
		out, err := c.make(shape...)
		if err != nil {
			return nil, nil, err
		}
		return out, func() { runAxes(run, out.f, a.f, b.f, axes) }, nil
	}
}

// broadcastAxis is an axis of a result, with the steps of both values along it.
type broadcastAxis struct{ size, sa, sb int }

// broadcast returns the shape of a result, and its axes, of which those that can be run
// through at once are one.
func broadcast(a, b []int) ([]broadcastAxis, []int, error) {
	rank := max(len(a), len(b))
	wide := func(s []int) []int { return append(slices.Repeat([]int{1}, rank-len(s)), s...) }
	wa, wb := wide(a), wide(b)
	sa, sb := strides(wa), strides(wb)
	shape, axes := make([]int, rank), []broadcastAxis{{1, 0, 0}}
	for i := range rank {
		if wa[i] != wb[i] && wa[i] != 1 && wb[i] != 1 {
			return nil, nil, fmt.Errorf("shapes %v and %v cannot be broadcast", a, b)
		}
		shape[i] = max(wa[i], wb[i])
		axis := broadcastAxis{shape[i], sa[i], sb[i]}
		if wa[i] == 1 {
			axis.sa = 0
		}
		if wb[i] == 1 {
			axis.sb = 0
		}
		last := &axes[len(axes)-1]
		switch {
		case axis.size == 1:
		case last.size == 1:
			*last = axis
		case last.sa == axis.sa*axis.size && last.sb == axis.sb*axis.size:
			*last = broadcastAxis{last.size * axis.size, axis.sa, axis.sb}
		default:
			axes = append(axes, axis)
		}
	}
	return axes, shape, nil
}

func runAxes(run along, out, a, b []float32, axes []broadcastAxis) {
	axis := axes[0]
	if len(axes) == 1 {
		run(out[:axis.size], a, b, axis.sa, axis.sb)
		return
	}
	step := len(out) / axis.size
	for i := range axis.size {
		runAxes(run, out[i*step:(i+1)*step], a[i*axis.sa:], b[i*axis.sb:], axes[1:])
	}
}

// prepareSoftmax normalises along one axis.
func prepareSoftmax(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	axis, err := c.int("axis", -1)
	if err != nil {
		return nil, nil, err
	}
	at, err := axisOf(axis, len(in.shape))
	if err != nil {
		return nil, nil, err
	}
	out, err := c.make(in.shape...)
	if err != nil {
		return nil, nil, err
	}
	size, step := in.shape[at], product(in.shape[at+1:])
	return out, func() {
		for row := range len(in.f) / size {
			first := row/step*step*size + row%step
			softmax(out.f[first:], in.f[first:], size, step)
		}
	}, nil
}

// softmax is e^(x-m) over its sum, for n values that are step apart, with m the largest.
func softmax(to, x []float32, n, step int) {
	largest, sum := x[0], 0.0
	for i := range n {
		largest = max(largest, x[i*step])
	}
	for i := range n {
		sum += exp(float64(x[i*step]) - float64(largest))
	}
	for i := range n {
		to[i*step] = float32(exp(float64(x[i*step])-float64(largest)) / sum)
	}
}
