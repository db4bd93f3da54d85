package engine

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Loss turns a network's outputs into one value per example and its gradient.
type Loss interface {
	// Evaluate computes, for n rows, values [n] and gradient [n,width] =
	// scale * d value / d outputs, from outputs [n,width] and as many targets, each
	// of the size that the trainer was made for.
	Evaluate(values, gradient, outputs, targets []float32, width int, scale float32)
}

// Optimizer is an elementwise rule that moves parameters against a gradient, so
// that any partition of them gives the same bits.
type Optimizer interface {
	// Slots names the state arrays, each as long as the parameters.
	Slots() []string
	// Begin is called once before a step; step counts from 1.
	Begin(step int, learningRate, weightDecay float32)
	// Apply updates a range of parameters and its state; decay says whether
	// weight decay applies to it.
	Apply(parameters, gradient []float32, slots [][]float32, decay bool)
}

// TrainerOptions are the settings of a Trainer that the graph does not hold.
type TrainerOptions struct {
	BatchSize int      // most examples of a step
	ShardSize int      // examples of a shard
	Workers   int      // goroutines
	Seed      uint64   // of dropout
	Frozen    []string // prefixes of the names of parameters that do not change
	// FixedNorms has every batch normalisation normalise to its running averages, which
	// do not move. Its weight and bias are trained on. The gradient of its input is
	// dy * weight / sqrt(variance + Epsilon).
	FixedNorms bool
	Loss       Loss
	Optimizer  Optimizer

	// TargetSize is the number of values of an example's target; 0 means as many as
	// the network's output has.
	TargetSize int
	// Figure is what else is measured of each example: an output, of as many values as
	// the network's has, beside its target. Where it is nil, Result.FigureSum is 0.
	Figure func(output, target []float32) float64

	portionBytes int  // instead of cacheBudget, in tests
	joinAnyway   bool // though shards take less than worthJoining, in tests
	keepNothing  bool // as if all outputs were larger than keepBytes, in tests
}

func (o *TrainerOptions) budget() int {
	if o.portionBytes > 0 {
		return o.portionBytes
	}
	return cacheBudget
}

func (o *TrainerOptions) keep() int {
	if o.keepNothing {
		return 0
	}
	return keepBytes
}

// Trainer is a graph compiled for training. It owns the optimizer's state and
// changes the parameters that it was made with. It is used by one goroutine at a
// time; Close ends its workers.
type Trainer struct {
	plan      *plan
	params    *nn.Parameters
	options   TrainerOptions // with every default in place
	width     int            // values of an example's output
	gradient  []float32
	state     [][]float32 // one array for each of the optimizer's slots
	slots     *slots
	norms     []*norm
	refreshes []func()
	step      *stepAddress

	multiplyAdds int // of one example

	weights   []float32 // of the examples of the batch; nil: all are 1
	weightSum float64

	values  []float32 // loss of each example of the batch
	figures []float64 // of each example of the batch; nil where none are wanted
	blocks  []block   // of the trainable parameters
	squares []float64 // of each block's gradient
	scale   float32   // of the gradient, for clipping

	average []float32 // see Average
	rate    float32

	collect, update, moveAverage func(w *worker, i int)
}

// block is a run of one parameter's values.
type block struct {
	first, last int
	decay       bool
	slot        int // where the shards have its gradient; -1 where it is one chain over the batch
}

// updateBlock is the number of parameters that one task updates. The sum of
// squares of the gradient is formed per block, so it is part of the contract.
const updateBlock = 4096

// NewTrainer compiles g, whose last node is the output that the loss sees, of any
// shape [H,W,C]. The parameters must serve g.
func NewTrainer(g *nn.Graph, params *nn.Parameters, o TrainerOptions) (*Trainer, error) {
	if err := checkSizes(g, o); err != nil {
		return nil, err
	}
	o.TargetSize = cmp.Or(o.TargetSize, g.Output().Shape.Elements())
	shard := largestShard(o.BatchSize, o.ShardSize)
	c := &compiler{
		plan: &plan{graph: g, pool: newPool(o.Workers)}, params: params, training: true, frozen: o.Frozen, fixedNorms: o.FixedNorms,
		batch: o.BatchSize, shard: shard, keep: o.keep(), dropout: rng.NewKey(o.Seed, rng.Dropout),
		values: make([]*tensor, len(g.Nodes)), users: g.Users(), again: map[int]*again{}, gradients: make([]*tensor, len(g.Nodes)),
		slots: &slots{gradients: map[*nn.Param]int{}}, gradient: alignedFloats(params.Trainable), step: &stepAddress{},
	}
	t := &Trainer{
		plan: c.plan, params: params, options: o, width: g.Output().Shape.Elements(), gradient: c.gradient,
		slots: c.slots, step: c.step, values: make([]float32, o.BatchSize),
	}
	if o.Figure != nil {
		t.figures = make([]float64, o.BatchSize)
	}
	for range o.Optimizer.Slots() {
		t.state = append(t.state, alignedFloats(params.Trainable))
	}
	if err := t.compile(c); err != nil {
		c.plan.pool.close()
		return nil, err
	}
	return t, nil
}

func checkSizes(g *nn.Graph, o TrainerOptions) error {
	if err := g.Err(); err != nil {
		return err
	}
	if err := checkFrozen(g, o.Frozen); err != nil {
		return err
	}
	if o.BatchSize < 1 || o.ShardSize < 1 || o.Workers < 1 {
		return fmt.Errorf("batch size %d, shard size %d, workers %d: want at least 1 each", o.BatchSize, o.ShardSize, o.Workers)
	}
	if o.TargetSize < 0 {
		return fmt.Errorf("targets of %d values: want at least 1, or 0 for as many as the output has", o.TargetSize)
	}
	for _, n := range g.Nodes {
		if n.Shape.Elements() > math.MaxInt32/o.BatchSize {
			return fmt.Errorf("layer %s makes %v for each of %d examples, more than can be addressed: use a smaller batch or image", n.Name, n.Shape, o.BatchSize)
		}
	}
	return nil
}

