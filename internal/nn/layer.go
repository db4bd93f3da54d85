package nn

import (
	"errors"
	"fmt"
)

// plain is embedded by layers without parameters and multiply-adds.
type plain struct{}

func (plain) Params([]Shape) []Param   { return nil }
func (plain) MultiplyAdds([]Shape) int { return 0 }

// one returns the only input's shape.
func one(in []Shape) (Shape, error) {
	if len(in) != 1 {
		return Shape{}, fmt.Errorf("takes one input, has %d", len(in))
	}
	return in[0], nil
}

// elementwise is embedded by layers that keep their one input's shape.
type elementwise struct{ plain }

func (elementwise) Output(in []Shape) (Shape, error) { return one(in) }

// Input is the image of bytes that a graph begins with. Its output is the same
// numbers as float32.
type Input struct {
	plain
	Shape Shape
}

// Kind implements Layer.
func (Input) Kind() string { return "Input" }

// Output implements Layer.
func (l Input) Output(in []Shape) (Shape, error) {
	if len(in) != 0 {
		return Shape{}, errors.New("takes no input")
	}
	return l.Shape, nil
}

// Normalize maps each channel's bytes to numbers of about mean 0 and variance 1:
// y = fma(x, scale[c], offset[c]). The constants are statistics of the training
// part and travel with the weights.
type Normalize struct{ elementwise }

// Kind implements Layer.
func (Normalize) Kind() string { return "Normalize" }

// Params implements Layer: scale [C], offset [C].
func (Normalize) Params(in []Shape) []Param {
	return []Param{
		{Name: "scale", Shape: []int{in[0].C}, Init: Init{Constant: 1.0 / 255}},
		{Name: "offset", Shape: []int{in[0].C}},
	}
}

// Conv2D is a two-dimensional cross-correlation with zero padding. Each output
// is one chain of fused multiply-adds from the bias over kernel row, kernel
// column and input channel; padding takes part as zeros, but for rows of it that
// all of an image's pixels of one row see, which are left out. Pads says how much
// there is. With Groups > 1,
// input and output channels are cut into that many equal runs that do not mix;
// Groups = input channels is a depthwise convolution.
type Conv2D struct {
	Out     int // output channels
	Kernel  int
	Stride  int  // 0 means 1
	Padding int  // on every side
	Same    bool // pads as Pads says, in place of Padding
	Groups  int  // 0 means 1
	NoBias  bool
}

// Normalized returns the layer with 1 in place of unset stride and groups.
func (l Conv2D) Normalized() Conv2D {
	l.Stride, l.Groups = max(l.Stride, 1), max(l.Groups, 1)
	return l
}

// Kind implements Layer.
func (Conv2D) Kind() string { return "Conv2D" }

// Output implements Layer.
func (l Conv2D) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	if err != nil {
		return Shape{}, err
	}
	l = l.Normalized()
	if l.Out < 1 || s.C%l.Groups != 0 || l.Out%l.Groups != 0 {
		return Shape{}, fmt.Errorf("%d input and %d output channels do not divide into %d groups", s.C, l.Out, l.Groups)
	}
	h, w, err := l.window().output(s)
	return Shape{h, w, l.Out}, err
}

func (l Conv2D) window() window {
	l = l.Normalized()
	return window{l.Kernel, l.Stride, l.Padding, l.Same}
}

// Pads is the padding of an input.
func (l Conv2D) Pads(in Shape) Pads { return l.window().pads(in) }

// Params implements Layer: weight [KH,KW,C/groups,Out], bias [Out].
func (l Conv2D) Params(in []Shape) []Param {
	perGroup := in[0].C / l.Normalized().Groups
	fanIn := l.Kernel * l.Kernel * perGroup
	params := []Param{{
		Name: "weight", Shape: []int{l.Kernel, l.Kernel, perGroup, l.Out},
		Trainable: true, Decay: true, Init: heUniform(fanIn),
	}}
	if !l.NoBias {
		params = append(params, Param{Name: "bias", Shape: []int{l.Out}, Trainable: true})
	}
	return params
}

