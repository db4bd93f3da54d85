package engine

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// wideWeights is the number of weights above which a fully connected layer's
// gradient is one chain over the whole batch instead of a tree over shards. It
// is part of the reproducibility contract.
const wideWeights = 1 << 16

// compiler lowers a graph node by node.
type compiler struct {
	plan       *plan
	params     *nn.Parameters
	training   bool
	fixedNorms bool     // see TrainerOptions
	frozen     []string // prefixes of the names of parameters that do not change
	batch      int      // most examples of a batch
	shard      int      // most examples of a shard
	keep       int      // bytes of an image's output that are kept at any rate
	dropout    rng.Key

	at        part // what operations are emitted for
	ops       []*op
	values    []*tensor // output of each node
	gradients []*tensor // gradient of the loss with respect to it; nil where none is needed
	scratch   int       // largest need of an operation

	slots     *slots
	late      []*lateGradient
	gradient  []float32 // of the trainable parameters, laid out like them
	dropouts  int
	users     [][]*nn.Node     // of each node's output, one for each use; in inference, as usersOf
	foldInto  map[int]*nn.Node // node index -> the BatchNorm folded into it
	again     map[int]*again   // node index -> how its output is computed again
	refreshes []func()         // remake what is derived from parameters
	norms     []*norm          // those with running averages to update
	step      *stepAddress
	cutNext   bool // the next operation begins a group
	heavyFrom int  // index of a node; see lower_heavy.go
	together  bool // what is emitted is for all images of a shard; see lower_heavy.go
	inverted  invertedBudgets
}

// again computes an output again while going backward, where that is cheaper than
// keeping it: value is nil before that was emitted.
type again struct {
	compute func() *tensor
	value   *tensor
}

// stepAddress is where random numbers of the present step are found.
type stepAddress struct{ epoch, position uint32 }

// emit appends an operation that can be done on any portion of a shard.
func (c *compiler) emit(name string, run func(w *worker, s span), uses ...*tensor) {
	c.append(&op{name: name, run: run, uses: uses})
}

// emitOrdered is emit for an operation that adds up over the portions of a shard.
func (c *compiler) emitOrdered(name string, run func(w *worker, s span), uses ...*tensor) {
	c.append(&op{name: name, run: run, uses: uses, ordered: true})
}

// emitWhole appends an operation that needs all examples of a shard at once, or
// gains by it: a matrix that is read once for all.
func (c *compiler) emitWhole(name string, run func(w *worker, s span), uses ...*tensor) {
	c.append(&op{name: name, run: run, uses: uses, whole: true})
}

// cut says that what follows needs what precedes for the whole shard.
func (c *compiler) cut() { c.cutNext = true }

func (c *compiler) append(o *op) {
	o.part, o.together, o.cut, c.cutNext = c.at, c.together, c.cutNext, false
	c.ops = append(c.ops, o)
}

// emitBatch appends an operation on the whole batch.
func (c *compiler) emitBatch(name string, tasks func(examples int) int, run func(w *worker, s span), uses ...*tensor) {
	c.append(&op{name: name, run: run, tasks: tasks, uses: uses})
}

// prepare appends an operation that is done once a step before all others.
func (c *compiler) prepare(name string, run func()) {
	c.plan.prepare = append(c.plan.prepare, &op{name: name, part: c.at, run: func(*worker, span) { run() }})
}

// needScratch makes room for n values in every worker's scratch space.
func (c *compiler) needScratch(n int) { c.scratch = max(c.scratch, n) }

// trains says whether training changes p.
func (c *compiler) trains(p *nn.Param) bool { return p.Trainable && !c.isFrozen(p) }

func (c *compiler) isFrozen(p *nn.Param) bool { return nn.Frozen(c.frozen, p.Name) }

// value makes the tensor of a node's output.
func (c *compiler) value(n *nn.Node) *tensor {
	t := &tensor{size: n.Shape.Elements()}
	c.values[n.Index] = t
	return t
}

// input is the tensor of a node's i-th input.
func (c *compiler) input(n *nn.Node, i int) *tensor { return c.values[n.Inputs[i].Index] }

// What is computed again instead of kept, because memory is slower: outputs of
// convolutions that take few multiply-adds each, where an image has many.
const (
	cheapMultiplyAdds = 32
	keepBytes         = 64 << 10
)

