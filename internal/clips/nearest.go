package clips

import (
	"cmp"
	"math/bits"
)

// Nearest finds for each of some backdrops the first of others with which its cosine, both
// less their means, is the largest, in integers, among those that may is true for; nil is all.
// A backdrop of one level has the cosine 0 with all. It is -1 where there are no others.
func Nearest(some, others []*Backdrop, may func(i, other int) bool) []int {
	all := make([]*centred, len(others))
	for i, b := range others {
		all[i] = b.centre()
	}
	found := make([]int, len(some))
	for i, b := range some {
		c, best := b.centre(), cosine{}
		found[i] = -1
		for at, o := range all {
			if may != nil && !may(i, at) {
				continue
			}
			if next := (cosine{c.dot(o), max(1, o.square)}); found[i] < 0 || next.compare(best) > 0 {
				found[i], best = at, next
			}
		}
	}
	return found
}

// cosine is one of a backdrop with others: dot over the root of square, in units that are the
// same for all of them.
type cosine struct {
	dot    int64  // below 2^53
	square uint64 // below 2^53, and not 0
}

// compare compares sign and square, which is dot^2/square, in 192 bits.
func (c cosine) compare(o cosine) int {
	a, b := cmp.Compare(c.dot, 0), cmp.Compare(o.dot, 0)
	if a != b || a == 0 {
		return cmp.Compare(a, b)
	}
	left, right := squareTimes(c.dot, o.square), squareTimes(o.dot, c.square)
	for i := range left {
		if left[i] != right[i] {
			return a * cmp.Compare(left[i], right[i])
		}
	}
	return 0
}

// squareTimes is a^2*b, the highest word first.
func squareTimes(a int64, b uint64) [3]uint64 {
	n := uint64(max(a, -a))
	high, low := bits.Mul64(n, n)
	carry, last := bits.Mul64(low, b)
	first, middle := bits.Mul64(high, b)
	middle, over := bits.Add64(middle, carry, 0)
	return [3]uint64{first + over, middle, last}
}
