package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// lowerDepthwise lowers a convolution whose channels do not see each other.
func (c *compiler) lowerDepthwise(n *nn.Node, v *conv) func() {
	offsets := v.gather()
	x, y := c.input(n, 0), c.value(n)
	worth := v.outPixels()*len(v.weight) >= worthMultiplyAdds
	c.emitDivisible(n.Name, v.outPixels(), worth, func(w *worker, s span, h share) {
		in, out := x.of(w, s), y.of(w, s)
		first, last := h.of(v.outPixels())
		for i := range s.count {
			d := kernel.Depthwise{
				Dst: out[i*y.size+first*v.out.C:], A: in[i*x.size:][:x.size], Offsets: offsets[first*v.taps():], W: v.weight, Bias: v.bias,
				Rows: last - first, Taps: v.taps(), Channels: v.out.C,
			}
			d.Convolve()
		}
	}, x, y)
	return func() {
		if c.trains(n.Params[0]) {
			c.depthwiseWeightGradient(n, v, offsets)
		}
		if len(n.Params) > 1 && c.trains(n.Params[1]) {
			c.biasGradient(n)
		}
		if dx := c.inputGradient(n, 0); dx != nil {
			c.depthwiseDataGradient(n, v, dx)
		}
	}
}

func (c *compiler) depthwiseWeightGradient(n *nn.Node, v *conv, offsets []int32) {
	x, dy, slot := c.inputAgain(n, 0), c.gradients[n.Index], c.slots.gradientOf(n.Params[0])
	c.emitOrdered(n.Name+" weight gradient", func(w *worker, s span) {
		dw := c.slots.begin(s, slot, len(v.weight))
		in, out := x.of(w, s), dy.of(w, s)
		for i := range s.count {
			kernel.DepthwiseGradient(dw, in[i*x.size:][:x.size], out[i*dy.size:][:dy.size], offsets, v.outPixels(), v.taps(), v.out.C)
		}
	}, x, dy)
}

// depthwiseDataGradient emits the gradient of the input, which is a depthwise
// convolution too. Strides leave taps without an output pixel; they take part as
// zeros.
func (c *compiler) depthwiseDataGradient(n *nn.Node, v *conv, dx *tensor) {
	taps, channels := v.taps(), v.in.C
	offsets := make([]int32, 0, v.in.H*v.in.W*taps)
	for pixel := range v.in.H * v.in.W {
		for tap := taps - 1; tap >= 0; tap-- {
			offsets = append(offsets, v.outputAt(pixel/v.in.W, pixel%v.in.W, tap))
		}
	}
	turned := alignedFloats(len(v.weight))
	c.prepare(n.Name+" turned weights", func() {
		for t := range taps {
			copy(turned[t*channels:][:channels], v.weight[(taps-1-t)*channels:])
		}
	})
	dy, accumulate := c.gradients[n.Index], begin(dx)
	c.emit(n.Name+" data gradient", func(w *worker, s span) {
		in, out := dx.of(w, s), dy.of(w, s)
		for i := range s.count {
			d := kernel.Depthwise{
				Dst: in[i*dx.size:][:dx.size], A: out[i*dy.size:][:dy.size], Offsets: offsets, W: turned,
				Rows: v.in.H * v.in.W, Taps: taps, Channels: channels, Accumulate: accumulate,
			}
			d.Convolve()
		}
	}, dx, dy)
}
