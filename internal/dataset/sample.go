package dataset

import (
	"cmp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/rng"
)

// Shuffled returns indexes in the order of one epoch of training, given by seed
// and epoch alone.
func Shuffled(indexes []int, seed uint64, epoch uint32) []int {
	order := rng.NewKey(seed, rng.Shuffle).Permutation(len(indexes), epoch)
	for at, i := range order {
		order[at] = indexes[i]
	}
	return order
}

// Weighted returns len(indexes) draws from indexes, with replacement, in which
// every class that appears there is equally likely, and every example of a
// class. It balances classes of different sizes. The draws depend on seed,
// epoch and position alone.
func Weighted(d Dataset, indexes []int, seed uint64, epoch uint32) []int {
	byClass := make([][]int, len(d.Classes()))
	for _, i := range indexes {
		label := d.Info(i).Label
		byClass[label] = append(byClass[label], i)
	}
	var present [][]int
	for _, members := range byClass {
		if len(members) > 0 {
			present = append(present, members)
		}
	}
	key := rng.NewKey(seed, rng.Sample)
	draws := make([]int, len(indexes))
	for at := range draws {
		s := key.Stream(uint32(at), epoch, 0)
		members := present[s.IntN(len(present))]
		draws[at] = members[s.IntN(len(members))]
	}
	return draws
}

// earlier counts, for each place of an order of some of n examples, how often the order has
// the example before that place.
func earlier(order []int, n int) []uint32 {
	seen, before := make([]uint32, n), make([]uint32, len(order))
	for at, i := range order {
		before[at] = seen[i]
		seen[i]++
	}
	return before
}

// Stratified returns n of the examples at indexes, or all where they are no more, in the
// order that seed gives them. Of each class it takes the first ones in that order, as many
// as its share of n says: the whole part of n*count/len(indexes), and one more for the
// classes with the largest remainders, the lower label first among equals, until there are n.
func Stratified(d Dataset, indexes []int, n int, seed uint64) []int {
	if n >= len(indexes) {
		return indexes
	}
	left := shares(Counts(d, indexes), n)
	kept := make([]int, 0, n)
	for _, i := range Shuffled(indexes, seed, 0) {
		if label := d.Info(i).Label; left[label] > 0 {
			left[label]--
			kept = append(kept, i)
		}
	}
	return kept
}

// shares divides n among classes in proportion to their counts, by largest remainders. n is
// at most the sum of the counts.
func shares(counts []int, n int) []int {
	total := 0
	for _, count := range counts {
		total += count
	}
	share, order := make([]int, len(counts)), make([]int, len(counts))
	left := n
	for label, count := range counts {
		share[label], order[label] = n*count/total, label
		left -= share[label]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n*counts[b]%total, n*counts[a]%total) })
	for _, label := range order[:left] {
		share[label]++
	}
	return share
}

// Counts returns how many of the examples at indexes have each label, in the
// order of the classes.
func Counts(d Dataset, indexes []int) []int {
	counts := make([]int, len(d.Classes()))
	for _, i := range indexes {
		counts[d.Info(i).Label]++
	}
	return counts
}

// Rarest is the first of the labels with the lowest count above 0.
func Rarest(counts []int) (label int) {
	for l, n := range counts {
		if n > 0 && (n < counts[label] || counts[label] == 0) {
			label = l
		}
	}
	return label
}

// Official returns the indexes of the examples that belong to an official part.
func Official(d Dataset, part Part) []int {
	var indexes []int
	for i := range d.Len() {
		if d.Info(i).Part == part {
			indexes = append(indexes, i)
		}
	}
	return indexes
}
