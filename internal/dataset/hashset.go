package dataset

import "encoding/binary"

// hashSet finds equal hashes in a list of them. It takes 8 to 16 bytes for each, where a map
// would take a hundred.
type hashSet struct {
	hashes []pixelHash
	places []int32 // of the hashes in the set, from 1 on; 0: none; a power of two of them
}

func newHashSet(hashes []pixelHash) *hashSet {
	n := 2
	for n < 2*len(hashes) {
		n *= 2
	}
	return &hashSet{hashes, make([]int32, n)}
}

// find returns the slot of a hash, or the free one where it belongs.
func (s *hashSet) find(hash *pixelHash) *int32 {
	mask := uint64(len(s.places) - 1)
	for at := binary.LittleEndian.Uint64(hash[:]) & mask; ; at = (at + 1) & mask {
		if place := &s.places[at]; *place == 0 || s.hashes[*place-1] == *hash {
			return place
		}
	}
}

// add adds the hash at a place of the list, and returns the place of the first one that was
// added and is equal: its own if there was none.
func (s *hashSet) add(at int) int {
	place := s.find(&s.hashes[at])
	if *place == 0 {
		*place = int32(at + 1)
	}
	return int(*place - 1)
}

// has says whether a hash was added.
func (s *hashSet) has(hash pixelHash) bool { return *s.find(&hash) != 0 }
