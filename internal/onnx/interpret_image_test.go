package onnx

import "slices"

// resize enlarges images by whole factors, by the definition of asymmetric
// coordinates that are rounded down.
func resize(n node, in []array) array {
	if n.text("mode") != "nearest" || n.text("nearest_mode") != "floor" || n.text("coordinate_transformation_mode") != "asymmetric" {
		panic("Resize has another mode than the layer computes")
	}
	x, scales := in[0], in[2].data
	out := newArray(x.shape[0], x.shape[1], int(float64(x.shape[2])*scales[2]), int(float64(x.shape[3])*scales[3]))
	i := 0
	for plane := range x.shape[0] * x.shape[1] {
		for y := range out.shape[2] {
			for xx := range out.shape[3] {
				from := int(float64(y)/scales[2])*x.shape[3] + int(float64(xx)/scales[3])
				out.data[i] = x.data[plane*x.shape[2]*x.shape[3]+from]
				i++
			}
		}
	}
	return out
}

// slice cuts rows and columns off.
func slice(_ node, in []array) array {
	x, starts, ends, axes := in[0], in[1].data, in[2].data, in[3].data
	if !slices.Equal(starts, []float64{0, 0}) || !slices.Equal(axes, []float64{2, 3}) {
		panic("Slice does not begin at the first row and column")
	}
	out := newArray(x.shape[0], x.shape[1], int(ends[0]), int(ends[1]))
	for i := range out.data {
		column, row, plane := i%out.shape[3], i/out.shape[3]%out.shape[2], i/out.shape[3]/out.shape[2]
		out.data[i] = x.data[(plane*x.shape[2]+row)*x.shape[3]+column]
	}
	return out
}

// reduceMean is over axis 1 of vectors, which is kept.
func reduceMean(n node, in []array) array {
	if !slices.Equal(n.ints("axes"), []int{1}) || n.int("keepdims", 0) != 1 || len(in[0].shape) != 2 {
		panic("ReduceMean is not over the values of a vector")
	}
	out := newArray(in[0].shape[0], 1)
	for i, v := range in[0].data {
		out.data[i/in[0].shape[1]] += v / float64(in[0].shape[1])
	}
	return out
}
