package engine

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// norm is what the operations of one batch normalisation share.
type norm struct {
	name                              string
	layer                             nn.BatchNorm
	channels                          int
	weight, bias                      []float32
	runningMean, runningVariance      []float32
	meanSlot, varianceSlot, otherSlot int  // of the shard's mean, variance and 1/deviation
	clamped                           bool // to 0 to high, by the activation behind it
	high                              float32
	fixed                             bool      // to the running averages, which do not change
	inverse, none                     []float32 // where it is fixed: 1/deviation, and zeros
}

func (c *compiler) normOf(n *nn.Node, l nn.BatchNorm) *norm {
	return &norm{
		name: n.Name, layer: l, channels: n.Shape.C,
		weight: c.params.Of(n.Params[0]), bias: c.params.Of(n.Params[1]),
		runningMean: c.params.Of(n.Params[2]), runningVariance: c.params.Of(n.Params[3]),
	}
}

// lowerBatchNorm normalises to the statistics of the shard, or to the running
// averages where nothing of the layer changes or normalisation is fixed.
func (c *compiler) lowerBatchNorm(n *nn.Node, l nn.BatchNorm) func() {
	v := c.normOf(n, l)
	switch {
	case c.foldInto[n.Inputs[0].Index] == n:
		c.values[n.Index] = c.input(n, 0)
		return nil
	case !c.trainsNorm(n):
		return c.lowerFixedNorm(n, v)
	}
	return c.lowerTrainedNorm(n, v)
}

// trainsNorm says that training changes the weight or the bias of a batch
// normalisation.
func (c *compiler) trainsNorm(n *nn.Node) bool {
	return c.training && !(c.isFrozen(n.Params[0]) && c.isFrozen(n.Params[1]))
}

// clampOf returns the activation that is done together with a normalisation: one
// that limits values to a range and is its only use.
func (c *compiler) clampOf(n *nn.Node) (activation *nn.Node, high float32) {
	if _, is := n.Layer.(nn.BatchNorm); !is || !c.trainsNorm(n) || len(c.users[n.Index]) != 1 {
		return nil, 0
	}
	user := c.users[n.Index][0]
	l, _ := user.Layer.(nn.Activation)
	switch l.Function {
	case nn.ReLU:
		return user, float32(math.Inf(1))
	case nn.ReLU6:
		return user, 6
	}
	return nil, 0
}

// lowerTrainedNorm normalises to the statistics of the shard, or to the running
// averages where they are fixed. The result is computed again for the way back:
// reading the input once more costs no more than keeping the result, and the input is
// needed anyway.
func (c *compiler) lowerTrainedNorm(n *nn.Node, v *norm) func() {
	x := c.input(n, 0)
	if c.fixedNorms {
		c.fixNorm(v)
	} else {
		c.shardNorm(n, v, x)
	}
	out := n
	if activation, high := c.clampOf(n); activation != nil {
		out, v.clamped, v.high = activation, true, high
	}
	emit := func(name string, x, y *tensor) {
		c.emit(name, func(w *worker, s span) {
			b := v.of(c.slots, s)
			b.Normalize(y.of(w, s), x.of(w, s))
		}, x, y)
	}
	y := c.value(n)
	c.values[out.Index] = y
	emit(n.Name, x, y)
	c.repeat(n, out, emit)
	return func() { c.trainedNormBackward(n, v) }
}

// fixNorm makes the running averages what is normalised to.
func (c *compiler) fixNorm(v *norm) {
	v.fixed, v.inverse, v.none = true, alignedFloats(v.channels), alignedFloats(v.channels)
	c.refresh(func() { kernel.InverseDeviation(v.inverse, v.runningVariance, v.layer.Epsilon) })
	c.needScratch(kernel.NormScratch * v.channels)
}

// shardNorm emits what finds the statistics of a shard, which are normalised to.
func (c *compiler) shardNorm(n *nn.Node, v *norm, x *tensor) {
	v.meanSlot, v.varianceSlot, v.otherSlot = c.slots.statistic(v.channels), c.slots.statistic(v.channels), c.slots.reserve(v.channels)
	if !c.isFrozen(n.Params[2]) {
		c.norms = append(c.norms, v)
	}
	c.statistics(n, v, x)
}