// MultiplyAdds implements Layer.
func (l Conv2D) MultiplyAdds(in []Shape) int {
	out, err := l.Output(in)
	if err != nil {
		return 0
	}
	return out.Elements() * l.Kernel * l.Kernel * in[0].C / l.Normalized().Groups
}

// Linear is a fully connected layer on a vector: each output is one chain of
// fused multiply-adds from the bias over the inputs in order.
type Linear struct {
	Out    int
	NoBias bool
	Gain   float32 // of the first weights; 0 means 1
}

// Kind implements Layer.
func (Linear) Kind() string { return "Linear" }

// Output implements Layer.
func (l Linear) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	switch {
	case err != nil:
		return Shape{}, err
	case s.H != 1 || s.W != 1:
		return Shape{}, fmt.Errorf("takes a vector, has %v: put a Flatten or a GlobalAvgPool before it", s)
	case l.Out < 1:
		return Shape{}, fmt.Errorf("%d outputs: want at least 1", l.Out)
	}
	return Shape{1, 1, l.Out}, nil
}

// Params implements Layer: weight [In,Out], bias [Out].
func (l Linear) Params(in []Shape) []Param {
	params := []Param{{
		Name: "weight", Shape: []int{in[0].C, l.Out},
		Trainable: true, Decay: true, Init: heUniform(in[0].C),
	}}
	if l.Gain != 0 {
		params[0].Init.Bound *= l.Gain
	}
	if !l.NoBias {
		params = append(params, Param{Name: "bias", Shape: []int{l.Out}, Trainable: true})
	}
	return params
}

// MultiplyAdds implements Layer.
func (l Linear) MultiplyAdds(in []Shape) int { return in[0].C * l.Out }

// BatchNorm normalises each channel to the mean and biased variance of the shard
// while training, and to running averages otherwise:
// y = (x - mean) / sqrt(variance + Epsilon) * weight + bias. Once a step the
// running averages move by Momentum towards the mean over shards of the shards'
// mean and unbiased variance (Ioffe and Szegedy, Batch Normalization, 2015).
type BatchNorm struct {
	elementwise
	Epsilon  float32 // 0 means 1e-5
	Momentum float32 // 0 means 0.1
}

// Normalized returns the layer with the defaults in place of unset values.
func (l BatchNorm) Normalized() BatchNorm {
	if l.Epsilon == 0 {
		l.Epsilon = 1e-5
	}
	if l.Momentum == 0 {
		l.Momentum = 0.1
	}
	return l
}

// Kind implements Layer.
func (BatchNorm) Kind() string { return "BatchNorm" }

// Params implements Layer: weight, bias, running_mean and running_variance, each
// [C].
func (BatchNorm) Params(in []Shape) []Param {
	c := []int{in[0].C}
	return []Param{
		{Name: "weight", Shape: c, Trainable: true, Init: Init{Constant: 1}},
		{Name: "bias", Shape: c, Trainable: true},
		{Name: "running_mean", Shape: c},
		{Name: "running_variance", Shape: c, Init: Init{Constant: 1}},
	}
}

// MaxPool takes the largest value of each window and channel, the first in row
// order among equals. Padding never wins.
type MaxPool struct {
	plain
	Kernel, Stride, Padding int  // Stride 0 means Kernel; Padding is on every side
	Same                    bool // pads as Pads says, in place of Padding
}

// Normalized returns the layer with the default in place of an unset stride.
func (l MaxPool) Normalized() MaxPool {
	if l.Stride == 0 {
		l.Stride = l.Kernel
	}
	return l
}

// Kind implements Layer.
func (MaxPool) Kind() string { return "MaxPool" }

// Output implements Layer.
func (l MaxPool) Output(in []Shape) (Shape, error) { return pooled(in, l.window()) }

func (l MaxPool) window() window {
	l = l.Normalized()
	return window{l.Kernel, l.Stride, l.Padding, l.Same}
}

// Pads is the padding of an input.
func (l MaxPool) Pads(in Shape) Pads { return l.window().pads(in) }

