package engine

import (
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Step is one batch and how to learn from it.
type Step struct {
	Number       int       // counts from 1 over the whole training
	Epoch        uint32    // for the addresses of random numbers
	Position     uint32    // of the first example in the epoch
	Images       []uint8   // [N,H,W,C]
	Targets      []float32 // [N,TargetSize]
	Weights      []float32 // [N], of the examples in the loss, finite and at least 0; nil: all are 1
	LearningRate float32
	WeightDecay  float32
	GradientClip float32 // largest Euclidean norm of the gradient; 0 means none
}

// Result is what a step measured before it changed the parameters.
type Result struct {
	LossSum      float64 // over the examples, each times its weight
	WeightSum    float64 // of the examples; 0 where the step has no weights
	FigureSum    float64 // of TrainerOptions.Figure, over the examples
	GradientNorm float64 // Euclidean, before clipping
}

// NonFiniteError says that a step met an infinity or NaN; the parameters are
// those before the step.
type NonFiniteError struct {
	What  string // "loss", "gradient", or "mean" or "variance in" a normalisation
	Value float64
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("the %s is not finite (%v): lower the learning rate or set a gradient clip", e.What, e.Value)
}

// Step runs forward, backward and update on one batch of 1 to BatchSize
// examples. On a *NonFiniteError nothing has changed.
func (t *Trainer) Step(s Step) (Result, error) {
	t.begin(s)
	t.plan.execute()
	result := t.losses()
	if !isFinite(result.LossSum) {
		return result, &NonFiniteError{"loss", result.LossSum}
	}
	pool := t.plan.pool
	pool.run(len(t.blocks)+len(t.slots.statistics), t.collect)
	result.GradientNorm = math.Sqrt(kernel.Sum64(t.squares))
	if err := t.checkFinite(result.GradientNorm); err != nil {
		return result, err
	}
	t.scale = clipScale(result.GradientNorm, s.GradientClip)
	for i := range t.groups {
		t.updating = &t.groups[i]
		t.options.Optimizer.Begin(s.Number, s.LearningRate*t.updating.share, s.WeightDecay)
		pool.run(len(t.updating.blocks), t.update)
	}
	for _, n := range t.norms {
		n.updateRunning(t.slots, len(t.plan.shards))
	}
	return result, nil
}

// begin makes s the present batch.
func (t *Trainer) begin(s Step) {
	p := t.plan
	p.count = len(s.Targets) / t.options.TargetSize
	if p.count < 1 || p.count > t.options.BatchSize || len(s.Targets) != p.count*t.options.TargetSize || len(s.Images) != p.count*p.graph.Input().Shape.Elements() {
		panic(fmt.Sprintf("engine: %d bytes of images and %d targets do not make a batch of at most %d", len(s.Images), len(s.Targets), t.options.BatchSize))
	}
	t.weigh(s.Weights)
	p.images, p.targets = s.Images, s.Targets
	p.shards = cutBatch(p.shards, p.count, t.options.ShardSize)
	t.step.epoch, t.step.position = s.Epoch, s.Position
}

// losses adds up the examples' losses and figures.
func (t *Trainer) losses() Result {
	r := Result{LossSum: kernel.Sum64(t.values[:t.plan.count]), WeightSum: t.weightSum}
	if t.figures != nil {
		r.FigureSum = kernel.Sum64(t.figures[:t.plan.count])
	}
	return r
}

// checkFinite looks at what the step is about to use, before it uses it.
func (t *Trainer) checkFinite(gradientNorm float64) error {
	if !isFinite(gradientNorm) {
		return &NonFiniteError{"gradient", gradientNorm}
	}
	for _, n := range t.norms {
		if err := n.check(t.slots); err != nil {
			return err
		}
	}
	return nil
}

func clipScale(norm float64, clip float32) float32 {
	if clip > 0 && norm > float64(clip) {
		return float32(float64(clip) / norm)
	}
	return 1
}

func isFinite(v float64) bool { return v-v == 0 }