// statistics emits what finds the mean and variance of a shard: image by image,
// while each is in the cache, and then joined.
func (c *compiler) statistics(n *nn.Node, v *norm, x *tensor) {
	moments, pixels := &tensor{size: 2 * v.channels}, n.Shape.H*n.Shape.W
	c.needScratch(kernel.NormScratch * v.channels)
	c.emit(n.Name+" moments", func(w *worker, s span) {
		in, out := x.of(w, s), moments.of(w, s)
		for i := range s.count {
			found := out[i*moments.size:][:moments.size]
			kernel.Moments(found[:v.channels], found[v.channels:], w.scratch, in[i*x.size:][:x.size])
		}
	}, x, moments)
	c.emitWhole(n.Name+" statistics", func(w *worker, s span) {
		mean, variance, inverse := v.statistics(c.slots, s)
		kernel.JoinMoments(mean, variance, w.scratch, moments.of(w, s), s.count, pixels)
		kernel.InverseDeviation(inverse, variance, v.layer.Epsilon)
		v.unbias(variance, s.count*pixels)
	}, moments)
}

// of is the normalisation of a shard.
func (v *norm) of(l *slots, s span) kernel.BatchNorm {
	mean, inverse := v.runningMean, v.inverse
	if !v.fixed {
		mean, _, inverse = v.statistics(l, s)
	}
	return kernel.BatchNorm{
		Mean: mean, Inverse: inverse, Weight: v.weight, Bias: v.bias, Clamped: v.clamped, High: v.high,
	}
}

// unbias makes the biased variance of a number of pixels what the running
// average takes in. A single pixel says nothing of the variance: it leaves the
// average where it is.
func (v *norm) unbias(variance []float32, pixels int) {
	if pixels == 1 {
		copy(variance, v.runningVariance)
		return
	}
	kernel.Scale(variance, float32(pixels)/float32(pixels-1))
}

func (v *norm) statistics(l *slots, s span) (mean, variance, inverse []float32) {
	return l.at(s, v.meanSlot, v.channels), l.at(s, v.varianceSlot, v.channels), l.at(s, v.otherSlot, v.channels)
}

func (c *compiler) trainedNormBackward(n *nn.Node, v *norm) {
	x, dy, dx := c.inputAgain(n, 0), c.gradients[n.Index], c.inputGradient(n, 0)
	weightSlot, biasSlot := c.slots.gradientOf(n.Params[0]), c.slots.gradientOf(n.Params[1])
	pixels := n.Shape.H * n.Shape.W
	c.emitOrdered(n.Name+" sums", func(w *worker, s span) {
		b := v.of(c.slots, s)
		dweight, dbias := c.slots.begin(s, weightSlot, v.channels), c.slots.begin(s, biasSlot, v.channels)
		in, out := x.of(w, s), dy.of(w, s)
		for i := range s.count {
			b.Sums(dweight, dbias, w.scratch, out[i*x.size:][:x.size], in[i*x.size:][:x.size])
		}
	}, x, dy)
	if dx == nil {
		return
	}
	if v.fixed {
		c.fixedNormGradient(n, v, x)
		return
	}
	c.cut()
	c.transform(n, func(dx *tensor) {
		c.emit(n.Name+" gradient", func(w *worker, s span) {
			b := v.of(c.slots, s)
			dweight, dbias := c.slots.at(s, weightSlot, v.channels), c.slots.at(s, biasSlot, v.channels)
			count := w.plan.shards[s.index].count * pixels
			b.Gradient(dx.of(w, s), dy.of(w, s), x.of(w, s), dweight, dbias, count)
		}, dx, dy, x)
	})
}

// fixedNormGradient emits the gradient of the input of a normalisation to averages that
// do not depend on it: dy * (inverse*weight). That is what the gradient for a shard
// comes to if dweight and dbias are 0.
func (c *compiler) fixedNormGradient(n *nn.Node, v *norm, x *tensor) {
	dy := c.gradients[n.Index]
	c.transform(n, func(dx *tensor) {
		c.emit(n.Name+" gradient", func(w *worker, s span) {
			b := v.of(c.slots, s)
			b.Gradient(dx.of(w, s), dy.of(w, s), x.of(w, s), v.none, v.none, 1)
		}, dx, dy, x)
	})
}

// check finds a shard mean or variance that is not finite. The slots have been
// summed.
func (v *norm) check(l *slots) error {
	mean, variance, _ := v.statistics(l, span{})
	for c := range mean {
		if m := float64(mean[c]); !isFinite(m) {
			return &NonFiniteError{"mean in " + v.name, m}
		}
		if s := float64(variance[c]); !isFinite(s) {
			return &NonFiniteError{"variance in " + v.name, s}
		}
	}
	return nil
}

