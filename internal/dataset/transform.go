package dataset

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// transformed is a dataset whose images pass through a function.
type transformed struct {
	decoding
	groups string
	digest string
}

// mapped replaces the images of a dataset.
type mapped struct {
	Dataset
	apply func(img imaging.Image, i int) (imaging.Image, error)
}

func (m mapped) Image(i int) (imaging.Image, error) {
	img, err := m.Dataset.Image(i)
	if err != nil {
		return imaging.Image{}, err
	}
	if img, err = m.apply(img, i); err != nil {
		return imaging.Image{}, fmt.Errorf("%s: %w", m.Source(i), err)
	}
	return img, nil
}

// Transform returns d with every image passed through apply, which gets the
// example's index, must not change its argument, and must give the same image
// whenever it is asked. name says what it does, parameters included: it stands
// for apply in the digest. To keep the results in memory put [RAM] around it.
func Transform(d Dataset, name string, apply func(img imaging.Image, i int) (imaging.Image, error)) Dataset {
	digest := digestDerived("transform", d)
	digest.text(name)
	return transformed{decoding{mapped{d, apply}}, detail(d).grouping(), digest.hex()}
}

func (t transformed) Digest() string   { return t.digest }
func (t transformed) grouping() string { return t.groups }
