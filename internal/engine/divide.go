package engine

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// Where there are fewer images than workers, inference divides single operations:
// each worker computes a part of the output pixels of every image, or of the
// columns of a matrix. Every output is a chain of its own, so that no bit depends
// on it.

// Work below which waiting for each other costs more than it gains, for one
// image: some microseconds.
const (
	worthMultiplyAdds = 1 << 18
	worthValues       = 1 << 15
)

// emitDivisible appends an operation that can be divided by its units; worth says
// whether it should be. It returns the operation.
func (c *compiler) emitDivisible(name string, units int, worth bool, run func(w *worker, s span), uses ...*tensor) *op {
	o := c.emit(name, run, uses...)
	o.units, o.worth = units, worth
	return o
}

// emitPointwise appends y = f(x) for tensors of one shape.
func (c *compiler) emitPointwise(name string, shape nn.Shape, f func(y, x []float32), y, x *tensor) {
	o := c.emitOnPixels(name, shape, func(w *worker, s span) { f(y.part(w, s), x.part(w, s)) }, y, x)
	o.worth = y.size >= worthValues
}

// share is the span of one of several equal parts of an example's n units, which may
// be empty.
func (s span) share(index, parts, n int) span {
	s.from, s.to = n*index/parts, n*(index+1)/parts
	return s
}

// stage is a number of operations that workers can do one after the other on
// their shares without waiting for each other, or one that is not divided.
type stage []*op

func (s stage) divided() bool { return s[0].worth && s[0].divisible() }

// takes says that a worker may go on with an operation while others are still at
// those of the stage: it reads what the worker itself has computed, and writes
// where no operation of the stage has anything else.
func (s stage) takes(o *op) bool {
	if !s.divided() || !o.pointwise() || o.units != s[0].units {
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

// stages cuts the operations of a group.
func (g *group) stages() []stage {
	var list []stage
	for _, o := range g.ops {
		last := len(list) - 1
		if last >= 0 && list[last].takes(o) {
			list[last] = append(list[last], o)
		} else {
			list = append(list, stage{o})
		}
	}
	return list
}

// divider runs a plan for inference with divided operations.
type divider struct {
	plan   *plan
	stages [][]stage // of every group

	stage stage // at hand
	span  span
	task  func(w *worker, i int)
}

func newDivider(p *plan) *divider {
	d := &divider{plan: p}
	for i := range p.segments {
		for j := range p.segments[i].groups {
			d.stages = append(d.stages, p.segments[i].groups[j].stages())
		}
	}
	first := p.pool.workers[0] // whose memory all use
	d.task = func(_ *worker, i int) {
		for _, o := range d.stage {
			if part := d.span.share(i, len(p.pool.workers), o.units); part.from < part.to {
				o.run(first, part)
			}
		}
	}
	return d
}

// execute runs the plan on the present batch, which is one shard, image by image.
func (d *divider) execute() {
	shard := d.plan.shards[0]
	for _, stages := range d.stages {
		for at := range shard.count {
			d.span = span{first: shard.first + at, count: 1, within: at}
			for _, d.stage = range stages {
				d.run()
			}
		}
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