// AvgPool takes the mean of each window and channel; padding counts as zeros.
type AvgPool struct {
	plain
	Kernel, Stride, Padding int  // Stride 0 means Kernel; Padding is on every side
	Same                    bool // pads as Pads says, in place of Padding
}

// Normalized returns the layer with the default in place of an unset stride.
func (l AvgPool) Normalized() AvgPool {
	if l.Stride == 0 {
		l.Stride = l.Kernel
	}
	return l
}

// Kind implements Layer.
func (AvgPool) Kind() string { return "AvgPool" }

// Output implements Layer.
func (l AvgPool) Output(in []Shape) (Shape, error) { return pooled(in, l.window()) }

func (l AvgPool) window() window {
	l = l.Normalized()
	return window{l.Kernel, l.Stride, l.Padding, l.Same}
}

// Pads is the padding of an input.
func (l AvgPool) Pads(in Shape) Pads { return l.window().pads(in) }

// maxTaps bounds a pooling window: which of its pixels won is kept in a byte.
const maxTaps = 256

func pooled(in []Shape, g window) (Shape, error) {
	s, err := one(in)
	if err != nil {
		return Shape{}, err
	}
	if g.kernel*g.kernel > maxTaps {
		return Shape{}, fmt.Errorf("kernel %d: want at most 16", g.kernel)
	}
	h, w, err := g.output(s)
	return Shape{h, w, s.C}, err
}

// GlobalAvgPool takes the mean of each channel over the whole image.
type GlobalAvgPool struct{ plain }

// Kind implements Layer.
func (GlobalAvgPool) Kind() string { return "GlobalAvgPool" }

// Output implements Layer.
func (GlobalAvgPool) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	return Shape{1, 1, s.C}, err
}

// Dropout sets each element to zero with probability Rate while training and
// divides the others by 1-Rate; otherwise it does nothing.
type Dropout struct {
	elementwise
	Rate float32
}

// Kind implements Layer.
func (Dropout) Kind() string { return "Dropout" }

// Output implements Layer.
func (l Dropout) Output(in []Shape) (Shape, error) {
	if !(l.Rate >= 0 && l.Rate < 1) {
		return Shape{}, fmt.Errorf("rate %v: want 0 to less than 1", l.Rate)
	}
	return one(in)
}

// Flatten makes a vector of an image, in [H,W,C] order.
type Flatten struct{ plain }

// Kind implements Layer.
func (Flatten) Kind() string { return "Flatten" }

// Output implements Layer.
func (Flatten) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	return Shape{1, 1, s.Elements()}, err
}

// Add sums two or more inputs of one shape, from the first to the last.
type Add struct{ plain }

// Kind implements Layer.
func (Add) Kind() string { return "Add" }

// Output implements Layer.
func (Add) Output(in []Shape) (Shape, error) {
	if len(in) < 2 {
		return Shape{}, fmt.Errorf("takes two or more inputs, has %d", len(in))
	}
	for _, s := range in[1:] {
		if s != in[0] {
			return Shape{}, fmt.Errorf("inputs differ: %v and %v", in[0], s)
		}
	}
	return in[0], nil
}

// Concat joins the channels of two or more inputs of one height and width.
type Concat struct{ plain }

// Kind implements Layer.
func (Concat) Kind() string { return "Concat" }

// Output implements Layer.
func (Concat) Output(in []Shape) (Shape, error) {
	if len(in) < 2 {
		return Shape{}, fmt.Errorf("takes two or more inputs, has %d", len(in))
	}
	out := in[0]
	for _, s := range in[1:] {
		if s.H != out.H || s.W != out.W {
			return Shape{}, fmt.Errorf("inputs differ in height or width: %v and %v", in[0], s)
		}
		out.C += s.C
	}
	return out, nil
}

// Softmax makes probabilities of a vector of logits.
type Softmax struct{ elementwise }

// Kind implements Layer.
func (Softmax) Kind() string { return "Softmax" }

// Output implements Layer.
func (Softmax) Output(in []Shape) (Shape, error) {
	s, err := one(in)
	if err == nil && (s.H != 1 || s.W != 1) {
		err = fmt.Errorf("takes a vector, has %v", s)
	}
	return s, err
}
