package engine

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// wideWeights is the number of weights above which a fully connected layer's
// gradient is one chain over the whole batch instead of a tree over shards. It
// is part of the reproducibility contract.
const wideWeights = 1 << 16

// compiler lowers a graph node by node.
type compiler struct {
	plan     *plan
	params   *nn.Parameters
	training bool
	frozen   []string // prefixes of the names of parameters that do not change
	batch    int      // most examples of a batch
	shard    int      // most examples of a shard
	dropout  rng.Key

	at        part // what operations are emitted for
	ops       []*op
	values    []*tensor // output of each node
	gradients []*tensor // gradient of the loss with respect to it; nil where none is needed
	scratch   int       // largest need of an operation

	slots     *slots
	gradient  []float32 // of the trainable parameters, laid out like them
	dropouts  int
	foldInto  map[int]*nn.Node // node index -> the BatchNorm folded into it
	refreshes []func()         // remake what is derived from parameters
	norms     []*norm          // those with running averages to update
	step      *stepAddress
}

// stepAddress is where random numbers of the present step are found.
type stepAddress struct{ epoch, position uint32 }

// emit appends an operation on shards.
func (c *compiler) emit(name string, run func(w *worker, s span), uses ...*tensor) {
	c.ops = append(c.ops, &op{name: name, part: c.at, run: run, uses: uses})
}

// emitBatch appends an operation on the whole batch.
func (c *compiler) emitBatch(name string, tasks func(examples int) int, run func(w *worker, s span), uses ...*tensor) {
	c.ops = append(c.ops, &op{name: name, part: c.at, run: run, tasks: tasks, uses: uses})
}

// prepare appends an operation that is done once a step before all others.
func (c *compiler) prepare(name string, run func()) {
	c.plan.prepare = append(c.plan.prepare, &op{name: name, part: c.at, run: func(*worker, span) { run() }})
}

// needScratch makes room for n values in every worker's scratch space.
func (c *compiler) needScratch(n int) { c.scratch = max(c.scratch, n) }

// trains says whether training changes p.
func (c *compiler) trains(p *nn.Param) bool { return p.Trainable && !c.isFrozen(p) }

func (c *compiler) isFrozen(p *nn.Param) bool {
	for _, prefix := range c.frozen {
		if strings.HasPrefix(p.Name, prefix) {
			return true
		}
	}
	return false
}

// value makes the tensor of a node's output.
func (c *compiler) value(n *nn.Node) *tensor {
	t := &tensor{size: n.Shape.Elements()}
	c.values[n.Index] = t
	return t
}

// input is the tensor of a node's i-th input.
func (c *compiler) input(n *nn.Node, i int) *tensor { return c.values[n.Inputs[i].Index] }

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
		c.gradients[n.Index] = &tensor{size: n.Shape.Elements()}
		if _, alias := n.Layer.(nn.Flatten); alias && c.gradients[n.Inputs[0].Index] != nil {
			c.gradients[n.Index] = c.gradients[n.Inputs[0].Index]
		}
	}
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

// forward lowers every node and returns what emits their backward operations, in
// node order.
func (c *compiler) forward() ([]func(), error) {
	var backwards []func()
	for _, n := range c.plan.graph.Nodes {
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
			c.at = part{Backward, c.plan.graph.Nodes[i].Layer.Kind()}
			backwards[i]()
		}
	}
}

// lower emits a node's forward operations and returns what emits its backward
// ones; nil where there are none.
func (c *compiler) lower(n *nn.Node) (backward func(), err error) {
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
		return c.lowerMaxPool(n, windowOf(n, l.Kernel, l.Stride, l.Padding)), nil
	case nn.AvgPool:
		l = l.Normalized()
		return c.lowerAvgPool(n, averagingOf(n, windowOf(n, l.Kernel, l.Stride, l.Padding).gather())), nil
	case nn.GlobalAvgPool:
		return c.lowerAvgPool(n, averagingOf(n, wholeImage(n.Inputs[0].Shape))), nil
	case nn.Dropout:
		return c.lowerDropout(n, l), nil
	case nn.Flatten:
		c.values[n.Index] = c.input(n, 0)
		return nil, nil
	case nn.Add:
		return c.lowerAdd(n), nil
	case nn.Concat:
		return c.lowerConcat(n), nil
	case nn.Softmax:
		return c.lowerSoftmax(n), nil
	}
	return nil, fmt.Errorf("the engine has no operations for layer %s (%s)", n.Name, n.Layer.Kind())
}

func windowOf(n *nn.Node, kernel, stride, padding int) window {
	return window{in: n.Inputs[0].Shape, out: n.Shape, kernel: kernel, stride: stride, padding: padding}
}