// repeat has output, which layer n has computed with what emit appends, computed
// again on the way back.
func (c *compiler) repeat(n, output *nn.Node, emit func(name string, x, y *tensor)) {
	if !c.training {
		return
	}
	c.again[output.Index] = &again{compute: func() *tensor {
		x, y := c.inputAgain(n, 0), &tensor{size: n.Shape.Elements()}
		c.at.layer = n.Layer.Kind()
		emit(n.Name+" again", x, y)
		return y
	}}
}

// inputAgain is input for operations on the way back.
func (c *compiler) inputAgain(n *nn.Node, i int) *tensor { return c.outputAgain(n.Inputs[i]) }

// outputAgain is the tensor of a node's output for operations on the way back.
func (c *compiler) outputAgain(n *nn.Node) *tensor {
	for reshapes(n) {
		n = n.Inputs[0]
	}
	a := c.again[n.Index]
	if a == nil {
		return c.values[n.Index]
	}
	if a.value == nil {
		at := c.at
		a.value = a.compute()
		c.at = at
	}
	return a.value
}

// reshapes says that a node's output is its input, seen in another shape.
func reshapes(n *nn.Node) bool {
	switch n.Layer.(type) {
	case nn.Flatten, nn.Reshape:
		return true
	}
	return false
}

// onlyUse says that nothing but a node uses its i-th input, nor what that is in
// another shape.
func (c *compiler) onlyUse(n *nn.Node, i int) bool {
	in := n.Inputs[i]
	for reshapes(in) && len(c.users[in.Index]) == 1 {
		in = in.Inputs[0]
	}
	return len(c.users[in.Index]) == 1
}

// inPlace returns the tensor of a node's i-th input for the node's own output, if
// nothing else looks at it, and otherwise a new one.
func (c *compiler) inPlace(n *nn.Node, i int) *tensor {
	if !c.onlyUse(n, i) {
		return c.value(n)
	}
	switch n.Inputs[i].Layer.(type) {
	case nn.Conv2D, nn.Linear, nn.Add, nn.Concat, nn.BatchNorm, nn.MaxPool, nn.AvgPool, nn.GlobalAvgPool, nn.Upsample, nn.Scale:
		if !c.lateActivation(n.Inputs[i]) {
			c.values[n.Index] = c.input(n, i)
			return c.values[n.Index]
		}
	}
	return c.value(n) // the input's gradient sees its output, or it is no tensor of its own
}

// allocateGradients decides which nodes' outputs need a gradient: those that a
// parameter in training lies before.
func (c *compiler) allocateGradients() {
	for _, n := range c.plan.graph.Nodes {
		needed := false
		for _, p := range n.Params {
			needed = needed || c.trains(p)
		}
		for _, in := range n.Inputs {
			needed = needed || c.gradients[in.Index] != nil
		}
		if !needed {
			continue
		}
		c.gradients[n.Index] = c.sharedGradient(n)
		if c.gradients[n.Index] == nil {
			c.gradients[n.Index] = &tensor{size: n.Shape.Elements()}
		}
	}
}

// sharedGradient returns the gradient of a node's input if that of its output can
// be turned into it in place, or is the same.
func (c *compiler) sharedGradient(n *nn.Node) *tensor {
	switch n.Layer.(type) {
	case nn.Flatten, nn.Reshape:
		return c.inputGradient(n, 0)
	case nn.Activation, nn.Dropout, nn.Softmax, nn.BatchNorm, nn.Scale:
		if c.onlyUse(n, 0) {
			return c.inputGradient(n, 0)
		}
	case nn.Add:
		return c.sharedSumGradient(n)
	}
	return nil
}

// sharedSumGradient is sharedGradient for a sum: the gradient of the first input
// that has no other use.
func (c *compiler) sharedSumGradient(n *nn.Node) *tensor {
	for i := range n.Inputs {
		if dx := c.inputGradient(n, i); dx != nil && c.onlyUse(n, i) {
			return dx
		}
	}
	return nil
}

// inputGradient is the gradient of a node's i-th input, nil where none is needed.
func (c *compiler) inputGradient(n *nn.Node, i int) *tensor { return c.gradients[n.Inputs[i].Index] }

// begin says whether a contribution to gradient t adds to others (true) or is
// the first, which overwrites.
func begin(t *tensor) (accumulate bool) {
	accumulate = t.started
	t.started = true
	return accumulate
}

