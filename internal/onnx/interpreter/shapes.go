package interpreter

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

func prepareFlatten(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	axis, err := c.int("axis", 1)
	if err != nil {
		return nil, nil, err
	}
	at := int(axis)
	if axis < 0 {
		at += len(in.shape)
	}
	if at < 0 || at > len(in.shape) {
		return nil, nil, fmt.Errorf("axis %d of %d dimensions", axis, len(in.shape))
	}
	return c.view(in, []int{product(in.shape[:at]), product(in.shape[at:])})
}

// view is a value in another shape; of a constant, a copy.
func (c *call) view(in *tensor, shape []int) (*tensor, func(), error) {
	if !in.constant {
		return c.same(in, shape), nil, nil
	}
	out, err := c.make(shape...)
	if err != nil {
		return nil, nil, err
	}
	return out, func() { copy(out.f, in.f) }, nil
}

// prepareReshape takes 0 for the size that an axis has, and -1 for what is left.
func prepareReshape(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := c.integers(1)
	if err != nil {
		return nil, nil, err
	}
	if zero, err := c.int("allowzero", 0); err != nil || zero != 0 {
		return nil, nil, errors.Join(err, errors.New("attribute allowzero is set, which is not supported"))
	}
	shape, rest := make([]int, len(wanted)), -1
	for i, d := range wanted {
		switch {
		case d == 0 && i < len(in.shape):
			shape[i] = in.shape[i]
		case d == -1 && rest < 0:
			shape[i], rest = 1, i
		case d > 0 && d <= math.MaxInt32:
			shape[i] = int(d)
		default:
			return nil, nil, fmt.Errorf("shape %v of a value of shape %v", wanted, in.shape)
		}
	}
	size, err := elements(shape)
	if err != nil {
		return nil, nil, err
	}
	if total := product(in.shape); rest >= 0 && total%size == 0 {
		shape[rest] = total / size
		size = total
	}
	if size != product(in.shape) {
		return nil, nil, fmt.Errorf("shape %v of a value of shape %v", wanted, in.shape)
	}
	return c.view(in, shape)
}

// takeTables counts the memory of tables for the axes of a shape.
func (c *call) takeTables(shape []int) error {
	for _, size := range shape {
		if err := c.arena.take(8 * size); err != nil {
			return err
		}
	}
	return nil
}

// gather makes a value each of whose elements is the one of another value at the sum of
// what tables say for its indexes along each axis.
func (c *call) gather(in *tensor, tables [][]int) (*tensor, func(), error) {
	shape := make([]int, len(tables))
	for axis, t := range tables {
		shape[axis] = len(t)
	}
	out, err := c.make(shape...)
	if err != nil {
		return nil, nil, err
	}
	return out, func() { gather(out.f, in.f, tables) }, nil
}

func gather(out, in []float32, tables [][]int) {
	if len(tables) == 0 {
		out[0] = in[0]
		return
	}
	if len(tables) == 1 {
		for i, offset := range tables[0] {
			out[i] = in[offset]
		}
		return
	}
	step := len(out) / len(tables[0])
	for i, offset := range tables[0] {
		gather(out[i*step:(i+1)*step], in[offset:], tables[1:])
	}
}

// steps are n places, step apart, from the one given.
func steps(first, n, step int) []int {
	table := make([]int, n)
	for i := range table {
		table[i] = first + i*step
	}
	return table
}

// prepareTranspose has axis perm[i] of the value as axis i of its result.
func prepareTranspose(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	rank := len(in.shape)
	perm, err := c.ints("perm")
	if err != nil {
		return nil, nil, err
	}
	if perm == nil { // reversed
		for axis := range rank {
			perm = append(perm, int64(rank-1-axis))
		}
	}
	if err := c.takeTables(in.shape); err != nil {
		return nil, nil, err
	}
	sorted := slices.Sorted(slices.Values(perm))
	tables, distances := make([][]int, rank), strides(in.shape)
	for i := range rank {
		if len(perm) != rank || sorted[i] != int64(i) {
			return nil, nil, fmt.Errorf("perm %v of %d dimensions", perm, rank)
		}
		tables[i] = steps(0, in.shape[perm[i]], distances[perm[i]])
	}
	return c.gather(in, tables)
}

// prepareSlice takes parts of axes, in steps of 1.
func prepareSlice(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	lists := make([][]int64, 4) // starts, ends, axes, steps
	for i := range lists {
		if !c.has(i + 1) {
			continue
		}
		if lists[i], err = c.integers(i + 1); err != nil {
			return nil, nil, err
		}
	}
	n := len(lists[0])
	if lists[2] == nil {
		for axis := range n {
			lists[2] = append(lists[2], int64(axis))
		}
	}
	if len(lists[1]) != n || len(lists[2]) != n || lists[3] != nil && (len(lists[3]) != n || slices.ContainsFunc(lists[3], func(s int64) bool { return s != 1 })) {
		return nil, nil, fmt.Errorf("starts, ends, axes and steps are %v: want as many of each, and steps of 1", lists)
	}
	if err := c.takeTables(in.shape); err != nil {
		return nil, nil, err
	}
	distances, tables := strides(in.shape), make([][]int, len(in.shape))
	for axis, size := range in.shape {
		tables[axis] = steps(0, size, distances[axis])
	}
	for i := range n {
		axis, err := axisOf(lists[2][i], len(in.shape))
		if err != nil {
			return nil, nil, err
		}
		size := in.shape[axis]
		first, end := within(lists[0][i], size), within(lists[1][i], size)
		if len(tables[axis]) != size || first >= end {
			return nil, nil, fmt.Errorf("elements %d to %d of axis %d, which has %d, or the axis is there twice", lists[0][i], lists[1][i], axis, size)
		}
		tables[axis] = tables[axis][first:end]
	}
	return c.gather(in, tables)
}

