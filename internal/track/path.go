package track

import (
	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// path finds the best way through the proposals of frames by dynamic programming (Viterbi):
// the sum of the logarithms of scores less the cost of moves. A way may leave out frames, as
// if each had a proposal of the score Absent. Only frames that are not decided are kept.
type path struct {
	rule  Rule
	steps []step
}

// step is a frame of a path. Behind its proposals comes the state in which none of them is
// the target.
type step struct {
	list  []Proposal
	value []float64 // of the best way to each state, less that of the best of them
	back  []int     // the state of the frame before on that way
}

// add takes the proposals of the next frame.
func (p *path) add(list []Proposal) {
	n := len(list)
	s := step{list: list, value: make([]float64, n+1), back: make([]int, n+1)}
	for k := range s.value {
		best := 0.0
		if len(p.steps) > 0 {
			best, s.back[k] = p.enter(s, k)
		}
		score := p.rule.Absent
		if k < n {
			score = list[k].Score
		}
		s.value[k] = best + float64(kernel.Log(float32(score+leastScore)))
	}
	most := s.value[highest(s.value)]
	for k := range s.value {
		s.value[k] -= most
	}
	p.steps = append(p.steps, s)
}

// enter is the best way to a state of the step that comes next, and the state before it, the
// first of equals.
func (p *path) enter(s step, k int) (best float64, from int) {
	before := p.steps[len(p.steps)-1]
	for j, value := range before.value {
		switch absent := j == len(before.list); {
		case absent != (k == len(s.list)):
			value -= p.rule.Leave
		case !absent:
			value -= p.cost(before.list[j].Box, s.list[k].Box)
		}
		if j == 0 || value > best {
			best, from = value, j
		}
	}
	return best, from
}

// cost is that of a move between neighbouring frames, by the middles of the boxes.
func (p *path) cost(a, b clips.Box) float64 {
	dx, dy := float64(2*a.X+a.W-2*b.X-b.W)/2, float64(2*a.Y+a.H-2*b.Y-b.H)/2
	square := (float64(dx*dx) + float64(dy*dy)) / float64(p.rule.Speed*p.rule.Speed)
	return float64(min(square, p.rule.Furthest) * p.rule.Stiff)
}

// highest is the place of the highest value, the first of equals.
func highest(values []float64) int {
	best := 0
	for k, v := range values {
		if v > values[best] {
			best = k
		}
	}
	return best
}

// first decides the place in the first frame that is kept, and drops that frame: the number
// of its proposal, or -1 where none is the target. next is the proposal on the way of the
// nearest frame that has one, so many frames ahead; 0 ahead where none has.
func (p *path) first() (choice int, next Proposal, ahead int) {
	k := highest(p.steps[len(p.steps)-1].value)
	for at := len(p.steps) - 1; ; at-- {
		s := &p.steps[at]
		found := k < len(s.list)
		if at == 0 {
			choice = k
			if !found {
				choice = -1
			}
			break
		}
		if found {
			next, ahead = s.list[k], at
		}
		k = s.back[k]
	}
	p.steps = append(p.steps[:0], p.steps[1:]...)
	return choice, next, ahead
}
