package interpreter

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// tensor is a value, in the order of axes that the file gives it. One of f, u and i holds
// its elements, as kind says.
type tensor struct {
	kind     ElemType
	shape    []int
	f        []float32
	u        []uint8
	i        []int64
	constant bool    // known before anything is run
	memory   *buffer // of f, where it is not the tensor's alone
}

// buffer is memory that values use one after the other.
type buffer struct {
	data  []float32
	users int // tensors that are still read
}

// elements is the number of elements of a shape. Shapes are from files, so that the
// product may be too large for anything.
func elements(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, want at most %d", len(shape), maxRank)
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("a dimension of %d in %v", d, shape)
		}
		if n *= int64(d); n > math.MaxInt32 {
			return 0, fmt.Errorf("shape %v has more than %d elements", shape, math.MaxInt32)
		}
	}
	return int(n), nil
}

// strides are the distances between neighbours along each axis.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	for axis, step := len(shape)-1, 1; axis >= 0; axis-- {
		s[axis] = step
		step *= shape[axis]
	}
	return s
}

func product(sizes []int) int {
	n := 1
	for _, d := range sizes {
		n *= d
	}
	return n
}

// errMemory is of a model that needs more memory than is allowed.
var errMemory = errors.New("the model needs more memory than is allowed")

// arena hands out memory within a limit, and takes it back.
type arena struct {
	limit, taken int // bytes
	free         []*buffer
}

// get returns a buffer with room for n values, used by one tensor.
func (a *arena) get(n int) (*buffer, error) {
	best := -1
	for i, b := range a.free {
		if cap(b.data) >= n && (best < 0 || cap(b.data) < cap(a.free[best].data)) {
			best = i
		}
	}
	if best >= 0 {
		b := a.free[best]
		a.free = slices.Delete(a.free, best, best+1)
		b.users = 1
		return b, nil
	}
	if err := a.take(4 * n); err != nil {
		return nil, err
	}
	return &buffer{data: make([]float32, n), users: 1}, nil
}

// take counts bytes that are about to be allocated.
func (a *arena) take(bytes int) error {
	if bytes > a.limit-a.taken {
		return fmt.Errorf("%w: %d MB", errMemory, a.limit>>20)
	}
	a.taken += bytes
	return nil
}

// put takes back a buffer that a tensor no longer needs.
func (a *arena) put(b *buffer) {
	if b.users--; b.users == 0 {
		a.free = append(a.free, b)
	}
}