// within brings an index, which counts from the end if it is negative, to 0 to size.
func within(index int64, size int) int {
	if index < 0 {
		index += int64(size)
	}
	return int(min(max(index, 0), int64(size)))
}

// prepareResize takes the element at floor(index / scale) along each axis.
func prepareResize(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(c.only("coordinate_transformation_mode", "asymmetric", "half_pixel"), c.only("mode", "nearest", "nearest"),
		c.only("nearest_mode", "floor", "round_prefer_floor"))
	if err != nil {
		return nil, nil, err
	}
	if !c.has(2) {
		return nil, nil, errors.New("it has no scales, which is not supported")
	}
	scales, err := c.fixed(2, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(scales.f) != len(in.shape) {
		return nil, nil, fmt.Errorf("%d scales for a value of shape %v", len(scales.f), in.shape)
	}
	distances, tables, shape := strides(in.shape), make([][]int, len(in.shape)), make([]int, len(in.shape))
	for axis, scale := range scales.f {
		size := math.Floor(float64(in.shape[axis]) * float64(scale))
		if !(size >= 1 && size <= math.MaxInt32) {
			return nil, nil, fmt.Errorf("scale %v of an axis of %d", scale, in.shape[axis])
		}
		shape[axis] = int(size)
	}
	if _, err := elements(shape); err != nil {
		return nil, nil, err
	}
	if err := c.takeTables(shape); err != nil {
		return nil, nil, err
	}
	for axis, scale := range scales.f {
		for i := range shape[axis] {
			from := min(int(math.Floor(float64(i)/float64(scale))), in.shape[axis]-1)
			tables[axis] = append(tables[axis], from*distances[axis])
		}
	}
	return c.gather(in, tables)
}

// prepareConcat joins values along one axis.
func prepareConcat(c *call) (*tensor, func(), error) {
	first, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	axis, err := c.int("axis", math.MinInt64)
	if err != nil {
		return nil, nil, err
	}
	at, err := axisOf(axis, len(first.shape))
	if err != nil {
		return nil, nil, err
	}
	shape := slices.Clone(first.shape)
	for i := range c.in[1:] {
		if c.in[i+1] == nil {
			return nil, nil, fmt.Errorf("input %d is left out", i+1)
		}
		t, err := c.floats(i + 1)
		if err != nil {
			return nil, nil, err
		}
		same := slices.Clone(t.shape)
		if len(same) == len(first.shape) {
			same[at] = first.shape[at]
		}
		if !slices.Equal(same, first.shape) {
			return nil, nil, fmt.Errorf("shapes %v and %v, to be joined along axis %d", first.shape, t.shape, at)
		}
		shape[at] += t.shape[at]
	}
	out, err := c.make(shape...)
	if err != nil {
		return nil, nil, err
	}
	in := c.in
	return out, func() {
		to := out.f
		for row := range product(shape[:at]) {
			for _, t := range in {
				size := product(t.shape[at:])
				to = to[copy(to, t.f[row*size:(row+1)*size]):]
			}
		}
	}, nil
}

// prepareReduceMean takes the mean over some axes.
func prepareReduceMean(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	axes, err := c.ints("axes")
	keep, err2 := c.int("keepdims", 1)
	if err := errors.Join(err, err2); err != nil {
		return nil, nil, err
	}
	kept, reduced := slices.Clone(in.shape), make([]bool, len(in.shape))
	for _, a := range axes {
		axis, err := axisOf(a, len(in.shape))
		if err != nil {
			return nil, nil, err
		}
		kept[axis], reduced[axis] = 1, true
	}
	if axes == nil {
		for axis := range kept {
			kept[axis], reduced[axis] = 1, true
		}
	}
	if err := c.takeTables(in.shape); err != nil {
		return nil, nil, err
	}
	var shape []int
	tables, distances := make([][]int, len(kept)), strides(kept)
	for axis, size := range in.shape {
		if reduced[axis] {
			tables[axis] = make([]int, size)
		} else {
			tables[axis] = steps(0, size, distances[axis])
		}
		if keep != 0 || !reduced[axis] {
			shape = append(shape, kept[axis])
		}
	}
	out, err := c.make(shape...)
	if err != nil {
		return nil, nil, err
	}
	if err := c.arena.take(8 * len(out.f)); err != nil {
		return nil, nil, err
	}
	sums, each := make([]float64, len(out.f)), float64(len(in.f)/len(out.f))
	return out, func() {
		clear(sums)
		scatter(sums, in.f, tables)
		for i, sum := range sums {
			out.f[i] = float32(sum / each)
		}
	}, nil
}

// scatter adds each element to the sum at what tables say for its indexes.
func scatter(sums []float64, in []float32, tables [][]int) {
	if len(tables) == 0 {
		sums[0] += float64(in[0])
		return
	}
	step := len(in) / len(tables[0])
	for i, offset := range tables[0] {
		if len(tables) == 1 {
			sums[offset] += float64(in[i])
			continue
		}
		scatter(sums[offset:], in[i*step:(i+1)*step], tables[1:])
	}
}
