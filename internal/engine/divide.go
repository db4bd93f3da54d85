package engine

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// Where there are fewer images than workers, inference divides single operations:
// each worker computes a part of the output pixels of every image, or of the
// columns of a matrix. Every output is a chain of its own, so that no bit depends
// on it.

// share is one of several equal parts of an operation.
type share struct{ index, parts int }

// everything is the share of an operation that is not divided.
var everything = share{0, 1}

// of returns the first of n outputs that the share has and the first that it has
// no more.
func (h share) of(n int) (first, last int) {
	return n * h.index / h.parts, n * (h.index + 1) / h.parts
}

// Work below which waiting for each other costs more than it gains, for one
// image: some microseconds.
const (
	worthMultiplyAdds = 1 << 18
	worthValues       = 1 << 15
)

// emitDivisible appends an operation that can be divided, by the pixels of its
// output or, where pixels is 0, by others of its outputs; worth says whether it
// should be. It returns the operation.
func (c *compiler) emitDivisible(name string, pixels int, worth bool, run func(w *worker, s span, h share), uses ...*tensor) *op {
	o := &op{
		name: name, run: func(w *worker, s span) { run(w, s, everything) }, uses: uses,
		divided: run, worth: worth, pixels: pixels,
	}
	c.append(o)
	return o
}

// emitPointwise appends y = f(x) for tensors of one shape. It reads only the pixels
// that it writes.
func (c *compiler) emitPointwise(name string, shape nn.Shape, f func(y, x []float32), y, x *tensor) {
	pixels := shape.H * shape.W
	o := c.emitDivisible(name, pixels, shape.Elements() >= worthValues, func(w *worker, s span, h share) {
		out, in := y.of(w, s), x.of(w, s)
		if h == everything {
			f(out, in)
			return
		}
		first, last := h.of(pixels)
		for i := range s.count {
			at := i * y.size
			f(out[at+first*shape.C:at+last*shape.C], in[at+first*shape.C:at+last*shape.C])
		}
	}, x, y)
	o.pointwise = true
}

// stage is a number of operations that workers can do one after the other on
// their shares without waiting for each other, or one that is not divided.
type stage []*op

func (s stage) divided() bool { return s[0].divided != nil && s[0].worth }

// takes says that a worker may go on with an operation while others are still at
// those of the stage: it reads what the worker itself has computed, and writes
// where no operation of the stage has anything else. It never overwrites what the
// stage reads from neighbouring pixels, since inPlace wants a tensor's only use.
func (s stage) takes(o *op) bool {
	if !s.divided() || !o.pointwise || o.pixels != s[0].pixels {
		return false
	}
	for _, other := range s {
		for _, u := range other.uses {
			if slices.ContainsFunc(o.uses, func(t *tensor) bool { return t != u && t.meets(u) }) {
				return false
			}
		}
	}
	return true
}

// cutStages finds the stages of a group.
func (g *group) cutStages() {
	g.stages, g.stageBudget = nil, stageBudget
	for _, o := range g.ops {
		last := len(g.stages) - 1
		if last >= 0 && g.stages[last].takes(o) {
			g.stages[last] = append(g.stages[last], o)
		} else {
			g.stages = append(g.stages, stage{o})
		}
	}
}

// stageBudget is the memory, in bytes, that a share of an image may take in a stage of several
// operations: so that what a convolution leaves of it is still near the processor when an
// activation changes it.
const stageBudget = 64 << 10

// run takes a portion of a shard through a stage, in shares of so many bytes.
func (s stage) run(w *worker, portion span, budget int) {
	parts := 1
	if len(s) > 1 && !s[0].together {
		parts = min(blocks(floatSize*s[0].output().size*portion.count, budget), s[0].pixels)
	}
	if parts == 1 {
		for _, o := range s {
			o.run(w, portion)
		}
		return
	}
	for i := range parts {
		for _, o := range s {
			o.divided(w, portion, share{i, parts})
		}
	}
}

// divider runs a plan for inference with divided operations.
type divider struct {
	plan    *plan
	groups  []*group
	workers []*worker // one for each share, with the tensors of the first

	stage stage // at hand
	span  span
	task  func(w *worker, i int)
}

func newDivider(p *plan) *divider {
	d := &divider{plan: p}
	for i := range p.segments {
		for j := range p.segments[i].groups {
			g := &p.segments[i].groups[j]
			g.cutStages()
			d.groups = append(d.groups, g)
		}
	}
	first := p.pool.workers[0] // whose tensors all use
	for _, w := range p.pool.workers {
		d.workers = append(d.workers, &worker{plan: p, crew: first.crew, arena: first.arena, scratch: w.scratch})
	}
	d.task = func(_ *worker, i int) {
		for _, o := range d.stage {
			o.divided(d.workers[i], d.span, share{i, len(d.workers)})
		}
	}
	return d
}

// execute runs the plan on the present batch, which is one shard.
func (d *divider) execute() {
	shard := d.plan.shards[0]
	for _, g := range d.groups {
		g.portions(shard, func(s span) {
			d.span = s
			for _, d.stage = range g.stages {
				d.run()
			}
		})
	}
}

func (d *divider) run() {
	pool := d.plan.pool
	if d.stage.divided() {
		pool.run(len(pool.workers), d.task)
		return
	}
	d.stage[0].run(pool.workers[0], d.span)
}
