package eda

import (
	"cmp"
	"slices"
	"sync"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// Frames of one clip that follow each other are near duplicates by nature. So examples of
// clips are compared with those of other clips only, and what is found are pairs of clips.

// meeting counts the examples of one clip that are found again in another one.
type meeting struct {
	exact, near int
	first, same int // the first example that is found again, and the one found
}

// meetings are those of a clip that is looked at with any other clip.
type meetings struct {
	mu    sync.Mutex
	found map[[2]int32]*meeting
}

// add enters that example i of a clip is found again in other clips, as the examples again.
func (m *meetings) add(of []int32, i int32, again map[int32]int32, exact bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other, j := range again {
		key := [2]int32{of[i], other}
		one := m.found[key]
		if one == nil {
			one = &meeting{first: int(i), same: int(j)}
			m.found[key] = one
		}
		if int(i) < one.first {
			one.first, one.same = int(i), int(j)
		}
		if exact {
			one.exact++
		} else {
			one.near++
		}
	}
}

// meetExactly enters the examples of clips whose pixels are those of an example of another
// clip.
func (s *survey) meetExactly(m *meetings, exact forest) {
	of := s.clip
	groups := map[int32][]int32{}
	for i := range int32(len(of)) {
		if of[i] >= 0 {
			root := exact.root(i)
			groups[root] = append(groups[root], i)
		}
	}
	for _, group := range groups { // in any order: meetings are sums, and the first by number
		for _, i := range group {
			if !s.isLooked(int(i)) {
				continue
			}
			again := map[int32]int32{}
			for _, j := range group {
				if _, seen := again[of[j]]; !seen && of[j] != of[i] {
					again[of[j]] = j
				}
			}
			m.add(of, i, again, true)
		}
	}
}

// meetNearly enters the members that are near duplicates of an example of another clip.
func (s *survey) meetNearly(m *meetings, hashes []uint64, members []int32) {
	of := s.clip
	all := bandsOf(hashes, members)
	inParallel(len(members), func(at int) {
		i := members[at]
		if !s.isLooked(int(i)) {
			return
		}
		again := map[int32]int32{}
		all.probe(hashes[i], func(b *band, value uint16) {
			for _, j := range b.around(value, i) {
				if _, seen := again[of[j]]; !seen && of[j] != of[i] && far(hashes[i], hashes[j]) <= nearBits && isNear(&s.thumbs[i], &s.thumbs[j]) {
					again[of[j]] = j
				}
			}
		})
		m.add(of, i, again, false)
	})
}

// leastShare is the share of a clip's examples, in hundredths, that another one must have for
// the two to be named. Small targets before a plain sky are that near by chance in a fifth of
// the examples, and not in a third.
const leastShare = 33

// clipPairs lists pairs of clips that have examples in common: those with the largest share of
// a clip first.
func (s *survey) clipPairs(exact forest, hashes []uint64) *ClipPairs {
	of, list := s.clip, s.clips
	if len(list) == 0 {
		return nil
	}
	m := &meetings{found: map[[2]int32]*meeting{}}
	s.meetExactly(m, exact)
	var members []int32
	sizes, looked := make([]int, len(list)), make([]bool, len(list))
	for i, clip := range of {
		if clip < 0 {
			continue
		}
		looked[clip] = looked[clip] || s.isLooked(i)
		if !looked[clip] || s.isLooked(i) {
			sizes[clip]++
		}
		if s.thumbs[i].variance() >= flatness {
			members = append(members, int32(i))
		}
	}
	s.meetNearly(m, hashes, members)
	p := &ClipPairs{LeastShare: leastShare / 100.0, Listed: []ClipPair{}}
	for key, one := range m.found {
		pair := s.clipPair(list[key[0]], list[key[1]], sizes[key[0]], one, looked[key[1]])
		reverse, twice := m.found[[2]int32{key[1], key[0]}]
		if twice { // both are looked at: the one of which more is found again, the first of equals
			a, b := max(one.exact, one.near)*sizes[key[1]], max(reverse.exact, reverse.near)*sizes[key[0]]
			if a < b || a == b && key[0] > key[1] {
				continue
			}
		}
		if 100*max(pair.Exact, pair.Near) >= leastShare*pair.Of {
			p.Listed = append(p.Listed, pair)
		}
	}
	p.finish()
	return p
}

func (s *survey) clipPair(a, b *dataset.Clip, of int, one *meeting, looked bool) ClipPair {
	pair := ClipPair{Clip: a.Source, Label: a.Class, Again: b.Source, Of: of, Exact: one.exact, Near: max(one.near, one.exact), Conflicting: looked && a.Class != b.Class}
	pair.InParts = append(pair.InParts, s.parts[one.first].String())
	if part := s.parts[one.same]; part != s.parts[one.first] {
		pair.InParts = append(pair.InParts, part.String())
	}
	pair.Examples = []Example{s.example(one.first)}
	if looked {
		pair.Examples = append(pair.Examples, s.example(one.same))
	}
	return pair
}

// finish counts and orders the pairs.
func (p *ClipPairs) finish() {
	slices.SortFunc(p.Listed, func(a, b ClipPair) int {
		return cmp.Or(b.Near*a.Of-a.Near*b.Of, cmp.Compare(a.Clip, b.Clip), cmp.Compare(a.Again, b.Again))
	})
	p.Pairs = len(p.Listed)
	for _, pair := range p.Listed {
		if len(pair.InParts) > 1 {
			p.Across++
		}
		if pair.Conflicting {
			p.Conflicting++
		}
	}
	p.Listed = p.Listed[:min(maxSets, len(p.Listed))]
}
