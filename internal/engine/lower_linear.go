package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// linear is what the operations of one fully connected layer share.
type linear struct {
	in, out int
	weight  []float32 // [in,out]
	bias    []float32 // [out] or nil
}

func (c *compiler) lowerLinear(n *nn.Node) func() {
	l := &linear{in: n.Inputs[0].Shape.C, out: n.Shape.C}
	l.weight, l.bias = c.weightAndBias(n)
	if c.training && l.in*l.out > wideWeights {
		return c.lowerWide(n, l)
	}
	x, y, rows := c.input(n, 0), c.value(n), rowOffsets(c.shard, l.in)
	o := c.emitDivisible(n.Name, 0, l.in*l.out >= worthMultiplyAdds, func(w *worker, s span, h share) {
		first, last := h.of(blocks(l.out, wideBlock))
		first, last = first*wideBlock, min(last*wideBlock, l.out)
		l.multiply(y.of(w, s), x.of(w, s), rows[:s.count], first, last-first)
	}, x, y)
	o.whole = true // the matrix is read once for all examples of a shard
	return func() { c.linearBackward(n, l, rows) }
}

// wideBlock is the number of columns whose multiples a product is divided at: those
// of a vector.
const wideBlock = 16

// multiply computes outputs first to first+count-1 of every row of x.
func (l *linear) multiply(y, x []float32, rows []int32, first, count int) {
	product := kernel.Product{
		Dst: y[first:], DstStride: l.out, A: x, Offsets: rows, B: l.weight[first:], BStride: l.out,
		Rows: len(rows), Taps: 1, K: l.in, N: count,
	}
	if l.bias != nil {
		product.Bias = l.bias[first:]
	}
	product.Gather()
}

func (c *compiler) linearBackward(n *nn.Node, l *linear, rows []int32) {
	dy := c.gradients[n.Index]
	if c.trains(n.Params[0]) {
		c.late = append(c.late, &lateGradient{
			linear: l, x: c.inputAgain(n, 0), dy: dy, rows: rows, dw: c.gradient[n.Params[0].Offset:][:l.in*l.out],
		})
	}
	if len(n.Params) > 1 && c.trains(n.Params[1]) {
		c.biasGradient(n)
	}
	dx := c.inputGradient(n, 0)
	if dx == nil {
		return
	}
	turned := alignedFloats(l.in * l.out)
	for first := 0; first < l.in; first += wideFeatures {
		count := min(wideFeatures, l.in-first)
		c.prepare(n.Name+" turned weights", func() { l.turn(turned[first:], l.in, first, count) })
	}
	outputs, accumulate := rowOffsets(c.shard, l.out), begin(dx)
	c.emitWhole(n.Name+" data gradient", func(w *worker, s span) {
		product := kernel.Product{
			Dst: dx.of(w, s), DstStride: l.in, A: dy.of(w, s), Offsets: outputs[:s.count], B: turned, BStride: l.in,
			Rows: s.count, Taps: 1, K: l.out, N: l.in, Accumulate: accumulate,
		}
		product.Gather()
	}, dx, dy)
}

// turn writes the weights of count inputs from first on as [out,count], in rows that
// lie stride values apart.
func (l *linear) turn(dst []float32, stride, first, count int) {
	t := kernel.Transposition{
		Dst: dst, DstStride: stride, Src: l.weight[first*l.out:], SrcStride: l.out, Blocks: 1, Rows: count, Columns: l.out,
	}
	t.Transpose()
}

// blocks is the number of blocks of a size that n things make.
func blocks(n, size int) int { return (n + size - 1) / size }
