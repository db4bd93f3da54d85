package track

import "github.com/blocktrain/blocktrain/internal/kernel"

// path finds the best way through the proposals of frames by dynamic programming (Viterbi):
// the sum of the logarithms of scores less the cost of moves. It keeps the last frames only.
type path struct {
	rule  Rule
	steps []step // of the frames whose place is not decided
}

// step is a frame of a path.
type step struct {
	list  []Proposal
	value []float64 // of the best way to each proposal, less that of the best of them
	back  []int     // the proposal of the frame before on that way
}

// add takes the proposals of the next frame.
func (p *path) add(list []Proposal) {
	s := step{list: list, value: make([]float64, len(list)), back: make([]int, len(list))}
	for k, q := range list {
		s.back[k] = -1
		best := 0.0
		if n := len(p.steps); n > 0 {
			before := p.steps[n-1]
			for j, o := range before.list {
				if v := before.value[j] - p.cost(o, q); s.back[k] < 0 || v > best {
					best, s.back[k] = v, j
				}
			}
		}
		s.value[k] = best + float64(kernel.Log(float32(q.Score+1e-4)))
	}
	if best := highest(s.value); best >= 0 {
		most := s.value[best]
		for k := range s.value {
			s.value[k] -= most
		}
	}
	p.steps = append(p.steps, s)
}

// cost is that of a move between neighbouring frames.
func (p *path) cost(a, b Proposal) float64 {
	dx := float64(2*a.Box.X+a.Box.W-2*b.Box.X-b.Box.W) / 2
	dy := float64(2*a.Box.Y+a.Box.H-2*b.Box.Y-b.Box.H) / 2
	square := (float64(dx*dx) + float64(dy*dy)) / float64(p.rule.Speed*p.rule.Speed)
	return float64(min(square, p.rule.Furthest) * p.rule.Stiff)
}

func highest(values []float64) int {
	best := -1
	for k, v := range values {
		if best < 0 || v > values[best] {
			best = k
		}
	}
	return best
}

// first decides the place in the first frame that is kept, and drops the frame: which of its
// proposals it is, -1 where none.
func (p *path) first() int {
	at := len(p.steps) - 1
	k := highest(p.steps[at].value)
	for ; at > 0; at-- {
		if k >= 0 {
			k = p.steps[at].back[k]
		} else {
			k = highest(p.steps[at-1].value)
		}
	}
	p.steps = append(p.steps[:0], p.steps[1:]...)
	return k
}
