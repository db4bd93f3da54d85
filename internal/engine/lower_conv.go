package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// conv is what the operations of one convolution share.
type conv struct {
	window
	layer    nn.Conv2D
	node     *nn.Node
	weight   []float32 // [taps, in/groups, out]
	bias     []float32 // [out] or nil
	gathered []int32   // [out pixels, taps]
}

// inPerGroup and outPerGroup are the channels that one group reads and writes.
func (v *conv) inPerGroup() int  { return v.in.C / v.layer.Groups }
func (v *conv) outPerGroup() int { return v.out.C / v.layer.Groups }

// depthwise says that every channel is a group of its own.
func (v *conv) depthwise() bool { return v.inPerGroup() == 1 && v.outPerGroup() == 1 }

func (c *compiler) lowerConv(n *nn.Node, l nn.Conv2D) func() {
	v := &conv{window: windowOf(n, l.Kernel, l.Stride, l.Padding), layer: l, node: n}
	v.gathered = v.gather()
	v.weight, v.bias = c.weightAndBias(n)
	x, y := c.input(n, 0), c.value(n)
	run := v.multiply
	if v.depthwise() {
		run = v.multiplyDepthwise
	}
	c.emit(n.Name, func(w *worker, s span) {
		in, out := x.of(w, s), y.of(w, s)
		for i := range s.count {
			run(out[i*y.size:][:y.size], in[i*x.size:][:x.size])
		}
	}, x, y)
	return func() { c.convBackward(n, v) }
}

// multiply computes one image's convolution group by group.
func (v *conv) multiply(y, x []float32) {
	for g := range v.layer.Groups {
		in, out := g*v.inPerGroup(), g*v.outPerGroup()
		product := kernel.Product{
			Dst: y[out:], DstStride: v.out.C, A: x[in:], Offsets: v.gathered,
			B: v.weight[out:], BStride: v.out.C, Rows: v.outPixels(),
			Taps: v.taps(), K: v.inPerGroup(), N: v.outPerGroup(),
		}
		if v.bias != nil {
			product.Bias = v.bias[out:]
		}
		product.Gather()
	}
}

func (v *conv) multiplyDepthwise(y, x []float32) {
	d := kernel.Depthwise{
		Dst: y, A: x, Offsets: v.gathered, W: v.weight, Bias: v.bias,
		Rows: v.outPixels(), Taps: v.taps(), Channels: v.out.C,
	}
	d.Convolve()
}

func (c *compiler) convBackward(n *nn.Node, v *conv) {
	if c.trains(n.Params[0]) {
		c.convWeightGradient(n, v)
	}
	if len(n.Params) > 1 && c.trains(n.Params[1]) {
		c.biasGradient(n)
	}
	if dx := c.inputGradient(n, 0); dx != nil {
		if v.depthwise() {
			c.depthwiseDataGradient(n, v, dx)
		} else {
			c.convDataGradient(n, v, dx)
		}
	}
}

// biasGradient adds a layer's output gradient, pixel by pixel, to its bias's.
func (c *compiler) biasGradient(n *nn.Node) {
	dy, slot, channels := c.gradients[n.Index], c.slots.gradientOf(n.Params[1]), n.Shape.C
	c.emit(n.Name+" bias gradient", func(w *worker, s span) {
		rows := s.count * dy.size / channels
		kernel.ColumnSum(c.slots.at(s, slot, channels), dy.of(w, s), rows, channels)
	}, dy)
}

func (c *compiler) convWeightGradient(n *nn.Node, v *conv) {
	x, dy, slot := c.inputAgain(n, 0), c.gradients[n.Index], c.slots.gradientOf(n.Params[0])
	byTap := v.byTap(v.gathered)
	c.emit(n.Name+" weight gradient", func(w *worker, s span) {
		dw := c.slots.at(s, slot, len(v.weight))
		in, out := x.of(w, s), dy.of(w, s)
		for i := range s.count {
			image, gradient := in[i*x.size:][:x.size], out[i*dy.size:][:dy.size]
			if v.depthwise() {
				kernel.DepthwiseGradient(dw, image, gradient, v.gathered, v.outPixels(), v.taps(), v.out.C)
			} else {
				v.weightGradient(dw, image, gradient, byTap)
			}
		}
	}, x, dy)
}

// fewChannels is the number of input channels below which the gradients of all
// taps of one channel are formed at once, instead of those of all channels of
// one tap. It is free of the contract: every chain is the same.
const fewChannels = 5

