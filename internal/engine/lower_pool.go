package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// lowerMaxPool lowers a pooling, with the activation in front of it that is done
// behind it (see pooled).
func (c *compiler) lowerMaxPool(n *nn.Node, g window) func() {
	x, y, offsets := c.input(n, 0), c.value(n), g.gather()
	won := &tensor{size: y.size, bytes: true}
	c.emitDivisible(n.Name, g.outPixels(), x.size >= worthValues, func(w *worker, s span, h share) {
		in, out, index := x.of(w, s), y.of(w, s), won.bytesOf(w, s)
		first, last := h.of(g.outPixels())
		for i := range s.count {
			at := i*y.size + first*n.Shape.C
			kernel.MaxPool(out[at:], index[at:], in[i*x.size:][:x.size],
				offsets[first*g.taps():], last-first, g.taps(), n.Shape.C)
		}
	}, x, y, won)
	activation := n.Inputs[0]
	var f pointwise
	if c.lateActivation(n) {
		l, _ := activation.Layer.(nn.Activation)
		f, _ = pointwiseOf(l.Function) // known, or it would not be late
		c.emitPointwise(activation.Name, n.Shape, f.forward, y, y)
	}
	return func() {
		dx, dy := c.inputGradient(n, 0), c.gradients[n.Index]
		if f.gradient != nil {
			c.emit(activation.Name+" gradient", func(w *worker, s span) { f.gradient(dy.of(w, s), dy.of(w, s), y.of(w, s)) }, dy, y)
		}
		gradient := kernel.MaxPoolGradient
		emit := func(dx *tensor) {
			c.emit(n.Name+" gradient", func(w *worker, s span) {
				in, out, index := dx.of(w, s), dy.of(w, s), won.bytesOf(w, s)
				for i := range s.count {
					gradient(in[i*x.size:][:x.size], index[i*y.size:][:y.size], out[i*y.size:][:y.size],
						offsets, g.outPixels(), g.taps(), n.Shape.C)
				}
			}, dx, dy, won)
		}
		if g.apart() {
			gradient = kernel.MaxPoolGradientApart
			c.contribute(dx, emit)
			return
		}
		c.beginCleared(dx)
		emit(dx)
	}
}

// lateActivation says that a node is a pooling that does the activation in front
// of it, because no normalisation has done it.
func (c *compiler) lateActivation(n *nn.Node) bool {
	if len(n.Inputs) == 0 || c.pooled(n.Inputs[0]) != n {
		return false
	}
	activation, _ := c.clampOf(n.Inputs[0].Inputs[0])
	return activation != n.Inputs[0]
}

// averaging is the geometry of an average pool: its windows may be oblong when
// they cover the whole image.
type averaging struct {
	offsets            []int32 // [rows,taps]
	rows, taps         int
	channels           int
	inSize, outSize    int
	reciprocalOfWindow float32
}

func averagingOf(n *nn.Node, offsets []int32) averaging {
	rows := n.Shape.H * n.Shape.W
	taps := len(offsets) / rows
	return averaging{
		offsets: offsets, rows: rows, taps: taps, channels: n.Shape.C,
		inSize: n.Inputs[0].Shape.Elements(), outSize: n.Shape.Elements(), reciprocalOfWindow: 1 / float32(taps),
	}
}

func (c *compiler) lowerAvgPool(n *nn.Node, a averaging) func() {
	x, y := c.input(n, 0), c.value(n)
	c.emit(n.Name, func(w *worker, s span) {
		in, out := x.of(w, s), y.of(w, s)
		for i := range s.count {
			kernel.AvgPool(out[i*a.outSize:][:a.outSize], in[i*a.inSize:][:a.inSize],
				a.offsets, a.rows, a.taps, a.channels, a.reciprocalOfWindow)
		}
	}, x, y)
	return func() {
		dx, dy := c.inputGradient(n, 0), c.gradients[n.Index]
		c.beginCleared(dx)
		c.emit(n.Name+" gradient", func(w *worker, s span) {
			in, out := dx.of(w, s), dy.of(w, s)
			for i := range s.count {
				kernel.AvgPoolGradient(in[i*a.inSize:][:a.inSize], out[i*a.outSize:][:a.outSize],
					a.offsets, a.rows, a.taps, a.channels, a.reciprocalOfWindow)
			}
		}, dx, dy)
	}
}

// wholeImage lists the offsets of every pixel: one window over all.
func wholeImage(in nn.Shape) []int32 { return rowOffsets(in.H*in.W, in.C) }
