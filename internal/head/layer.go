package head

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Head is a fully connected layer on features, in the layout of package nn.
type Head struct {
	Weights []float32 // [D,K]
	Bias    []float32 // [K]
}

// Evaluation is how well a head does on examples.
type Evaluation struct {
	Loss     float64 // mean cross-entropy, by the rows' weights
	Accuracy float64 // share of the rows, from 0 to 1; the lower label of two equal logits
	Correct  int     // rows
}

// Logits computes x W + b of rows of features at offsets of x into dst, [len(offsets),K]:
// each is one chain of fused multiply-adds from the bias over the features, as in the
// network's own layer.
func (h *Head) Logits(dst, x []float32, offsets []int32) {
	k := len(h.Bias)
	product := kernel.Product{
		Dst: dst, DstStride: k, A: x, Offsets: offsets, B: h.Weights, BStride: k, Bias: h.Bias,
		Rows: len(offsets), Taps: 1, K: len(h.Weights) / k, N: k,
	}
	product.Gather()
}

// evaluate judges a head by rows.
func (h *Head) evaluate(ctx context.Context, p part, workers int) (Evaluation, error) {
	n := blocks(p.count(), blockRows)
	losses, totals, correct := make([]float64, n), make([]float64, n), make([]int, n)
	err := each(ctx, workers, n, func(_, b int) {
		losses[b], totals[b], correct[b] = h.evaluateBlock(p, b*blockRows, min(blockRows, p.count()-b*blockRows))
	})
	var e Evaluation
	total := 0.0
	for b := range n {
		e.Loss += losses[b]
		total += totals[b]
		e.Correct += correct[b]
	}
	e.Loss /= total
	e.Accuracy = float64(e.Correct) / float64(p.count())
	return e, err
}

func (h *Head) evaluateBlock(p part, first, rows int) (loss, total float64, correct int) {
	k := len(h.Bias)
	logits, offsets := make([]float32, rows*k), make([]int32, rows)
	for i := range offsets {
		offsets[i] = int32(p.row(first+i) * p.d)
	}
	h.Logits(logits, p.Features, offsets)
	for i := range rows {
		row, label, weight := logits[i*k:][:k], p.label(first+i), float64(p.weight(first+i))
		if kernel.ArgMax(row) == label {
			correct++
		}
		own, sum := exponentials(row, label)
		loss += float64((float64(kernel.Log(sum)) - float64(own)) * weight)
		total += weight
	}
	return loss, total, correct
}
