package engine

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// lowerInput turns the bytes of the images into float32 numbers.
func (c *compiler) lowerInput(n *nn.Node) {
	y := c.value(n)
	c.emit(n.Name, func(w *worker, s span) {
		kernel.FromBytes(y.of(w, s), w.plan.images[s.first*y.size:][:s.count*y.size])
	}, y)
}

// lowerNormalize scales and shifts rows of an image at once: the channels of a single
// pixel would not fill a vector.
func (c *compiler) lowerNormalize(n *nn.Node) func() {
	x, y := c.input(n, 0), c.value(n)
	scale, offset := c.params.Of(n.Params[0]), c.params.Of(n.Params[1])
	var scales, offsets []float32 // of a row's pixels
	c.refresh(func() {
		scales, offsets = scales[:0], offsets[:0]
		for range n.Shape.W {
			scales, offsets = append(scales, scale...), append(offsets, offset...)
		}
	})
	c.emit(n.Name, func(w *worker, s span) { kernel.ScaleShift(y.of(w, s), x.of(w, s), scales, offsets) }, x, y)
	return func() { c.scaleGradient(n, scale) }
}

// pointwise is the pair of kernels of an activation. The gradient sees the
// input, or the output where that is enough.
type pointwise struct {
	forward    func(dst, x []float32)
	gradient   func(dx, dy, seen []float32)
	seesOutput bool
	cheap      bool // to compute again
}

func pointwiseOf(f nn.Function) (pointwise, error) {
	switch f {
	case nn.ReLU:
		return pointwise{kernel.ReLU, kernel.ReLUGradient, true, true}, nil
	case nn.ReLU6:
		return pointwise{kernel.ReLU6, kernel.ReLU6Gradient, true, true}, nil
	case nn.HardSwish:
		return pointwise{kernel.HardSwish, kernel.HardSwishGradient, false, false}, nil
	case nn.Sigmoid:
		return pointwise{kernel.Sigmoid, kernel.SigmoidGradient, true, false}, nil
	case nn.SiLU:
		return pointwise{kernel.SiLU, kernel.SiLUGradient, false, false}, nil
	case nn.GELU:
		return pointwise{kernel.GELU, kernel.GELUGradient, false, false}, nil
	}
	return pointwise{}, fmt.Errorf("the engine has no kernels for the function %q", f)
}

func (c *compiler) lowerActivation(n *nn.Node, l nn.Activation) (func(), error) {
	f, err := pointwiseOf(l.Function)
	if err != nil {
		return nil, err
	}
	x := c.input(n, 0)
	if c.pooled(n) != nil {
		c.values[n.Index] = x
		return func() { c.copyGradient(n, 0) }, nil
	}
	var y *tensor
	if f.seesOutput || !c.training {
		y = c.inPlace(n, 0)
	} else {
		y = c.value(n)
	}
	c.emitPointwise(n.Name, n.Shape, f.forward, y, x)
	if f.cheap && c.again[n.Inputs[0].Index] != nil {
		c.repeat(n, n, func(name string, x, y *tensor) { c.emitPointwise(name, n.Shape, f.forward, y, x) })
	}
	return func() {
		dy, sees := c.gradients[n.Index], n.Inputs[0]
		if f.seesOutput {
			sees = n
		}
		seen := c.outputAgain(sees)
		c.transform(n, func(dx *tensor) {
			c.emit(n.Name+" gradient", func(w *worker, s span) { f.gradient(dx.of(w, s), dy.of(w, s), seen.of(w, s)) }, dx, dy, seen)
		})
	}, nil
}

// pooled returns the max-pooling that is done before an activation instead of after
// it, because that is the activation's only use: the largest of the results is the
// result of the largest, of fewer values.
func (c *compiler) pooled(n *nn.Node) *nn.Node {
	l, _ := n.Layer.(nn.Activation)
	if l.Function != nn.ReLU && l.Function != nn.ReLU6 || len(c.users[n.Index]) != 1 {
		return nil
	}
	user := c.users[n.Index][0]
	if _, is := user.Layer.(nn.MaxPool); !is {
		return nil
	}
	return user
}

