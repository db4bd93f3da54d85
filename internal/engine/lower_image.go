package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// lowerUpsample copies pixels: each row of an image once, and then the rows that
// repeat it.
func (c *compiler) lowerUpsample(n *nn.Node, l nn.Upsample) func() {
	x, y := c.input(n, 0), c.value(n)
	in, out := n.Inputs[0].Shape, n.Shape
	from, to := in.W*in.C, out.W*out.C
	c.emit(n.Name, func(w *worker, s span) {
		source, dst := x.of(w, s), y.of(w, s)
		for i := range s.count * out.H {
			row, above := i%out.H, dst[max(i-1, 0)*to:][:to]
			if row%l.Factor > 0 {
				copy(dst[i*to:][:to], above)
				continue
			}
			repeatPixels(dst[i*to:][:to], source[(i/out.H*in.H+row/l.Factor)*from:], l.Factor, out.C)
		}
	}, x, y)
	return func() { c.upsampleGradient(n, l.Factor) }
}

// repeatPixels writes a row of pixels of some channels, each of them factor times.
func repeatPixels(dst, x []float32, factor, channels int) {
	for at := 0; at < len(dst); at += channels {
		copy(dst[at:][:channels], x[at/channels/factor*channels:])
	}
}

// upsampleGradient emits the sum over the pixels that repeat one: a depthwise
// convolution with weights of 1.
func (c *compiler) upsampleGradient(n *nn.Node, factor int) {
	dx, dy := c.inputGradient(n, 0), c.gradients[n.Index]
	in, out, taps := n.Inputs[0].Shape, n.Shape, factor*factor
	offsets := make([]int32, 0, in.H*in.W*taps)
	for pixel := range in.H * in.W {
		for tap := range taps {
			y, x := pixel/in.W*factor+tap/factor, pixel%in.W*factor+tap%factor
			if y < out.H && x < out.W {
				offsets = append(offsets, int32((y*out.W+x)*out.C))
			} else {
				offsets = append(offsets, -1)
			}
		}
	}
	ones := alignedFloats(taps * in.C)
	for i := range ones {
		ones[i] = 1
	}
	accumulate := begin(dx)
	c.emit(n.Name+" gradient", func(w *worker, s span) {
		to, from := dx.of(w, s), dy.of(w, s)
		for i := range s.count {
			d := kernel.Depthwise{
				Dst: to[i*dx.size:][:dx.size], A: from[i*dy.size:][:dy.size], Offsets: offsets, W: ones,
				Rows: in.H * in.W, Taps: taps, Channels: in.C, Accumulate: accumulate,
			}
			d.Convolve()
		}
	}, dx, dy)
}

// lowerScale multiplies by a constant, in place where that may be, and so does its
// gradient.
func (c *compiler) lowerScale(n *nn.Node, l nn.Scale) func() {
	multiply := func(y, x []float32) {
		copy(y, x)
		kernel.Scale(y, l.Factor)
	}
	c.emitPointwise(n.Name, n.Shape, multiply, c.inPlace(n, 0), c.input(n, 0))
	return func() {
		dy := c.gradients[n.Index]
		c.transform(n, func(dx *tensor) {
			c.emit(n.Name+" gradient", func(w *worker, s span) { multiply(dx.of(w, s), dy.of(w, s)) }, dx, dy)
		})
	}
}

// lowerMeanSquaredError compares two tensors, image by image.
func (c *compiler) lowerMeanSquaredError(n *nn.Node) func() {
	a, b, y := c.input(n, 0), c.input(n, 1), c.value(n)
	c.emit(n.Name, func(w *worker, s span) {
		one, other, out := a.of(w, s), b.of(w, s), y.of(w, s)
		for i := range out {
			out[i] = kernel.SquaredDistance(one[i*a.size:][:a.size], other[i*b.size:][:b.size]) / float32(a.size)
		}
	}, a, b, y)
	return func() {
		c.distanceGradient(n, 0, 1)
		c.distanceGradient(n, 1, 0)
	}
}

// distanceGradient emits the gradient of a mean squared error with respect to one of
// its inputs: (to - from) * (2*dy / number of values).
func (c *compiler) distanceGradient(n *nn.Node, to, from int) {
	dx := c.inputGradient(n, to)
	if dx == nil {
		return
	}
	a, b, dy := c.inputAgain(n, to), c.inputAgain(n, from), c.gradients[n.Index]
	c.contribute(dx, func(dst *tensor) {
		c.emit(n.Name+" gradient", func(w *worker, s span) {
			d, one, other, out := dst.of(w, s), a.of(w, s), b.of(w, s), dy.of(w, s)
			copy(d, one)
			kernel.Axpy(d, other, -1)
			for i := range out {
				kernel.Scale(d[i*a.size:][:a.size], float32(2*out[i])/float32(a.size))
			}
		}, dst, a, b, dy)
	})
}
