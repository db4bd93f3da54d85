package engine

import "fmt"

// weigh makes the weights those of the present batch, and adds them up in the order of the
// examples.
func (t *Trainer) weigh(weights []float32) {
	if weights != nil && len(weights) != t.plan.count {
		panic(fmt.Sprintf("engine: %d weights for a batch of %d", len(weights), t.plan.count))
	}
	t.weights, t.weightSum = weights, 0
	for _, weight := range weights {
		t.weightSum += float64(weight)
	}
}

// weightedLoss is the loss of a batch whose examples have weights, the mean over the sum of
// weights: for weights w with the sum W,
//
//	value of the batch = sum(w[i]*value[i]) / W
//	gradient[i] = w[i]/W * d value[i] / d outputs[i]
//
// It sets values[i] to w[i]*value[i]. The quotient w[i]/W is formed in float64 and rounded to
// float32, so that equal weights of 1 give the bits of a batch without weights. Where W is
// 0, so is the gradient. Values are those of a shard [n], as are weights; gradient and
// outputs are [n,width], targets [n,TargetSize].
func (t *Trainer) weightedLoss(values, gradient, outputs, targets, weights []float32) {
	width, size := t.width, t.options.TargetSize
	for i := range values {
		share := float32(0)
		if t.weightSum > 0 {
			share = float32(float64(weights[i]) / t.weightSum)
		}
		value := values[i : i+1]
		t.options.Loss.Evaluate(value, gradient[i*width:][:width], outputs[i*width:][:width], targets[i*size:][:size], width, share)
		value[0] = float32(weights[i] * value[0])
	}
}