// checkFrozen finds prefixes that no parameter has: misspelt ones, most likely.
func checkFrozen(g *nn.Graph, prefixes []string) error {
	for _, prefix := range prefixes {
		matches := func(p *nn.Param) bool { return nn.Frozen([]string{prefix}, p.Name) }
		if !slices.ContainsFunc(g.Params, matches) {
			return fmt.Errorf("cannot freeze %q: no parameter's name begins so; the first is %s", prefix, g.Params[0].Name)
		}
	}
	return nil
}

func (t *Trainer) compile(c *compiler) error {
	c.allocateGradients()
	t.multiplyAdds = c.multiplyAdds()
	backwards, err := c.forward()
	if err != nil {
		return err
	}
	out := len(c.plan.graph.Nodes) - 1
	if c.gradients[out] == nil {
		return errors.New("nothing to train: every parameter is frozen")
	}
	t.emitLoss(c, c.values[out], c.gradients[out])
	c.backward(backwards)
	shards := len(cutBatch(nil, c.batch, t.options.ShardSize))
	c.emitLateGradients(shards)
	portion := c.shard
	if t.options.joinAnyway || t.multiplyAdds*t.options.ShardSize >= worthJoining {
		portion = c.plan.formCrews(c.shard, shards)
	}
	c.plan.segments = schedule(c.ops, t.options.budget(), portion)
	c.plan.allocate(c.batch, c.shard, c.scratch)
	c.plan.bind()
	c.slots.allocate(shards)
	t.norms, t.refreshes = c.norms, c.refreshes
	t.cutParameters(c)
	t.bindUpdate()
	return nil
}

// emitLoss appends the operation between forward and backward.
func (t *Trainer) emitLoss(c *compiler, outputs, gradient *tensor) {
	begin(gradient)
	c.at = part{phase: Backward}
	width, size := t.width, t.options.TargetSize
	c.emit("loss", func(w *worker, s span) {
		rows, targets := outputs.of(w, s), w.plan.targets[s.first*size:][:s.count*size]
		values := t.values[s.first:][:s.count]
		if t.weights == nil {
			t.options.Loss.Evaluate(values, gradient.of(w, s), rows, targets, width, 1/float32(w.plan.count))
		} else {
			t.weightedLoss(values, gradient.of(w, s), rows, targets, t.weights[s.first:])
		}
		if t.figures == nil {
			return
		}
		for i := range values {
			t.figures[s.first+i] = t.options.Figure(rows[i*width:][:width], targets[i*size:][:size])
		}
	}, outputs, gradient)
}

// cutParameters cuts what training changes into blocks for the update.
func (t *Trainer) cutParameters(c *compiler) {
	for _, p := range c.plan.graph.Params {
		if !c.trains(p) {
			continue
		}
		slot, inSlots := t.slots.gradients[p]
		end := p.Offset + p.Elements()
		for first := p.Offset; first < end; first += updateBlock {
			b := block{first, min(first+updateBlock, end), p.Decay, -1}
			if inSlots {
				b.slot = slot + first - p.Offset
			}
			t.blocks = append(t.blocks, b)
		}
	}
	t.squares = make([]float64, len(t.blocks))
}

func (t *Trainer) bindUpdate() {
	t.collect = func(_ *worker, i int) {
		shards := len(t.plan.shards)
		if i >= len(t.blocks) {
			t.slots.sum(t.slots.statistics[i-len(t.blocks)], shards)
			return
		}
		b := t.blocks[i]
		gradient := t.gradient[b.first:b.last]
		if b.slot >= 0 {
			copy(gradient, t.slots.sum(slotRange{b.slot, len(gradient)}, shards))
		}
		t.squares[i] = kernel.SumSquares(gradient)
	}
	views := make([][][]float32, len(t.blocks))
	for i, b := range t.blocks {
		for _, s := range t.state {
			views[i] = append(views[i], s[b.first:b.last])
		}
	}
	t.update = func(_ *worker, i int) {
		b := t.blocks[i]
		gradient := t.gradient[b.first:b.last]
		if t.scale != 1 {
			kernel.Scale(gradient, t.scale)
		}
		t.options.Optimizer.Apply(t.params.Values[b.first:b.last], gradient, views[i], b.decay)
	}
	t.moveAverage = func(_ *worker, i int) {
		first, last := i*updateBlock, min((i+1)*updateBlock, len(t.average))
		kernel.MovingAverage(t.average[first:last], t.params.Values[first:last], t.rate)
	}
}

// Gradient returns the gradient of one parameter as the last step used it, after
// clipping.
func (t *Trainer) Gradient(p *nn.Param) []float32 {
	return t.gradient[p.Offset:][:p.Elements()]
}

// State returns the optimizer's arrays in the order of its slots, each laid out
// like the trainable parameters. They may be changed between steps, to resume.
func (t *Trainer) State() [][]float32 { return t.state }

// Refresh must be called after the parameters were changed by other than Step.
func (t *Trainer) Refresh() {
	for _, f := range t.refreshes {
		f()
	}
}

// Average moves average, which is laid out like all parameters, towards them by
// the share rate: average += rate * (parameters - average).
func (t *Trainer) Average(average []float32, rate float32) {
	t.average, t.rate = average[:len(t.params.Values)], rate
	t.plan.pool.run(blocks(len(average), updateBlock), t.moveAverage)
}

// Close ends the workers.
func (t *Trainer) Close() { t.plan.pool.close() }
