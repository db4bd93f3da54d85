package loss

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// leastProbability takes the place of smaller probabilities, so that values and
// gradients stay finite. The gradient does not become 0 there: it goes on
// pulling a probability up.
const leastProbability = 1e-30

// nll is, for probabilities p, targets t and class weights w:
//
//	value = -sum(w*t*log(p))
//	gradient = -w*t/p
type nll struct{ classWeights }

func newNLL(o *config.Options) (Loss, error) {
	l := &nll{}
	l.declare(o)
	return l, nil
}

func (l *nll) Fits(k Kind) bool { return k == Distribution }

func (l *nll) WantsProbabilities() bool { return true }

func (l *nll) MixupAllowed() bool { return false }

func (l *nll) Evaluate(values, gradient, outputs, targets []float32, classes int, scale float32) {
	for i := range values {
		values[i] = l.example(row(gradient, i, classes), row(outputs, i, classes), row(targets, i, classes), scale)
	}
}

func (l *nll) example(gradient, probabilities, targets []float32, scale float32) float32 {
	var value kernel.Lanes
	for i, p := range probabilities {
		if p < leastProbability {
			p = leastProbability
		}
		target := l.weigh(i, targets[i])
		value.MultiplyAdd(i, target, -kernel.Log(p))
		if gradient != nil {
			gradient[i] = float32(-scale*target) / p
		}
	}
	return value.Total()
}
