package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// Phase is a part of a training step.
type Phase string

// The phases. Inference is Forward alone. Backward includes the loss and what is
// derived from weights for gradients alone; Update begins with the sum of what the
// shards contributed.
const (
	Forward  Phase = "forward"
	Backward Phase = "backward"
	Update   Phase = "update"
)

// part says what an operation is done for.
type part struct {
	phase Phase
	layer string // kind of the layer, "" where it belongs to none
}

// Operation is one operation of a plan with the time that all workers together
// have spent in it.
type Operation struct {
	Name  string // the layer's, with what is done for it
	Layer string // kind of the layer, "" where it belongs to none
	Phase Phase
	Time  time.Duration
}

// Profile times operations. Without one a plan reads no clock.
type Profile struct{ operations []*timedOperation }

type timedOperation struct {
	Operation
	spent atomic.Int64 // nanoseconds
}

// Operations lists what took time since the last Reset, the longest first.
func (p *Profile) Operations() []Operation {
	var list []Operation
	for _, o := range p.operations {
		if spent := o.spent.Load(); spent > 0 {
			o.Time = time.Duration(spent)
			list = append(list, o.Operation)
		}
	}
	slices.SortStableFunc(list, func(a, b Operation) int { return cmp.Compare(b.Time, a.Time) })
	return list
}

// Reset forgets all times.
func (p *Profile) Reset() {
	for _, o := range p.operations {
		o.spent.Store(0)
	}
}

// add returns what counts the time of an operation since a moment.
func (p *Profile) add(name string, at part) func(since time.Time) {
	o := &timedOperation{Operation: Operation{Name: name, Layer: at.layer, Phase: at.phase}}
	p.operations = append(p.operations, o)
	return func(since time.Time) { o.spent.Add(int64(time.Since(since))) }
}

// task is a task of a pool with its time taken.
func (p *Profile) task(name string, phase Phase, task func(w *worker, i int)) func(w *worker, i int) {
	count := p.add(name, part{phase: phase})
	return func(w *worker, i int) {
		started := time.Now()
		task(w, i)
		count(started)
	}
}

// watch times every operation of a plan from now on.
func (p *Profile) watch(plan *plan) {
	for _, o := range plan.prepare {
		p.wrap(o)
	}
	for _, s := range plan.segments {
		for _, g := range s.groups {
			for _, o := range g.ops {
				p.wrap(o)
			}
		}
	}
}

func (p *Profile) wrap(o *op) {
	run, count := o.run, p.add(o.name, o.part)
	o.run = func(w *worker, s span) {
		started := time.Now()
		run(w, s)
		count(started)
	}
}

// Profile times every operation from now on, for some hundred nanoseconds each
// time it is done. Call it once.
func (t *Trainer) Profile() *Profile {
	p := &Profile{}
	p.watch(t.plan)
	t.collect = p.task("sum and norm of the gradient", Update, t.collect)
	t.update = p.task("optimizer", Update, t.update)
	return p
}

// Profile is Trainer.Profile for inference.
func (p *Inference) Profile() *Profile {
	profile := &Profile{}
	profile.watch(p.plan)
	return profile
}

// Memory is what a compiled plan has allocated, in bytes. Parameters and turned or
// folded copies of them are not counted.
type Memory struct {
	Activations int // arenas: values, their gradients, masks, scratch
	Gradients   int // of parameters, with the contributions of every shard
	State       int // of the optimizer
}

// Total is the sum of all parts.
func (m Memory) Total() int { return m.Activations + m.Gradients + m.State }

const floatSize = 4 // bytes

func (a arena) size() int { return floatSize*len(a.values) + len(a.bytes) }

func (p *plan) memory() int {
	sum := p.batch.size()
	for _, w := range p.pool.workers {
		sum += w.arena.size() + floatSize*len(w.scratch)
	}
	for _, c := range p.crews {
		sum += c.arena.size()
	}
	return sum
}

// Memory says what the trainer has allocated.
func (t *Trainer) Memory() Memory {
	return Memory{
		Activations: t.plan.memory(),
		Gradients:   floatSize * (len(t.gradient) + t.slots.size*len(t.slots.of)),
		State:       floatSize * len(t.state) * t.params.Trainable,
	}
}

// Memory says what the plan has allocated.
func (p *Inference) Memory() Memory { return Memory{Activations: p.plan.memory()} }

// MultiplyAdds counts the fused multiply-adds of one example in a training step:
// those of the forward pass, and as many again for each of a layer's two gradients
// that are needed. Layers without weights count for nothing.
func (t *Trainer) MultiplyAdds() int { return t.multiplyAdds }

// multiplyAdds is counted once it is known which gradients are needed.
func (c *compiler) multiplyAdds() int {
	sum := 0
	for _, n := range c.plan.graph.Nodes {
		times := 1
		for i := range n.Inputs {
			if c.inputGradient(n, i) != nil {
				times++
			}
		}
		if len(n.Params) > 0 && c.trains(n.Params[0]) {
			times++
		}
		sum += times * n.Layer.MultiplyAdds(n.InputShapes())
	}
	return sum
}
