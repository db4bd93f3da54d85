package loss

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// focal is the focal loss of Lin et al. (2017) over the softmax p of logits x,
// for targets t and class weights w:
//
//	value = -sum(w*t*(1-p)^gamma*log(p))
//
// With h = p times the derivative of -(1-p)^gamma*log(p) by p,
//
//	gradient = w*t*h - p*sum(w*t*h)
type focal struct {
	classWeights
	gamma float32
}

func newFocal(o *config.Options) (Loss, error) {
	l := &focal{}
	o.Float32(&l.gamma, "gamma", 2, "how fast well-classified examples lose weight; 0 gives cross-entropy", config.Between(0, 10))
	l.declare(o)
	return l, nil
}

func (l *focal) Fits(k Kind) bool { return k == Distribution }

func (l *focal) WantsProbabilities() bool { return false }

func (l *focal) MixupAllowed() bool { return false }

func (l *focal) Evaluate(values, gradient, outputs, targets []float32, classes int, scale float32) {
	for i := range values {
		values[i] = l.example(row(gradient, i, classes), row(outputs, i, classes), row(targets, i, classes), scale)
	}
}

func (l *focal) example(gradient, x, targets []float32, scale float32) float32 {
	top, rest := kernel.LogSumExp(x)
	var value, slope kernel.Lanes
	clear(gradient)
	for i, v := range x {
		target := l.weigh(i, targets[i])
		if target == 0 {
			continue
		}
		loss, h := l.term((v - top) - rest)
		value.MultiplyAdd(i, target, loss)
		slope.MultiplyAdd(i, target, h)
		if gradient != nil {
			gradient[i] = float32(target * h)
		}
	}
	total := slope.Total()
	for i, own := range gradient {
		p := kernel.Exp((x[i] - top) - rest)
		gradient[i] = float32(scale * kernel.FMA32(-p, total, own))
	}
	return value.Total()
}

// term returns -(1-p)^gamma*log(p) and h = gamma*p*(1-p)^(gamma-1)*log(p) -
// (1-p)^gamma for the logarithm of p.
func (l *focal) term(logP float32) (loss, h float32) {
	gamma := float32(l.gamma)
	p := kernel.Exp(logP)
	q := 1 - p
	power := float32(1)
	if gamma > 0 {
		power = kernel.Exp(float32(gamma * kernel.Log(q)))
	}
	ratio := float32(-1) // the limit of log(p)/(1-p) at p = 1
	if q > 0 {
		ratio = logP / q
	}
	return float32(-power * logP), float32(power * kernel.FMA32(float32(gamma*p), ratio, -1))
}
