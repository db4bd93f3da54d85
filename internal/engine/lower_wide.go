package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Blocks of a wide layer's outputs. They are free of the contract: any partition of
// outputs gives the same bits.
const (
	wideRows     = 64 // at most; weights are read once for each block
	wideColumns  = 32
	wideFeatures = 64 // of which gradients are computed at a time
	wideBlocks   = 6  // of features in a task, at most
)

// wideRowsFor returns the number of examples in a task: as many as leave work for all
// workers.
func (c *compiler) wideRowsFor(columns int) int {
	rows := wideRows
	for rows > wideRows/4 && blocks(c.batch, rows)*columns < 2*len(c.plan.pool.workers) {
		rows /= 2
	}
	return rows
}

// wideFeaturesFor returns the number of features in a task, likewise.
func (c *compiler) wideFeaturesFor(in int) int {
	return wideFeatures * min(max(blocks(in, wideFeatures)/(4*len(c.plan.pool.workers)), 1), wideBlocks)
}

// lowerWide treats the whole batch at once, cut by outputs.
func (c *compiler) lowerWide(n *nn.Node, l *linear) func() {
	x, y, rows := c.input(n, 0), c.value(n), rowOffsets(c.batch, l.in)
	columns := blocks(l.out, wideColumns)
	block := c.wideRowsFor(columns)
	tasks := func(examples int) int { return blocks(examples, block) * columns }
	c.emitBatch(n.Name, tasks, func(w *worker, s span) {
		row, column := s.index/columns*block, s.index%columns*wideColumns
		last := min(row+block, s.count)
		batch := span{count: s.count}
		l.multiply(y.of(w, batch)[row*l.out:], x.of(w, batch), rows[row:last], column, min(wideColumns, l.out-column))
	}, x, y)
	return func() { c.wideBackward(n, l) }
}

func (c *compiler) wideBackward(n *nn.Node, l *linear) {
	g := &wideGradients{
		linear: l, x: c.inputAgain(n, 0), dy: c.gradients[n.Index], dx: c.inputGradient(n, 0),
		outputs: rowOffsets(c.batch, l.out), packed: rowOffsets(c.batch, wideFeatures), task: c.wideFeaturesFor(l.in),
	}
	if c.trains(n.Params[0]) {
		g.dw = c.gradient[n.Params[0].Offset:][:l.in*l.out]
	}
	if len(n.Params) > 1 && c.trains(n.Params[1]) {
		c.wideBiasGradient(n, g.dy)
	}
	uses := []*tensor{g.x, g.dy}
	if g.dx != nil {
		g.accumulate, uses = begin(g.dx), append(uses, g.dx)
	}
	c.needScratch(wideFeatures * max(l.out, c.batch))
	c.emitBatch(n.Name+" gradients", func(int) int { return blocks(l.in, g.task) }, g.run, uses...)
}

// wideGradients are the gradients of a wide layer's weights and of its input. They are
// computed in turn, a few features at a time, and while one is computed the memory of
// the other comes into the cache: five kilobytes for each microsecond of computing.
type wideGradients struct {
	*linear
	x, dy, dx  *tensor   // dx is nil where nothing needs it
	dw         []float32 // [in,out], or nil where the weights are not trained
	outputs    []int32   // offsets of the rows of dy
	packed     []int32   // offsets of rows of wideFeatures values
	accumulate bool      // add to dx
	task       int       // features in a task
}

func (g *wideGradients) run(w *worker, s span) {
	batch := span{count: s.count}
	end := min((s.index+1)*g.task, g.in)
	for first := s.index * g.task; first < end; first += wideFeatures {
		count := min(wideFeatures, end-first)
		if g.dw != nil {
			g.weightGradient(w, batch, first, count)
		}
		if g.dx != nil {
			g.dataGradient(w, batch, first, count, min(wideFeatures, end-first-count))
		}
	}
}

// weightGradient computes the gradient of the weights of count features, and fetches
// what their data gradient needs. It packs the features first, since they lie on as
// many pages of memory as there are examples, and far apart in the cache.
func (g *wideGradients) weightGradient(w *worker, batch span, first, count int) {
	x := g.x.of(w, batch)[first:]
	for i, to := range g.packed[:batch.count] {
		copy(w.scratch[to:][:count], x[i*g.in:])
	}
	outer := kernel.Outer{
		Dst: g.dw[first*g.out:], DstStride: g.out, A: w.scratch, Offsets: g.packed[:batch.count],
		B: g.dy.of(w, batch), BStride: g.out, M: count, N: g.out,
	}
	if g.dx != nil {
		outer.Next = kernel.Next{
			{Data: g.weight[first*g.out:], Stride: g.out, Count: count, Columns: g.out},
			{Data: g.dx.of(w, batch)[first:], Stride: g.in, Count: batch.count, Columns: count},
		}
	}
	outer.Sum()
}

// dataGradient computes the gradient of count features, and fetches what the weight
// gradient of the next ones needs, if there are any in this task.
func (g *wideGradients) dataGradient(w *worker, batch span, first, count, next int) {
	g.turn(w.scratch, count, first, count)
	product := kernel.Product{
		Dst: g.dx.of(w, batch)[first:], DstStride: g.in, A: g.dy.of(w, batch), Offsets: g.outputs[:batch.count],
		B: w.scratch, BStride: count, Rows: batch.count, Taps: 1, K: g.out, N: count, Accumulate: g.accumulate,
	}
	if g.dw != nil && next > 0 {
		product.Next = kernel.Next{
			{Data: g.dw[(first+count)*g.out:], Stride: g.out, Count: next, Columns: g.out},
			{Data: g.x.of(w, batch)[first+count:], Stride: g.in, Count: batch.count, Columns: next},
		}
	}
	product.Gather()
}

func (c *compiler) wideBiasGradient(n *nn.Node, dy *tensor) {
	db := c.gradient[n.Params[1].Offset:][:n.Shape.C]
	c.emitBatch(n.Name+" bias gradient", func(int) int { return 1 }, func(w *worker, s span) {
		clear(db)
		kernel.ColumnSum(db, dy.of(w, span{count: s.count}), s.count, len(db))
	}, dy)
}
