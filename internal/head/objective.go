package head

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// objective is the mean loss of rows as a function of the parameters of a head on scaled
// features: weights [K,D], then biases [K].
type objective struct {
	part
	k       int
	scaling *Scaling
	scaled  []float32 // [N,D], if that is kept
	weights []float32 // of the rows, of mean 1, or nil
	total   float64   // of the weights

	workers []*blockWorker
	turned  []float32   // [D,K], the weights
	sums    [][]float64 // of the gradient, of each strand
	losses  []float64   // of each block
	offsets []int32     // of rows of D features
	logits  []int32     // offsets of rows of K logits
}

// mostScaled is how many scaled features are kept from one evaluation to the next. More are
// scaled each time, in the caches, which takes a fifth longer and no memory.
const mostScaled = 1 << 24

// blockWorker is the memory in which a worker computes a block.
type blockWorker struct {
	x        []float32          // [blockRows,D], scaled, or nil where all are kept
	residual []float32          // [blockRows,K]: logits, then the loss's gradient by them
	gradient []float32          // [K,D]
	own      [blockRows]float32 // of each row: the logit of its label, less the largest
}

func newObjective(p part, k int, s *Scaling, workers int) *objective {
	n := blocks(p.count(), blockRows)
	o := &objective{
		part: p, k: k, scaling: s, total: float64(p.count()), turned: make([]float32, p.d*k), losses: make([]float64, n),
		offsets: rowOffsets(blockRows, p.d), logits: rowOffsets(blockRows, k),
	}
	o.weigh()
	if p.count()*p.d <= mostScaled {
		o.scaled = make([]float32, p.count()*p.d)
		s.apply(o.scaled, p, 0, p.count())
	}
	for range min(strands, n) {
		o.sums = append(o.sums, make([]float64, k*p.d+k))
	}
	for range min(workers, len(o.sums)) {
		w := &blockWorker{residual: make([]float32, blockRows*k), gradient: make([]float32, k*p.d)}
		if o.scaled == nil {
			w.x = make([]float32, blockRows*p.d)
		}
		o.workers = append(o.workers, w)
	}
	return o
}

// rowOffsets are where rows of a width begin.
func rowOffsets(n, width int) []int32 {
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(i * width)
	}
	return offsets
}

// weigh brings the weights of the rows to a mean of 1.
func (o *objective) weigh() {
	if o.Weights == nil {
		return
	}
	sum := 0.0
	for i := range o.count() {
		sum += float64(o.weight(i))
	}
	o.weights = make([]float32, o.count())
	o.total = 0
	for i := range o.weights {
		o.weights[i] = float32(float64(o.weight(i)) * float64(o.count()) / sum)
		o.total += float64(o.weights[i])
	}
}

// parameters is how many there are.
func (o *objective) parameters() int { return o.k*o.d + o.k }

// at returns the mean loss with parameters w, and writes its gradient.
func (o *objective) at(ctx context.Context, w []float32, gradient []float64) (loss float64, err error) {
	turn := kernel.Transposition{Dst: o.turned, Src: w, DstStride: o.k, SrcStride: o.d, Blocks: 1, Rows: o.k, Columns: o.d}
	turn.Transpose()
	bias := w[o.k*o.d:]
	err = each(ctx, len(o.workers), len(o.sums), func(worker, strand int) {
		clear(o.sums[strand])
		for b := strand; b < len(o.losses); b += strands {
			o.losses[b] = o.block(o.workers[worker], b, bias, o.sums[strand])
		}
	})
	if err != nil {
		return 0, err
	}
	err = each(ctx, len(o.workers), blocks(len(gradient), foldBlock), func(_, i int) {
		first := i * foldBlock
		o.fold(gradient, first, min(first+foldBlock, len(gradient)))
	})
	for _, l := range o.losses {
		loss += l
	}
	return loss / o.total, err
}

// foldBlock is how many elements of the gradient a worker joins at a time.
const foldBlock = 4096

// fold joins strands: strand j+8 is added to strand j, then j+4, j+2 and j+1.
func (o *objective) fold(gradient []float64, first, last int) {
	for width := strands / 2; width > 0; width /= 2 {
		for j := range width {
			if j+width >= len(o.sums) {
				break
			}
			from := o.sums[j+width][first:last]
			for i, v := range o.sums[j][first:last] {
				o.sums[j][first+i] = v + from[i]
			}
		}
	}
	for i, v := range o.sums[0][first:last] {
		gradient[first+i] = v / o.total
	}
}

// block adds the gradient of a block's loss, not divided by the total, to sum, and
// returns the loss.
func (o *objective) block(w *blockWorker, b int, bias []float32, sum []float64) (loss float64) {
	first := b * blockRows
	rows := min(blockRows, o.count()-first)
	x := w.x
	if o.scaled != nil {
		x = o.scaled[first*o.d:]
	} else {
		o.scaling.apply(x, o.part, first, rows)
	}
	product := kernel.Product{
		Dst: w.residual, DstStride: o.k, A: x, Offsets: o.offsets[:rows], B: o.turned, BStride: o.k, Bias: bias,
		Rows: rows, Taps: 1, K: o.d, N: o.k,
	}
	product.Gather()
	biases := sum[o.k*o.d:]
	for i := range rows {
		w.own[i] = reduceTop(w.residual[i*o.k:][:o.k], o.label(first+i))
	}
	kernel.ExpRow(w.residual[:rows*o.k], w.residual[:rows*o.k]) // rows are short
	for i := range rows {
		row := w.residual[i*o.k:][:o.k]
		loss += o.residual(row, w.own[i], first+i)
		for class, r := range row {
			biases[class] += float64(r)
		}
	}
	outer := kernel.Outer{
		Dst: w.gradient, DstStride: o.d, A: w.residual, Offsets: o.logits[:rows], B: x, BStride: o.d, M: o.k, N: o.d,
	}
	outer.Sum()
	for i, g := range w.gradient {
		sum[i] += float64(g)
	}
	return loss
}

// residual turns exp(logit - largest) of row i into the gradient of its loss by the logits,
// (softmax - one-hot) * weight, and returns the loss, weighted. Own is the logit of the label
// less the largest.
func (o *objective) residual(row []float32, own float32, i int) (loss float64) {
	sum := kernel.Sum(row)
	for class := range row {
		row[class] /= sum
	}
	row[o.label(i)]--
	lost := float64(kernel.Log(sum)) - float64(own)
	if o.weights == nil {
		return lost
	}
	s := o.weights[i]
	for class := range row {
		row[class] = float32(row[class] * s)
	}
	return float64(lost * float64(s))
}

// reduceTop takes the largest logit from all, and returns what is left of the label's.
func reduceTop(row []float32, label int) (own float32) {
	top := kernel.Max(row)
	for class := range row {
		row[class] -= top
	}
	return row[label]
}

// exponentials turns logits into exp(x - max(x)), and returns what the label's was before
// that, and their sum.
func exponentials(row []float32, label int) (own, sum float32) {
	own = reduceTop(row, label)
	kernel.ExpRow(row, row)
	return own, kernel.Sum(row)
}
