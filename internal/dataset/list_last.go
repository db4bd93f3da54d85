package dataset

import "hash/maphash"

// lastEntries finds the last entry of a list that has a path. It takes 4 to 16 bytes for each
// path, where a map would take fifty.
type lastEntries struct {
	seed   maphash.Seed
	places []int32 // of entries, from 1 on; 0: none; a power of two of them
	paths  int
}

// find returns the last entry with the path of e, -1 where there is none.
func (l *lastEntries) find(of *listEntries, e *listEntry) int {
	if l.places == nil {
		return -1
	}
	return int(*l.place(of, e)) - 1
}

// place returns the slot of a path, or the free one where it belongs.
func (l *lastEntries) place(of *listEntries, e *listEntry) *int32 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(of.folders[e.folder])
	h.WriteString(e.name)
	mask := uint64(len(l.places) - 1)
	for at := h.Sum64() & mask; ; at = (at + 1) & mask {
		place := &l.places[at]
		if *place == 0 {
			return place
		}
		if other := &of.list[*place-1]; other.folder == e.folder && other.name == e.name {
			return place
		}
	}
}

// set makes entry number at the last one with its path.
func (l *lastEntries) set(of *listEntries, at int) {
	if 4*l.paths >= 3*len(l.places) {
		l.grow(of)
	}
	place := l.place(of, &of.list[at])
	if *place == 0 {
		l.paths++
	}
	*place = int32(at + 1)
}

func (l *lastEntries) grow(of *listEntries) {
	before := l.places
	if before == nil {
		l.seed = maphash.MakeSeed()
	}
	l.places = make([]int32, max(64, 2*len(before)))
	for _, place := range before {
		if place > 0 {
			*l.place(of, &of.list[place-1]) = place
		}
	}
}
