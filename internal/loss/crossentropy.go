package loss

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// crossEntropy is, for logits x, targets t smoothed by e and class weights w:
//
//	s = (1-e)*t + e/classes
//	value = -sum(w*s*log(softmax(x)))
//	gradient = softmax(x)*sum(w*s) - w*s
type crossEntropy struct {
	classWeights
	smoothing float64
}

func newCrossEntropy(o *config.Options) (Loss, error) {
	l := &crossEntropy{}
	o.Float(&l.smoothing, "label-smoothing", 0, "share of each target that is spread over all classes", config.Between(0, 0.99))
	l.declare(o)
	return l, nil
}

func (l *crossEntropy) Fits(k Kind) bool { return k == Distribution }

func (l *crossEntropy) WantsProbabilities() bool { return false }

func (l *crossEntropy) MixupAllowed() bool { return true }

func (l *crossEntropy) Evaluate(values, gradient, outputs, targets []float32, classes int, scale float32) {
	if gradient == nil {
		gradient = make([]float32, len(outputs))
	}
	for i := range values {
		values[i] = l.example(row(gradient, i, classes), row(outputs, i, classes), row(targets, i, classes), scale)
	}
}

func (l *crossEntropy) example(gradient, x, targets []float32, scale float32) float32 {
	hold, spread := float32(1-l.smoothing), float32(l.smoothing/float64(len(x)))
	logP := gradient
	kernel.LogSoftmaxRow(logP, x)
	var value, mass kernel.Lanes
	for i, target := range targets {
		target = l.weigh(i, kernel.FMA32(target, hold, spread))
		value.MultiplyAdd(i, target, -logP[i])
		mass.Add(i, target)
	}
	total := mass.Total()
	kernel.ExpRow(gradient, logP)
	for i, target := range targets {
		target = l.weigh(i, kernel.FMA32(target, hold, spread))
		gradient[i] = float32(scale * kernel.FMA32(gradient[i], total, -target))
	}
	return value.Total()
}
