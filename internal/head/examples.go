package head

import (
	"errors"
	"fmt"
	"math"
)

// Examples are rows of features with their labels. Several rows may be views of one image.
type Examples struct {
	Features []float32 // [N,D], row-major
	Labels   []int     // [N], from 0 to the number of classes less 1
	Weights  []float32 // [N], what each row counts, or nil for 1
	Images   []int     // [N], the image that each row is of, from 0 on, or nil where every row is one of its own
}

// Len is the number of rows, N.
func (e *Examples) Len() int { return len(e.Labels) }

// maxElements is how many features there may be in all: kernels count them in int32.
const maxElements = math.MaxInt32

// check refuses what no head can be trained on or judged by. d is the number of features
// of a row.
func (e *Examples) check(what string, d, classes int) error {
	switch n := e.Len(); {
	case n == 0:
		return fmt.Errorf("%s has no examples", what)
	case d < 1 || len(e.Features) != n*d:
		return fmt.Errorf("%s has %d features for %d rows: want %d in each", what, len(e.Features), n, d)
	case len(e.Features) > maxElements:
		return fmt.Errorf("%s has %d rows of %d features, which are more than %d numbers: train on fewer images or views", what, n, d, maxElements)
	case e.Weights != nil && len(e.Weights) != n:
		return fmt.Errorf("%s has %d weights for %d rows", what, len(e.Weights), n)
	case e.Images != nil && len(e.Images) != n:
		return fmt.Errorf("%s has images for %d of %d rows", what, len(e.Images), n)
	}
	for i, v := range e.Features {
		if !finite(v) {
			return fmt.Errorf("%s: feature %d of row %d is %v: look at the image and at the network's weights", what, i%d, i/d, v)
		}
	}
	for i, label := range e.Labels {
		if label < 0 || label >= classes {
			return fmt.Errorf("%s: row %d has label %d: want 0 to %d", what, i, label, classes-1)
		}
	}
	return e.checkWeights(what)
}

func (e *Examples) checkWeights(what string) error {
	sum := 0.0
	for i, s := range e.Weights {
		if !finite(s) || s < 0 {
			return fmt.Errorf("%s: row %d has weight %v: want a number of at least 0", what, i, s)
		}
		sum += float64(s)
	}
	if e.Weights != nil && sum == 0 {
		return errors.New(what + ": all rows have weight 0")
	}
	for i, image := range e.Images {
		if image < 0 {
			return fmt.Errorf("%s: row %d is of image %d: want at least 0", what, i, image)
		}
	}
	return nil
}

// finite says whether v is neither infinite nor NaN.
func finite(v float32) bool { return v-v == 0 }

// part is some of the rows of examples, in order.
type part struct {
	*Examples
	d    int
	rows []int32 // nil for all
}

func (p part) count() int {
	if p.rows == nil {
		return p.Len()
	}
	return len(p.rows)
}

// row is the index in the examples of row i.
func (p part) row(i int) int {
	if p.rows == nil {
		return i
	}
	return int(p.rows[i])
}

// features is row i.
func (p part) features(i int) []float32 { return p.Features[p.row(i)*p.d:][:p.d] }

// label is that of row i.
func (p part) label(i int) int { return p.Labels[p.row(i)] }

// weight is what row i counts.
func (p part) weight(i int) float32 {
	if p.Weights == nil {
		return 1
	}
	return p.Weights[p.row(i)]
}
