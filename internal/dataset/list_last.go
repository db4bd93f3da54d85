package dataset

import "hash/maphash"

// lastEntries finds the last entry of a list that has a path. It takes 4 to 16 bytes for each
// path, where a map would take fifty.
type lastEntries struct {
	seed   maphash.Seed
	places []int32 // of entries, from 1 on; 0: none; a power of two of them
	paths  int
}

// find returns the last entry with the path, -1 where there is none.
func (l *lastEntries) find(list []listEntry, path string) int {
	if l.places == nil {
		return -1
	}
	return int(*l.place(list, path)) - 1
}

// place returns the slot of a path, or the free one where it belongs.
func (l *lastEntries) place(list []listEntry, path string) *int32 {
	mask := uint64(len(l.places) - 1)
	for at := maphash.String(l.seed, path) & mask; ; at = (at + 1) & mask {
		if place := &l.places[at]; *place == 0 || list[*place-1].path == path {
			return place
		}
	}
}

// set makes entry number at the last one with its path.
func (l *lastEntries) set(list []listEntry, at int) {
	if 4*l.paths >= 3*len(l.places) {
		l.grow(list)
	}
	place := l.place(list, list[at].path)
	if *place == 0 {
		l.paths++
	}
	*place = int32(at + 1)
}

func (l *lastEntries) grow(list []listEntry) {
	before := l.places
	if before == nil {
		l.seed = maphash.MakeSeed()
	}
	l.places = make([]int32, max(64, 2*len(before)))
	for _, place := range before {
		if place > 0 {
			*l.place(list, list[place-1].path) = place
		}
	}
}
