package engine

import (
	"runtime"
	"sync/atomic"
)

// crew is the workers that take one shard after the other through a segment. Mostly
// that is one worker. Where there are more workers than shards, those without a shard
// join a crew: portions of a shard are taken through a group by whoever is free, and
// an operation that adds up over a shard waits for its turn, so that no bit depends on
// who does what.
type crew struct {
	arena arena // the tensors of the shard

	at       atomic.Uint64  // the portion that is to be taken next; see position
	members  atomic.Int64   // workers that have joined for the segment
	finished atomic.Int64   // portions of the group
	turns    []atomic.Int64 // of each operation of the group: the portion that may do it, if it is ordered
}

// position is a portion of a group, packed into 64 bits: the index of the shard, of the
// group in the segment, and of the portion.
type position uint64

const (
	positionBits = 20
	positionMask = 1<<positionBits - 1

	// ended is the position of a crew that has no more shards.
	ended = ^position(0)
)

func positionOf(shard, group int) position {
	return position(shard)<<(2*positionBits) | position(group)<<positionBits
}

func (p position) shard() int   { return int(p >> (2 * positionBits)) }
func (p position) group() int   { return int(p >> positionBits & positionMask) }
func (p position) portion() int { return int(p & positionMask) }

// newCrews makes a crew for each shard that is worked on at a time. It returns nil where
// workers that take shards of their own are hardly ever idle: where shards go round
// evenly, or often.
func newCrews(workers, shards int) []*crew {
	if shards%workers == 0 || shards >= fewRounds*workers {
		return nil
	}
	crews := make([]*crew, min(workers, shards))
	for i := range crews {
		crews[i] = &crew{}
	}
	return crews
}

const (
	// fewRounds is the number of shards for each worker above which the last round does
	// not matter.
	fewRounds = 2
	// worthJoining is the number of multiply-adds of a shard below which workers would
	// wait for each other for longer than they help.
	worthJoining = 1 << 25
	// memberPortions is the number of portions of a shard for each worker of a crew, so
	// that none waits for long at the end of a group.
	memberPortions = 4
	// handOver is how often a worker looks whether a portion is taken by the one that had
	// it in the group before, until it takes that itself: what is in one core's cache is
	// far from the others.
	handOver = 256
)

// formCrews has workers share shards, of up to so many examples, where some would be
// idle, and returns the most examples of a portion.
func (p *plan) formCrews(shard, shards int) (portion int) {
	workers := len(p.pool.workers)
	p.crews = newCrews(workers, shards)
	if p.crews == nil {
		return shard
	}
	return max(1, shard/(memberPortions*blocks(workers, len(p.crews))))
}

// allocateCrews gives every crew and worker its memory.
func (p *plan) allocateCrews(inShard, inGroup []*tensor) {
	shard, portion := layOutArena(inShard), layOutArena(inGroup)
	operations := 0
	for _, s := range p.segments {
		for _, g := range s.groups {
			operations = max(operations, len(g.ops))
		}
	}
	for _, c := range p.crews {
		c.arena, c.turns = shard.arena(), make([]atomic.Int64, operations)
	}
	for _, w := range p.pool.workers {
		w.arena = portion.arena()
	}
}

// join works with a crew until it has no more shards. Any number of workers can join,
// at any time.
func (c *crew) join(w *worker) {
	if position(c.at.Load()) == ended {
		return
	}
	w.crew = c
	own := int(c.members.Add(1)) - 1
	patience := handOver
	for {
		at := position(c.at.Load())
		if at == ended {
			return
		}
		g, shard := &w.plan.current.groups[at.group()], w.plan.shards[at.shard()]
		count := g.portionsOf(shard)
		if at.portion() == count {
			c.wait(func() bool { return position(c.at.Load()) != at })
			continue
		}
		if count > 1 && patience > 0 && at.portion()%int(c.members.Load()) != own {
			patience--
			continue
		}
		patience = handOver
		if !c.at.CompareAndSwap(uint64(at), uint64(at+1)) {
			continue
		}
		c.take(w, g, g.part(shard, at.portion()), at.portion())
		if int(c.finished.Add(1)) == count {
			c.advance(w.plan, at)
		}
	}
}

// take does the operations of a group on a portion.
func (c *crew) take(w *worker, g *group, s span, portion int) {
	for i, o := range g.ops {
		if o.ordered {
			c.wait(func() bool { return int(c.turns[i].Load()) == portion })
		}
		o.run(w, s)
		if o.ordered {
			c.turns[i].Store(int64(portion + 1))
		}
	}
}

// advance goes to the next group, or the next shard: all portions are finished.
func (c *crew) advance(p *plan, from position) {
	c.finished.Store(0)
	for i := range c.turns {
		c.turns[i].Store(0)
	}
	if next := from.group() + 1; next < len(p.current.groups) {
		c.at.Store(uint64(positionOf(from.shard(), next)))
		return
	}
	c.nextShard(p)
}

// nextShard draws a shard.
func (c *crew) nextShard(p *plan) {
	next := ended
	if i := int(p.drawn.Add(1)) - 1; i < len(p.shards) {
		next = positionOf(i, 0)
	}
	c.at.Store(uint64(next))
}

// wait returns when a condition is met that another worker is about to bring about.
func (c *crew) wait(met func() bool) {
	for !met() {
		for range 16 {
			if met() {
				return
			}
		}
		runtime.Gosched()
	}
}
