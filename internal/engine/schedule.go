package engine

import "slices"

// segment is a run of operations that a worker does on a shard without waiting
// for other shards, or a single operation on the whole batch.
type segment struct {
	groups []group
	tasks  func(examples int) int
}

// group is a run of operations that a worker takes a portion of a shard through
// before it turns to the next portion, so that what one operation leaves is still
// in the cache when the next one reads it. Portions do not affect any bit: sums
// over a shard go on from one to the next in the order of examples.
type group struct {
	ops     []*op
	portion int // examples at a time; 0 for the whole shard

	stages      []stage // of the operations, in inference
	stageBudget int     // stageBudget but in tests
}

// run takes a shard through the group.
func (g *group) run(w *worker, shard span) {
	g.portions(shard, func(s span) {
		if g.stages == nil {
			for _, o := range g.ops {
				o.run(w, s)
			}
		}
		for _, stage := range g.stages {
			stage.run(w, s, g.stageBudget)
		}
	})
}

// portions calls f for each portion of a shard.
func (g *group) portions(shard span, f func(s span)) {
	for i := range g.portionsOf(shard) {
		f(g.part(shard, i))
	}
}

// portionsOf is the number of portions of a shard.
func (g *group) portionsOf(shard span) int {
	if g.portion == 0 {
		return 1
	}
	return blocks(shard.count, g.portion)
}

// part is portion i of a shard.
func (g *group) part(shard span, i int) span {
	if g.portion == 0 {
		return shard
	}
	at := i * g.portion
	return span{first: shard.first + at, count: min(g.portion, shard.count-at), within: at, index: shard.index}
}

// cacheBudget is the memory, in bytes, that the tensors of a group may take for
// the examples of one portion. It fits the second-level caches of today's
// processors and is free of the contract.
const cacheBudget = 384 << 10

// schedule cuts operations into segments and groups; budget is cacheBudget but in
// tests. No portion has more than most examples.
func schedule(ops []*op, budget, most int) []segment {
	var segments []segment
	for _, o := range ops {
		last := len(segments) - 1
		if o.tasks != nil || last < 0 || segments[last].tasks != nil {
			segments = append(segments, segment{tasks: o.tasks})
			last++
		}
		segments[last].add(o)
	}
	for i := range segments {
		for j := range segments[i].groups {
			segments[i].groups[j].choosePortion(budget, most)
		}
	}
	return segments
}

// add appends an operation: to the last group where both can work on portions of
// a shard, and otherwise in a new group.
func (s *segment) add(o *op) {
	last := len(s.groups) - 1
	if last < 0 || o.whole || o.cut || s.groups[last].ops[0].whole || o.together != s.groups[last].ops[0].together {
		s.groups = append(s.groups, group{})
		last++
	}
	s.groups[last].ops = append(s.groups[last].ops, o)
}

// choosePortion decides how many examples the group takes at a time.
func (g *group) choosePortion(budget, most int) {
	if g.ops[0].whole || g.ops[0].tasks != nil {
		return
	}
	if g.ops[0].together && budget >= cacheBudget {
		g.portion = most
		return
	}
	bytes := 0
	seen := map[*tensor]bool{}
	for _, o := range g.ops {
		for _, t := range o.uses {
			if !seen[t] {
				seen[t] = true
				bytes += 4 * t.size
			}
		}
	}
	g.portion = max(1, min(most, budget/max(bytes, 1)))
}

// allocate decides where every tensor lives and makes the arenas for batches of
// up to batch examples and shards of up to shard.
func (p *plan) allocate(batch, shard, scratch int) {
	var in [3][]*tensor // by place
	for _, t := range p.placeTensors(batch, shard) {
		in[t.place] = append(in[t.place], t)
	}
	p.batch = layOutArena(in[inBatch]).arena()
	for _, w := range p.pool.workers {
		w.plan, w.scratch = p, alignedFloats(scratch)
	}
	if p.crews != nil {
		p.allocateCrews(in[inShard], in[inGroup])
		return
	}
	// What a worker has for a portion may lie where tensors of its shard are dead.
	worker := layOutArena(slices.Concat(in[inShard], in[inGroup]))
	for _, w := range p.pool.workers {
		w.arena = worker.arena()
		w.crew = &crew{arena: w.arena}
	}
}

// uses is where a tensor is used.
type uses struct {
	segments, groups [2]int // the first and the last
}

// placeTensors gives every tensor its place, its room and its lifetime, and
// returns all in order of first use. Positions count operations. A tensor of a
// whole shard needs its memory for the whole of every group that uses it, since
// the group comes back to its first operation for each portion; one of the whole
// batch for the whole segment, since shards are at different operations at the
// same time.
func (p *plan) placeTensors(batch, shard int) []*tensor {
	var all []*tensor
	where := map[*tensor]*uses{}
	p.eachUse(func(t *tensor, s, g int, _ [3][2]int) {
		if where[t] == nil {
			where[t] = &uses{[2]int{s, s}, [2]int{g, g}}
			all = append(all, t)
		}
		where[t].segments[1], where[t].groups[1] = s, g
	})
	p.eachUse(func(t *tensor, s, g int, extents [3][2]int) {
		u := where[t]
		switch {
		case u.segments[0] != u.segments[1] || p.segments[s].tasks != nil:
			t.place, t.room = inBatch, batch
		case u.groups[0] != u.groups[1] || p.segments[s].groups[g].portion == 0:
			t.place, t.room = inShard, shard
		default:
			t.place, t.room = inGroup, min(shard, p.segments[s].groups[g].portion)
		}
		t.use(extents[t.place][0])
		t.use(extents[t.place][1])
	})
	return all
}

// eachUse visits every use of a tensor with its segment, its group and the
// positions that the operation, the group and the segment extend over, indexed
// by place.
func (p *plan) eachUse(visit func(t *tensor, segment, group int, extents [3][2]int)) {
	position := 0
	for i, s := range p.segments {
		begin := position
		length := 0
		for _, g := range s.groups {
			length += len(g.ops)
		}
		for j, g := range s.groups {
			first := position
			for _, o := range g.ops {
				extents := [3][2]int{
					inGroup: {position, position},
					inShard: {first, first + len(g.ops) - 1},
					inBatch: {begin, begin + length - 1},
				}
				for _, t := range o.uses {
					visit(t, i, j, extents)
				}
				position++
			}
		}
	}
}
