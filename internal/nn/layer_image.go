package nn

import "fmt"

// Upsample repeats pixels, which is interpolation by the nearest neighbour:
// y[i,j,c] = x[i/Factor, j/Factor, c] for i < H and j < W, with quotients rounded
// down. Its gradient dx[i,j,c] is one chain of additions over the pixels of dy that
// repeat the pixel, row by row; those that H and W cut off take part as zeros.
type Upsample struct {
	plain
	Factor int // 1 or more
	H, W   int // of the output; 0 means Factor times the input's
}

// Kind implements Layer.
func (Upsample) Kind() string { return "Upsample" }

// maxFactor bounds an Upsample: its gradient has Factor*Factor terms for each value.
const maxFactor = 64

// Output implements Layer.
func (l Upsample) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	if err != nil {
		return Shape{}, err
	}
	if l.Factor < 1 || l.Factor > maxFactor {
		return Shape{}, fmt.Errorf("factor %d: want 1 to %d", l.Factor, maxFactor)
	}
	whole := Shape{l.Factor * s.H, l.Factor * s.W, s.C}
	out := whole
	if l.H != 0 {
		out.H = l.H
	}
	if l.W != 0 {
		out.W = l.W
	}
	if out.H < 1 || out.H > whole.H || out.W < 1 || out.W > whole.W {
		return Shape{}, fmt.Errorf("output %v: factor %d makes at most %v of %v", out, l.Factor, whole, s)
	}
	return out, nil
}

// Reshape makes an image of a vector, in [H,W,C] order: the reverse of Flatten.
type Reshape struct {
	plain
	To Shape
}

// Kind implements Layer.
func (Reshape) Kind() string { return "Reshape" }

// Output implements Layer.
func (l Reshape) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	switch {
	case err != nil:
		return Shape{}, err
	case s.H != 1 || s.W != 1:
		return Shape{}, fmt.Errorf("takes a vector, has %v: put a Flatten before it", s)
	case min(l.To.H, l.To.W, l.To.C) < 1 || l.To.Elements() != s.C:
		return Shape{}, fmt.Errorf("%d values do not make an image of %v", s.C, l.To)
	}
	return l.To, nil
}

// Scale multiplies by a constant: y = x*Factor.
type Scale struct {
	elementwise
	Factor float32
}

// Kind implements Layer.
func (Scale) Kind() string { return "Scale" }

// MeanSquaredError is the mean of the squared differences d of two inputs of one
// shape, as a vector of one value: fma(d, d, lane) in the 16 lanes of sums along a
// row, over all values in [H,W,C] order, divided by their number.
type MeanSquaredError struct{ plain }

// Kind implements Layer.
func (MeanSquaredError) Kind() string { return "MeanSquaredError" }

// Output implements Layer.
func (MeanSquaredError) Output(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return Shape{}, fmt.Errorf("takes two inputs, has %d", len(in))
	}
	if in[0] != in[1] {
		return Shape{}, fmt.Errorf("inputs differ: %v and %v", in[0], in[1])
	}
	return Shape{1, 1, 1}, nil
}
