package dataset

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// subset is some examples of a dataset in some order.
type subset struct {
	of      detailed
	indexes []int
	digest  string
}

// Subset returns the examples of d at indexes, in that order, with all its
// classes. An index may appear more than once; one out of range is an error.
func Subset(d Dataset, indexes []int) (Dataset, error) {
	for at, i := range indexes {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("index %d at position %d of a subset: the dataset has examples 0 to %d", i, at, d.Len()-1)
		}
	}
	digest := digestDerived("subset", d)
	digest.numbers(indexes)
	return &subset{detail(d), indexes, digest.hex()}, nil
}

// Shuffle returns the examples of d in an order given by seed.
func Shuffle(d Dataset, seed uint64) Dataset {
	digest := digestDerived("shuffle", d)
	digest.number(int(seed >> 32))
	digest.number(int(seed & 0xffffffff))
	return &subset{detail(d), rng.NewKey(seed, rng.Sample).Permutation(d.Len(), 0), digest.hex()}
}

func (s *subset) Len() int                           { return len(s.indexes) }
func (s *subset) Info(i int) Info                    { return s.of.Info(s.indexes[i]) }
func (s *subset) Source(i int) string                { return s.of.Source(s.indexes[i]) }
func (s *subset) Image(i int) (imaging.Image, error) { return s.of.Image(s.indexes[i]) }
func (s *subset) Classes() []string                  { return s.of.Classes() }
func (s *subset) Digest() string                     { return s.digest }
func (s *subset) pixelHash(i int) (pixelHash, error) { return s.of.pixelHash(s.indexes[i]) }
func (s *subset) shape(i int) (shape, error)         { return s.of.shape(s.indexes[i]) }
func (s *subset) grouping() string                   { return s.of.grouping() }

func (s *subset) imageIn(i int, buffer []uint8) (imaging.Image, error) {
	return s.of.imageIn(s.indexes[i], buffer)
}