// beginCleared is begin for operations that can only add: before the first
// contribution it emits one that clears the gradient.
func (c *compiler) beginCleared(t *tensor) {
	if !begin(t) {
		c.emit("clear", func(w *worker, s span) { clear(t.of(w, s)) }, t)
	}
}

// contribute calls emit for where operations that can only overwrite put their
// contribution to gradient t: t itself if it is the first one, else a tensor that
// is then added to it.
func (c *compiler) contribute(t *tensor, emit func(dst *tensor)) {
	if !begin(t) {
		emit(t)
		return
	}
	part := &tensor{size: t.size}
	emit(part)
	c.emit("add gradient", func(w *worker, s span) { kernel.Add(t.of(w, s), part.of(w, s)) }, t, part)
}

// transform is contribute for a node whose output's gradient may be that of its
// input in place.
func (c *compiler) transform(n *nn.Node, emit func(dst *tensor)) {
	dx := c.inputGradient(n, 0)
	switch dx {
	case nil:
	case c.gradients[n.Index]:
		emit(dx)
	default:
		c.contribute(dx, emit)
	}
}

// forward lowers every node and returns what emits their backward operations, in
// node order.
func (c *compiler) forward() ([]func(), error) {
	var backwards []func()
	c.heavyFrom = heavyFrom(c.plan.graph)
	for _, n := range c.plan.graph.Nodes {
		c.together = n.Index >= c.heavyFrom
		c.at = part{Forward, n.Layer.Kind()}
		backward, err := c.lower(n)
		if err != nil {
			return nil, err
		}
		backwards = append(backwards, backward)
	}
	return backwards, nil
}

// backward emits the backward operations from the last node to the first.
func (c *compiler) backward(backwards []func()) {
	for i := len(backwards) - 1; i >= 0; i-- {
		g := c.gradients[i]
		if backwards[i] != nil && g != nil && g.started {
			c.at, c.together = part{Backward, c.plan.graph.Nodes[i].Layer.Kind()}, i >= c.heavyFrom
			backwards[i]()
		}
	}
}

// lower emits a node's forward operations and returns what emits its backward
// ones; nil where there are none.
func (c *compiler) lower(n *nn.Node) (backward func(), err error) {
	if c.values[n.Index] != nil {
		return nil, nil // by a node before it
	}
	switch l := n.Layer.(type) {
	case nn.Input:
		c.lowerInput(n)
		return nil, nil
	case nn.Normalize:
		return c.lowerNormalize(n), nil
	case nn.Conv2D:
		return c.lowerConv(n, l.Normalized()), nil
	case nn.Linear:
		return c.lowerLinear(n), nil
	case nn.BatchNorm:
		return c.lowerBatchNorm(n, l.Normalized()), nil
	case nn.Activation:
		return c.lowerActivation(n, l)
	case nn.MaxPool:
		l = l.Normalized()
		return c.lowerMaxPool(n, windowOf(n, l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape))), nil
	case nn.AvgPool:
		l = l.Normalized()
		return c.lowerAvgPool(n, averagingOf(n, windowOf(n, l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape)).gather())), nil
	case nn.GlobalAvgPool:
		return c.lowerAvgPool(n, averagingOf(n, wholeImage(n.Inputs[0].Shape))), nil
	case nn.Dropout:
		return c.lowerDropout(n, l), nil
	case nn.Flatten, nn.Reshape:
		c.values[n.Index] = c.input(n, 0)
		return nil, nil
	case nn.Add:
		return c.lowerAdd(n), nil
	case nn.Concat:
		return c.lowerConcat(n), nil
	case nn.Softmax:
		return c.lowerSoftmax(n), nil
	case nn.Upsample:
		return c.lowerUpsample(n, l), nil
	case nn.Scale:
		return c.lowerScale(n, l), nil
	case nn.MeanSquaredError:
		return c.lowerMeanSquaredError(n), nil
	}
	return nil, fmt.Errorf("the engine has no operations for layer %s (%s)", n.Name, n.Layer.Kind())
}

func windowOf(n *nn.Node, kernel, stride int, pads nn.Pads) window {
	return window{in: n.Inputs[0].Shape, out: n.Shape, kernel: kernel, stride: stride, padY: pads.Top, padX: pads.Left}
}