// lowerDropout masks while training; otherwise the output is the input.
func (c *compiler) lowerDropout(n *nn.Node, l nn.Dropout) func() {
	x := c.input(n, 0)
	if !c.training || l.Rate == 0 {
		c.values[n.Index] = x
		return func() { c.copyGradient(n, 0) }
	}
	y, keep := c.inPlace(n, 0), &tensor{size: (x.size + 7) / 8, bytes: true}
	key, step, lane := c.dropout, c.step, uint32(c.dropouts)
	c.dropouts++
	threshold, scale := uint16(l.Rate*(1<<16)), 1/(1-l.Rate)
	mask := func(to, from []float32, bits []uint8, examples int) {
		for i := range examples {
			kernel.Mask(to[i*x.size:][:x.size], from[i*x.size:][:x.size], bits[i*keep.size:][:keep.size], scale)
		}
	}
	c.emit(n.Name, func(w *worker, s span) {
		bits := keep.bytesOf(w, s)
		for i := range s.count {
			key.Keep(bits[i*keep.size:][:keep.size], step.position+uint32(s.first+i), step.epoch, lane, threshold)
		}
		mask(y.of(w, s), x.of(w, s), bits, s.count)
	}, x, y, keep)
	return func() {
		dy := c.gradients[n.Index]
		c.transform(n, func(dx *tensor) {
			c.emit(n.Name+" gradient", func(w *worker, s span) {
				mask(dx.of(w, s), dy.of(w, s), keep.bytesOf(w, s), s.count)
			}, dx, dy, keep)
		})
	}
}

// copyGradient passes a node's gradient on to its i-th input unchanged.
func (c *compiler) copyGradient(n *nn.Node, i int) {
	dx, dy := c.inputGradient(n, i), c.gradients[n.Index]
	switch {
	case dx == nil || dx == dy:
	case begin(dx):
		c.emit(n.Name+" gradient", func(w *worker, s span) { kernel.Add(dx.of(w, s), dy.of(w, s)) }, dx, dy)
	default:
		c.emit(n.Name+" gradient", func(w *worker, s span) { copy(dx.of(w, s), dy.of(w, s)) }, dx, dy)
	}
}

// lowerAdd adds the other inputs to the first, in place where that may be.
func (c *compiler) lowerAdd(n *nn.Node) func() {
	first := c.input(n, 0)
	y := c.inPlace(n, 0)
	if y != first {
		c.emitPointwise(n.Name, n.Shape, func(to, from []float32) { copy(to, from) }, y, first)
	}
	for i := range n.Inputs[1:] {
		x := c.input(n, i+1)
		c.emitPointwise(n.Name, n.Shape, kernel.Add, y, x)
	}
	return func() {
		for i := range n.Inputs {
			c.copyGradient(n, i)
		}
	}
}

// strided applies f to the run of channels [at,at+width) of every pixel of wide
// and to the pixels of narrow, which has width channels.
func strided(wide, narrow []float32, channels, at, width int, f func(wide, narrow []float32)) {
	for p := range len(narrow) / width {
		f(wide[p*channels+at:][:width], narrow[p*width:][:width])
	}
}

func copyTo(wide, narrow []float32)   { copy(wide, narrow) }
func addFrom(wide, narrow []float32)  { kernel.Add(narrow, wide) }
func copyFrom(wide, narrow []float32) { copy(narrow, wide) }

func (c *compiler) lowerConcat(n *nn.Node) func() {
	y := c.value(n)
	var starts []int
	at := 0
	for i, in := range n.Inputs {
		x, first, width := c.input(n, i), at, in.Shape.C
		c.emit(n.Name, func(w *worker, s span) {
			strided(y.of(w, s), x.of(w, s), n.Shape.C, first, width, copyTo)
		}, x, y)
		starts = append(starts, at)
		at += width
	}
	return func() {
		dy := c.gradients[n.Index]
		for i, in := range n.Inputs {
			dx, first, width := c.inputGradient(n, i), starts[i], in.Shape.C
			if dx == nil {
				continue
			}
			contribute := copyFrom
			if begin(dx) {
				contribute = addFrom
			}
			c.emit(n.Name+" gradient", func(w *worker, s span) {
				strided(dy.of(w, s), dx.of(w, s), n.Shape.C, first, width, contribute)
			}, dx, dy)
		}
	}
}

func (c *compiler) lowerSoftmax(n *nn.Node) func() {
	x, y := c.input(n, 0), c.value(n)
	c.emit(n.Name, func(w *worker, s span) {
		in, out := x.of(w, s), y.of(w, s)
		for i := range s.count {
			kernel.SoftmaxRow(out[i*y.size:][:y.size], in[i*y.size:][:y.size])
		}
	}, x, y)
	return func() {
		dy := c.gradients[n.Index]
		c.transform(n, func(dx *tensor) {
			c.emit(n.Name+" gradient", func(w *worker, s span) {
				in, out, rows := dx.of(w, s), dy.of(w, s), y.of(w, s)
				for i := range s.count {
					at := i * y.size
					kernel.SoftmaxGradient(in[at:][:y.size], out[at:][:y.size], rows[at:][:y.size])
				}
			}, dx, dy, y)
		})
	}
}
