package eda

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// When two images are near duplicates: their hashes differ in nearBits bits at most, their
// thumbnails correlate by nearCorrelation at least, and the details of these by nearDetail, in
// 1/10000. Details tell apart what has the same outline, as pieces of clothing do. Where they
// are faint, as of blurred images, compression changes them by as much as they are. So they
// also agree where what is left of one, less as much of the other as is in it, has a standard
// deviation of nearNoise grey levels at most.
const (
	nearBits        = 7
	nearCorrelation = 9850
	nearDetail      = 9880
	nearNoise       = 1.5
)

// isNear says whether two thumbnails that are not flat are of near duplicates, as far as
// thumbnails can tell.
func isNear(a, b *thumb) bool {
	if correlation(a, b) < nearCorrelation {
		return false
	}
	detailA, detailB := a.detail(), b.detail()
	r := correlation(&detailA, &detailB)
	if r >= nearDetail {
		return true
	}
	left := 1 - float64(max(r, 0)*max(r, 0))/(10000*10000) // share of the variance
	variance := float64(min(detailA.variance(), detailB.variance())) / float64(len(thumb{})*len(thumb{}))
	return float64(left*variance) <= nearNoise*nearNoise
}

// The hash is searched in bands. Of 4 bands of which at most 7 bits differ, one has at most 1
// bit that differs. So every pair within nearBits is found by the values of each band, and
// those that differ from them in one bit.
const (
	bands    = 4
	bandBits = 64 / bands
)

// crowd bounds the work on images that look alike in a band: of those with one value of it, an
// image is compared with so many that come after it.
const crowd = 2048

// forest joins positions to sets. The root of a set is its lowest position, whatever the order
// in which sets were joined. It may be used by several goroutines at once.
type forest []atomic.Int32

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i].Store(int32(i))
	}
	return f
}

// root is the lowest position of the set.
func (f forest) root(i int32) int32 {
	for {
		above := f[i].Load()
		if above == i {
			return i
		}
		next := f[above].Load()
		f[i].CompareAndSwap(above, next) // shortens the way for others
		i = next
	}
}

// join makes one set of those of two positions.
func (f forest) join(a, b int32) {
	for {
		a, b = f.root(a), f.root(b)
		if a == b {
			return
		}
		if a > b {
			a, b = b, a
		}
		if f[b].CompareAndSwap(b, a) {
			return
		}
	}
}

// band sorts positions by the value of one band of their hashes.
type band struct {
	shift  int
	starts []int32 // [65537]: where each value begins in places
	places []int32 // positions, ascending for each value
}

func newBand(hashes []uint64, members []int32, shift int) *band {
	b := &band{shift: shift, starts: make([]int32, 1<<bandBits+1), places: make([]int32, len(members))}
	for _, i := range members {
		b.starts[int(b.value(hashes[i]))+1]++
	}
	for v := range 1 << bandBits {
		b.starts[v+1] += b.starts[v]
	}
	next := make([]int32, 1<<bandBits)
	copy(next, b.starts)
	for _, i := range members {
		v := b.value(hashes[i])
		b.places[next[v]] = i
		next[v]++
	}
	return b
}

func (b *band) value(hash uint64) uint16 { return uint16(hash >> b.shift) }

// above is the place in the list of a value from which positions are above i.
func above(list []int32, i int32) int {
	low, high := 0, len(list)
	for low < high {
		if middle := (low + high) / 2; list[middle] > i {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func (b *band) list(value uint16) []int32 { return b.places[b.starts[value]:b.starts[int(value)+1]] }

// after returns at most crowd positions above i whose band has that value.
func (b *band) after(value uint16, i int32) []int32 {
	list := b.list(value)
	from := above(list, i)
	return list[from:min(len(list), from+crowd)]
}

// around returns at most crowd positions below i, and as many above, whose band has that value.
func (b *band) around(value uint16, i int32) []int32 {
	list := b.list(value)
	at := above(list, i)
	return list[max(0, at-crowd):min(len(list), at+crowd)]
}

// sorted are the members by each band of their hashes.
type sorted [bands]*band

func bandsOf(hashes []uint64, members []int32) (all sorted) {
	for k := range all {
		all[k] = newBand(hashes, members, k*bandBits)
	}
	return all
}

// probe calls f for each value that a band of a near duplicate may have.
func (all *sorted) probe(hash uint64, f func(b *band, value uint16)) {
	for _, b := range all {
		value := b.value(hash)
		f(b, value)
		for bit := range bandBits {
			f(b, value^1<<bit)
		}
	}
}

// joinNear joins the members whose images are near duplicates, but for those that are both of
// clips, by their numbers; -1 is of none.
func joinNear(f forest, hashes []uint64, thumbs []thumb, members []int32, clip []int32) {
	all := bandsOf(hashes, members)
	inParallel(len(members), func(at int) {
		i := members[at]
		all.probe(hashes[i], func(b *band, value uint16) {
			for _, j := range b.after(value, i) {
				if far(hashes[i], hashes[j]) <= nearBits && (clip[i] < 0 || clip[j] < 0) && f.root(i) != f.root(j) && isNear(&thumbs[i], &thumbs[j]) {
					f.join(i, j)
				}
			}
		})
	})
}

// inParallel calls f for every number below n, on all processors.
func inParallel(n int, f func(i int)) {
	const block = 64
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+block-1)/block) {
		group.Go(func() {
			defer logging.ExitOnPanic()
			for {
				high := int(next.Add(block))
				if high-block >= n {
					return
				}
				for i := high - block; i < min(high, n); i++ {
					f(i)
				}
			}
		})
	}
	group.Wait()
}
