package nn

import (
	"errors"
	"fmt"
)

// Pads are the rows and columns of padding on each side of an image.
type Pads struct{ Top, Left, Bottom, Right int }

// window is the geometry shared by convolutions and pooling: a square of kernel
// pixels moved by stride over an image enlarged by padding. That is padding on every
// side, with output sizes rounded down, or what TensorFlow calls "same" padding: of
// n pixels the output has ceil(n/stride), and what is missing for that,
//
//	max((ceil(n/stride)-1)*stride + kernel - n, 0),
//
// is halved. The odd one is below or on the right. So with stride 2 an even size has
// 0 before and 1 after for a kernel of 3, and 1 and 2 for one of 5.
type window struct {
	kernel, stride, padding int
	same                    bool
}

func (g window) check(in Shape) error {
	switch {
	case g.kernel < 1 || g.stride < 1 || g.padding < 0:
		return fmt.Errorf("kernel %d, stride %d, padding %d: want at least 1, 1, 0", g.kernel, g.stride, g.padding)
	case g.same && g.padding != 0:
		return fmt.Errorf("padding %d and same padding: want one of them", g.padding)
	case g.same && min(in.H, in.W) < 1:
		return errors.New("the input is empty")
	case g.padding >= g.kernel:
		return fmt.Errorf("padding %d is not smaller than kernel %d", g.padding, g.kernel)
	case !g.same && min(in.H, in.W)+2*g.padding < g.kernel:
		return fmt.Errorf("kernel %d is larger than the input %v with padding %d", g.kernel, in, g.padding)
	}
	return nil
}

// output is the height and width of what the window makes of an input.
func (g window) output(in Shape) (h, w int, err error) {
	if err := g.check(in); err != nil {
		return 0, 0, err
	}
	p := g.pads(in)
	return (in.H+p.Top+p.Bottom-g.kernel)/g.stride + 1, (in.W+p.Left+p.Right-g.kernel)/g.stride + 1, nil
}

// pads is the padding of an input that check accepts.
func (g window) pads(in Shape) Pads {
	if !g.same {
		return Pads{g.padding, g.padding, g.padding, g.padding}
	}
	top, bottom := g.samePads(in.H)
	left, right := g.samePads(in.W)
	return Pads{top, left, bottom, right}
}

// samePads is the same padding of n pixels.
func (g window) samePads(n int) (before, after int) {
	total := max((n+g.stride-1)/g.stride*g.stride-g.stride+g.kernel-n, 0)
	return total / 2, total - total/2
}