// updateRunning moves the running averages towards the mean over the shards of
// the step. The slots have been summed.
func (v *norm) updateRunning(l *slots, shards int) {
	mean, variance, _ := v.statistics(l, span{})
	share := 1 / float32(shards)
	kernel.Scale(mean, share)
	kernel.Scale(variance, share)
	kernel.MovingAverage(v.runningMean, mean, v.layer.Momentum)
	kernel.MovingAverage(v.runningVariance, variance, v.layer.Momentum)
}

// lowerFixedNorm normalises to the running averages, which do not change.
func (c *compiler) lowerFixedNorm(n *nn.Node, v *norm) func() {
	x, y := c.input(n, 0), c.inPlace(n, 0)
	scale, shift := alignedFloats(v.channels), alignedFloats(v.channels)
	c.refresh(func() { v.scaleShift(scale, shift) })
	c.emitPointwise(n.Name, n.Shape, func(to, from []float32) { kernel.ScaleShift(to, from, scale, shift) }, y, x)
	return func() { c.scaleGradient(n, scale) }
}

// scaleGradient emits the gradient of a layer that multiplies each channel by a
// constant.
func (c *compiler) scaleGradient(n *nn.Node, scale []float32) {
	dx, dy := c.inputGradient(n, 0), c.gradients[n.Index]
	if dx == nil {
		return
	}
	shift := make([]float32, len(scale))
	c.transform(n, func(dx *tensor) {
		c.emit(n.Name+" gradient", func(w *worker, s span) {
			kernel.ScaleShift(dx.of(w, s), dy.of(w, s), scale, shift)
		}, dx, dy)
	})
}

// scaleShift reduces the normalisation by the running averages to
// fma(x, scale, shift).
func (v *norm) scaleShift(scale, shift []float32) {
	kernel.InverseDeviation(scale, v.runningVariance, v.layer.Epsilon)
	for i := range scale {
		scale[i] *= v.weight[i]
		shift[i] = kernel.FMA32(-v.runningMean[i], scale[i], v.bias[i])
	}
}

// refresh runs f now and whenever the parameters have changed.
func (c *compiler) refresh(f func()) {
	f()
	c.refreshes = append(c.refreshes, f)
}

// weightAndBias returns the weights of a convolution or linear layer (bias nil
// where it has none), with a normalisation that follows it folded in.
func (c *compiler) weightAndBias(n *nn.Node) (weight, bias []float32) {
	weight = c.params.Of(n.Params[0])
	if len(n.Params) > 1 {
		bias = c.params.Of(n.Params[1])
	}
	if after := c.foldInto[n.Index]; after != nil {
		return c.fold(after, weight, bias)
	}
	return weight, bias
}

// fold multiplies a layer's output channels by the normalisation's scale:
// weight * scale, fma(bias, scale, shift).
func (c *compiler) fold(after *nn.Node, weight, bias []float32) (foldedWeight, foldedBias []float32) {
	l, _ := after.Layer.(nn.BatchNorm) // as foldable has seen
	v := c.normOf(after, l.Normalized())
	scale, shift := alignedFloats(v.channels), alignedFloats(v.channels)
	foldedWeight, foldedBias = alignedFloats(len(weight)), alignedFloats(v.channels)
	c.refresh(func() {
		v.scaleShift(scale, shift)
		for i, w := range weight {
			foldedWeight[i] = w * scale[i%v.channels]
		}
		copy(foldedBias, shift)
		if bias != nil {
			kernel.MulAdd(foldedBias, bias, scale)
		}
	})
	return foldedWeight, foldedBias
}

// foldable finds the normalisations that can be folded into the convolution or
// linear layer before them: those that are its only use.
func foldable(g *nn.Graph, users [][]*nn.Node) map[int]*nn.Node {
	folds := map[int]*nn.Node{}
	for _, n := range g.Nodes {
		if _, ok := n.Layer.(nn.BatchNorm); !ok || len(users[n.Inputs[0].Index]) != 1 {
			continue
		}
		switch n.Inputs[0].Layer.(type) {
		case nn.Conv2D, nn.Linear:
			folds[n.Inputs[0].Index] = n
		}
	}
	return folds
}