// weightGradient adds one image's part to the weights' gradient.
func (v *conv) weightGradient(dw, x, dy []float32, byTap []int32) {
	if v.inPerGroup() < fewChannels {
		v.narrowWeightGradient(dw, x, dy, byTap)
		return
	}
	for tap := range v.taps() {
		for g := range v.layer.Groups {
			in, out := g*v.inPerGroup(), g*v.outPerGroup()
			outer := kernel.Outer{
				Dst: dw[tap*v.inPerGroup()*v.out.C+out:], DstStride: v.out.C,
				A: x[in:], Offsets: byTap[tap*v.outPixels():][:v.outPixels()],
				B: dy[out:], BStride: v.out.C,
				M: v.inPerGroup(), N: v.outPerGroup(), Accumulate: true,
			}
			outer.Sum()
		}
	}
}

// narrowWeightGradient is weightGradient for few input channels: a product whose
// rows are the taps and whose reduction index is the output pixel.
func (v *conv) narrowWeightGradient(dw, x, dy []float32, byTap []int32) {
	in := v.inPerGroup()
	for g := range v.layer.Groups {
		for i := range in {
			product := kernel.Product{
				Dst: dw[i*v.out.C+g*v.outPerGroup():], DstStride: in * v.out.C, A: x[g*in+i:], Offsets: byTap,
				B: dy[g*v.outPerGroup():], BStride: v.out.C, Rows: v.taps(), Taps: v.outPixels(),
				K: 1, N: v.outPerGroup(), Accumulate: true,
			}
			product.Gather()
		}
	}
}

// dataPhase is the part of a convolution's weights that one phase of the stride
// needs for the gradient of the input, turned around: [groups, taps, out/groups,
// in/groups].
type dataPhase struct {
	taps    []int
	weights []float32
}

func (c *compiler) convDataGradient(n *nn.Node, v *conv, dx *tensor) {
	runs := v.scatter()
	phases := make([]*dataPhase, v.stride*v.stride)
	for _, run := range runs {
		if phases[run.phase] == nil {
			size := len(run.taps) * v.inPerGroup() * v.out.C
			phases[run.phase] = &dataPhase{run.taps, alignedFloats(size)}
		}
	}
	for _, phase := range phases {
		if phase != nil {
			c.prepare(n.Name+" turned weights", func() { v.turn(phase) })
		}
	}
	dy, accumulate := c.gradients[n.Index], begin(dx)
	c.emit(n.Name+" data gradient", func(w *worker, s span) {
		in, out := dx.of(w, s), dy.of(w, s)
		for i := range s.count {
			for _, run := range runs {
				v.dataGradient(in[i*dx.size:][:dx.size], out[i*dy.size:][:dy.size], run, phases[run.phase].weights, accumulate)
			}
		}
	}, dx, dy)
}

// turn copies the weights of a phase so that output channels are the reduction
// index.
func (v *conv) turn(phase *dataPhase) {
	in, out := v.inPerGroup(), v.outPerGroup()
	at := 0
	for g := range v.layer.Groups {
		for _, tap := range phase.taps {
			for o := range out {
				for i := range in {
					phase.weights[at] = v.weight[(tap*in+i)*v.out.C+g*out+o]
					at++
				}
			}
		}
	}
}

// dataGradient computes the gradient of one run of input pixels.
func (v *conv) dataGradient(dx, dy []float32, run scatterRow, turned []float32, accumulate bool) {
	in, out := v.inPerGroup(), v.outPerGroup()
	for g := range v.layer.Groups {
		product := kernel.Product{
			Dst: dx[run.dst+g*in:], DstStride: run.step, A: dy[g*out:], Offsets: run.offsets,
			B: turned[g*len(run.taps)*out*in:], BStride: in, Rows: run.rows,
			Taps: len(run.taps), K: out, N: in, Accumulate: accumulate,
		}
		product.Gather()
	}
}

// depthwiseDataGradient is convDataGradient with one channel to a group. Strides
// leave taps without an output pixel; they take part as zeros.
func (c *compiler) depthwiseDataGradient(n *nn.Node, v *conv, dx *tensor) {
	taps, channels := v.taps(), v.in.C
	offsets := make([]int32, 0, v.in.H*v.in.W*taps)
	for pixel := range v.in.H * v.in.W {
		for tap := taps - 1; tap >= 0; tap-- {
			offsets = append(offsets, v.alignedOutputAt(pixel/v.in.W, pixel%v.in.W, tap))
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

// alignedOutputAt is outputAt for any tap: -1 where the tap does not fall on the
// stride's grid.
func (g window) alignedOutputAt(y, x, tap int) int32 {
	if (y+g.padding-tap/g.kernel)%g.stride != 0 || (x+g.padding-tap%g.kernel)%g.stride != 0 {
		return -1
	}
	return g.outputAt(y, x, tap)
}
