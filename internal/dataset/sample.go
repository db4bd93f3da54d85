package dataset

import "github.com/blocktrain/blocktrain/internal/rng"

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

// Counts returns how many of the examples at indexes have each label, in the
// order of the classes.
func Counts(d Dataset, indexes []int) []int {
	counts := make([]int, len(d.Classes()))
	for _, i := range indexes {
		counts[d.Info(i).Label]++
	}
	return counts
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
