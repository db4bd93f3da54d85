package eda

import (
	"cmp"
	"context"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// How many sets of images that are alike are listed, and how many images of each.
const (
	maxSets    = 200
	maxMembers = 20
)

// duplicates finds images that are there several times.
func (s *survey) duplicates(ctx context.Context) (Duplicates, error) {
	n := s.Data.Len()
	d := Duplicates{NearBits: nearBits, NearCorrelation: nearCorrelation / 10000.0, NearDetail: nearDetail / 10000.0, NearNoise: nearNoise}
	exact, err := s.joinSame(ctx)
	if err != nil {
		return d, err
	}
	var members []int32 // the first of each content that is not flat
	hashes := make([]uint64, n)
	inParallel(n, func(i int) {
		if s.parts[i] != dataset.PartNone {
			hashes[i] = perceptual(&s.thumbs[i])
		}
	})
	for i := range n {
		switch {
		case s.parts[i] == dataset.PartNone:
		case s.thumbs[i].variance() < flatness:
			if s.isLooked(i) {
				d.Flat++
			}
		case exact.root(int32(i)) == int32(i):
			members = append(members, int32(i))
		}
	}
	near := newForest(n)
	joinNear(near, hashes, s.thumbs, members, s.clip)
	d.Clips = s.clipPairs(exact, hashes)
	d.Exact = s.alike(exact.sets(n, func(int32) bool { return true }))
	for i := range int32(n) { // images with the same pixels as one that has near duplicates are near ones too
		near.join(i, exact.root(i))
	}
	d.Near = s.alike(near.sets(n, func(i int32) bool { return exact.root(i) == i }))
	return d, nil
}

// joinSame joins the examples that have the same pixels.
func (s *survey) joinSame(ctx context.Context) (forest, error) {
	var indexes []int
	for i, part := range s.parts {
		if part != dataset.PartNone {
			indexes = append(indexes, i)
		}
	}
	sums, err := dataset.PixelSums(ctx, s.Data, indexes)
	if err != nil {
		return nil, err
	}
	order := make([]int32, len(indexes))
	for at := range order {
		order[at] = int32(at)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(slices.Compare(sums[a][:], sums[b][:]), cmp.Compare(a, b))
	})
	f := newForest(s.Data.Len())
	for k, at := range order {
		if k > 0 && sums[at] == sums[order[k-1]] {
			f.join(int32(indexes[at]), int32(indexes[order[k-1]]))
		}
	}
	return f, nil
}

// sets lists the sets with two members or more that count, in the order of their first members.
func (f forest) sets(n int, counts func(i int32) bool) [][]int {
	sizes := make([]int32, n)
	for i := range int32(n) {
		if counts(i) {
			sizes[f.root(i)]++
		}
	}
	var all [][]int
	place := map[int32]int{}
	for i := range int32(n) {
		root := f.root(i)
		if sizes[root] < 2 {
			continue
		}
		if _, known := place[root]; !known {
			place[root] = len(all)
			all = append(all, nil)
		}
		all[place[root]] = append(all[place[root]], int(i))
	}
	return all
}

// alikeSet is a set of images that are alike.
type alikeSet struct {
	members     []int // ascending
	looked      int   // members that are looked at
	first       int   // of these
	conflicting bool  // these have several labels
	parts       []dataset.Part
}

// alike describes sets of images. One that has no image of the parts that are looked at is
// left out, and one of examples of clips alone, of which pairs of clips are made.
func (s *survey) alike(sets [][]int) Alike {
	a := Alike{Listed: []Group{}}
	var found []alikeSet
	for _, members := range sets {
		set := s.alikeSet(members)
		if set.looked == 0 || !slices.ContainsFunc(members, func(i int) bool { return s.clip[i] < 0 }) {
			continue
		}
		a.Sets++
		a.Images += set.looked
		a.Surplus += set.looked - 1
		if set.conflicting {
			a.Conflicting++
		}
		if len(set.parts) > 1 {
			a.Across++
		}
		found = append(found, set)
	}
	slices.SortStableFunc(found, func(x, y alikeSet) int { return cmp.Or(x.rank()-y.rank(), y.looked-x.looked) })
	for _, set := range found[:min(maxSets, len(found))] {
		a.Listed = append(a.Listed, s.group(set))
	}
	return a
}

// rank puts sets that need attention first.
func (set *alikeSet) rank() int {
	switch {
	case len(set.parts) > 1:
		return 0
	case set.conflicting:
		return 1
	}
	return 2
}

func (s *survey) alikeSet(members []int) alikeSet {
	set := alikeSet{members: members, first: -1}
	in := map[dataset.Part]bool{}
	for _, i := range members {
		in[s.parts[i]] = true
		if !s.isLooked(i) {
			continue
		}
		set.looked++
		if set.first < 0 {
			set.first = i
		}
		set.conflicting = set.conflicting || s.Data.Info(i).Label != s.Data.Info(set.first).Label
	}
	for _, part := range dataset.Parts() {
		if in[part] {
			set.parts = append(set.parts, part)
		}
	}
	return set
}

// group is a set as it is listed.
func (s *survey) group(set alikeSet) Group {
	g := Group{
		Images: set.looked, Conflicting: set.conflicting, Correlation: 1, InParts: dataset.PartNames(set.parts),
		Examples: []Example{}, Elsewhere: []Elsewhere{},
	}
	for _, i := range set.members {
		switch looked := s.isLooked(i); {
		case looked && len(g.Examples) < maxMembers:
			g.Examples = append(g.Examples, s.example(i))
		case !looked && len(g.Elsewhere) < maxMembers:
			g.Elsewhere = append(g.Elsewhere, Elsewhere{s.parts[i].String(), s.Data.Source(i)})
		}
		if s.thumbs[i] != s.thumbs[set.first] {
			g.Correlation = min(g.Correlation, float64(correlation(&s.thumbs[set.first], &s.thumbs[i]))/10000)
		}
	}
	return g
}
