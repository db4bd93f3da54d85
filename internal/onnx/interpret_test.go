package onnx

import (
	"fmt"
	"math"
	"slices"
)

// array is a row-major tensor of the interpreter.
type array struct {
	shape []int
	data  []float64
}

func newArray(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{shape, make([]float64, n)}
}

// at is the element of a rank-4 array.
func (a array) at(n, c, h, w int) float64 {
	return a.data[((n*a.shape[1]+c)*a.shape[2]+h)*a.shape[3]+w]
}

// interpret runs a model on pixels [N,H,W,C] by the definitions of
// docs/Operators.md, in float64, without any concern for speed. It knows only
// the operators and attributes that Export writes.
func interpret(m model, pixels array) (outputs []array, err error) {
	values := map[string]array{inputName: pixels, "": {}} // "" is an input that is left out
	for _, t := range m.graph.initializers {
		shape := make([]int, len(t.dims))
		for i, d := range t.dims {
			shape[i] = int(d)
		}
		values[t.name] = array{shape, t.numbers()}
	}
	for _, n := range m.graph.nodes {
		in := make([]array, len(n.inputs))
		for i, name := range n.inputs {
			v, ok := values[name]
			if !ok {
				return nil, fmt.Errorf("node %s reads %s before it is made", n.name, name)
			}
			in[i] = v
		}
		if _, taken := values[n.outputs[0]]; taken {
			return nil, fmt.Errorf("node %s makes %s a second time", n.name, n.outputs[0])
		}
		op, ok := operators[n.opType]
		if !ok {
			return nil, fmt.Errorf("node %s: operator %s is not known to the test's interpreter", n.name, n.opType)
		}
		values[n.outputs[0]] = op(n, in)
	}
	for _, o := range m.graph.outputs {
		v, made := values[o.name]
		shape := []int{batch}
		for _, d := range o.shape[1:] {
			shape = append(shape, int(d.value))
		}
		if !made || !slices.Equal(v.shape, shape) {
			return nil, fmt.Errorf("output %s has shape %v, declared is %v", o.name, v.shape, shape)
		}
		outputs = append(outputs, v)
	}
	return outputs, nil
}

var operators = map[string]func(n node, in []array) array{
	"Cast":               func(_ node, in []array) array { return in[0] },
	"Mul":                binary2(func(a, b float64) float64 { return a * b }),
	"Add":                binary2(func(a, b float64) float64 { return a + b }),
	"Sub":                binary2(func(a, b float64) float64 { return a - b }),
	"Identity":           func(_ node, in []array) array { return in[0] },
	"Resize":             resize,
	"Slice":              slice,
	"ReduceMean":         reduceMean,
	"Div":                binary2(func(a, b float64) float64 { return a / b }),
	"Relu":               unary(func(_ node, x float64) float64 { return max(x, 0) }),
	"Erf":                unary(func(_ node, x float64) float64 { return math.Erf(x) }),
	"Sigmoid":            unary(func(_ node, x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	"HardSwish":          unary(func(_ node, x float64) float64 { return x * max(0, min(1, x/6+0.5)) }),
	"HardSigmoid":        unary(hardSigmoid),
	"Clip":               clip,
	"Transpose":          transposeArray,
	"Flatten":            flatten,
	"Reshape":            reshape,
	"Concat":             concat,
	"Softmax":            softmax,
	"Gemm":               gemm,
	"Conv":               conv,
	"BatchNormalization": batchNormalization,
	"MaxPool":            maxPool,
	"AveragePool":        averagePool,
	"GlobalAveragePool":  globalAveragePool,
}

func (n node) int(name string, otherwise int) int {
	for _, a := range n.attributes {
		if a.name == name {
			return int(a.i)
		}
	}
	return otherwise
}

func (n node) text(name string) string {
	for _, a := range n.attributes {
		if a.name == name {
			return a.s
		}
	}
	return ""
}

func (n node) float(name string) float64 {
	for _, a := range n.attributes {
		if a.name == name {
			return float64(a.f)
		}
	}
	return math.NaN()
}

func (n node) ints(name string) []int {
	for _, a := range n.attributes {
		if a.name == name {
			out := make([]int, len(a.ints))
			for i, v := range a.ints {
				out[i] = int(v)
			}
			return out
		}
	}
	return nil
}

func unary(f func(n node, x float64) float64) func(node, []array) array {
	return func(n node, in []array) array {
		out := newArray(in[0].shape...)
		for i, x := range in[0].data {
			out.data[i] = f(n, x)
		}
		return out
	}
}

// binary2 broadcasts its second argument to the shape of the first.
func binary2(f func(a, b float64) float64) func(node, []array) array {
	return func(_ node, in []array) array {
		a, b := in[0], in[1]
		out := newArray(a.shape...)
		for i := range a.data {
			out.data[i] = f(a.data[i], b.data[broadcast(i, a.shape, b.shape)])
		}
		return out
	}
}

// broadcast is the index into an array of shape b that stands for index i of
// one of shape a.
func broadcast(i int, a, b []int) int {
	index, step := 0, 1
	for k := 1; k <= len(b); k++ {
		da, db := a[len(a)-k], b[len(b)-k]
		if db > 1 {
			index += i % da * step
		}
		step *= db
		i /= da
	}
	return index
}

func hardSigmoid(n node, x float64) float64 {
	return max(0, min(1, n.float("alpha")*x+n.float("beta")))
}

func clip(_ node, in []array) array {
	out := newArray(in[0].shape...)
	for i, x := range in[0].data {
		out.data[i] = min(max(x, in[1].data[0]), in[2].data[0])
	}
	return out
}

func transposeArray(n node, in []array) array {
	a, perm := in[0], n.ints("perm")
	shape := make([]int, 4)
	for i, axis := range perm {
		shape[i] = a.shape[axis]
	}
	out := newArray(shape...)
	var index [4]int
	for i := range out.data {
		rest := i
		for k := 3; k >= 0; k-- {
			index[perm[k]] = rest % shape[k]
			rest /= shape[k]
		}
		out.data[i] = a.at(index[0], index[1], index[2], index[3])
	}
	return out
}

func flatten(_ node, in []array) array {
	batch := in[0].shape[0]
	return array{[]int{batch, len(in[0].data) / batch}, in[0].data}
}

func reshape(_ node, in []array) array {
	shape := make([]int, len(in[1].data))
	for i, d := range in[1].data {
		if shape[i] = int(d); d == 0 {
			shape[i] = in[0].shape[i]
		}
	}
	return array{shape, in[0].data}
}

// concat joins along axis 1.
func concat(_ node, in []array) array {
	out := array{shape: slices.Clone(in[0].shape)}
	out.shape[1] = 0
	for _, a := range in {
		out.shape[1] += a.shape[1]
	}
	for n := range out.shape[0] {
		for _, a := range in {
			row := len(a.data) / a.shape[0]
			out.data = append(out.data, a.data[n*row:(n+1)*row]...)
		}
	}
	return out
}

func softmax(_ node, in []array) array {
	out := newArray(in[0].shape...)
	for n := range in[0].shape[0] {
		k := in[0].shape[1]
		row, to := in[0].data[n*k:(n+1)*k], out.data[n*k:]
		sum := 0.0
		for i, x := range row {
			to[i] = math.Exp(x - slices.Max(row))
			sum += to[i]
		}
		for i := range row {
			to[i] /= sum
		}
	}
	return out
}

func gemm(_ node, in []array) array {
	a, b := in[0], in[1]
	out := newArray(a.shape[0], b.shape[1])
	for m := range a.shape[0] {
		for n := range b.shape[1] {
			sum := 0.0
			if len(in) > 2 {
				sum = in[2].data[n]
			}
			for k := range a.shape[1] {
				sum += a.data[m*a.shape[1]+k] * b.data[k*b.shape[1]+n]
			}
			out.data[m*b.shape[1]+n] = sum
		}
	}
	return out
}

func batchNormalization(n node, in []array) array {
	out := newArray(in[0].shape...)
	inner := len(in[0].data) / in[0].shape[0] / in[0].shape[1]
	for i, x := range in[0].data {
		c := i / inner % in[0].shape[1]
		scale, bias, mean, variance := in[1].data[c], in[2].data[c], in[3].data[c], in[4].data[c]
		out.data[i] = (x-mean)/math.Sqrt(variance+n.float("epsilon"))*scale + bias
	}
	return out
}

// eachWindow calls visit for every output position of a windowed operator on an
// image of h x w pixels, with the window's top left pixel.
func eachWindow(n node, h, w int, visit func(oh, ow, top, left int)) (int, int) {
	k, s, p := n.ints("kernel_shape"), n.ints("strides"), n.ints("pads")
	outH, outW := (h+p[0]+p[2]-k[0])/s[0]+1, (w+p[1]+p[3]-k[1])/s[1]+1
	if visit != nil {
		for oh := range outH {
			for ow := range outW {
				visit(oh, ow, oh*s[0]-p[0], ow*s[1]-p[1])
			}
		}
	}
	return outH, outW
}

// inside lists the pixels of a window that lie on the image, with their place
// in the window.
func inside(n node, h, w, top, left int, visit func(kh, kw, y, x int)) {
	k := n.ints("kernel_shape")
	for kh := range k[0] {
		for kw := range k[1] {
			if y, x := top+kh, left+kw; y >= 0 && y < h && x >= 0 && x < w {
				visit(kh, kw, y, x)
			}
		}
	}
}

func conv(n node, in []array) array {
	x, weight := in[0], in[1]
	h, w := x.shape[2], x.shape[3]
	outH, outW := eachWindow(n, h, w, nil)
	out := newArray(x.shape[0], weight.shape[0], outH, outW)
	perGroup := weight.shape[0] / n.int("group", 1)
	for example := range x.shape[0] {
		for o := range weight.shape[0] {
			eachWindow(n, h, w, func(oh, ow, top, left int) {
				sum := 0.0
				if len(in) > 2 {
					sum = in[2].data[o]
				}
				for c := range weight.shape[1] {
					inside(n, h, w, top, left, func(kh, kw, y, xx int) {
						sum += weight.at(o, c, kh, kw) * x.at(example, o/perGroup*weight.shape[1]+c, y, xx)
					})
				}
				out.data[((example*weight.shape[0]+o)*outH+oh)*outW+ow] = sum
			})
		}
	}
	return out
}

// poolArray reduces every window to start folded with its pixels, divided by
// scale.
func poolArray(n node, x array, start float64, fold func(a, b float64) float64, scale float64) array {
	h, w := x.shape[2], x.shape[3]
	outH, outW := eachWindow(n, h, w, nil)
	out := newArray(x.shape[0], x.shape[1], outH, outW)
	for plane := range x.shape[0] * x.shape[1] {
		eachWindow(n, h, w, func(oh, ow, top, left int) {
			v := start
			inside(n, h, w, top, left, func(_, _, y, xx int) { v = fold(v, x.data[(plane*h+y)*w+xx]) })
			out.data[(plane*outH+oh)*outW+ow] = v / scale
		})
	}
	return out
}

func maxPool(n node, in []array) array {
	return poolArray(n, in[0], math.Inf(-1), func(a, b float64) float64 { return max(a, b) }, 1)
}

// averagePool divides by the whole window (count_include_pad = 1).
func averagePool(n node, in []array) array {
	k := n.ints("kernel_shape")
	if n.int("count_include_pad", 0) != 1 {
		panic("AveragePool without count_include_pad is not what the layer computes")
	}
	return poolArray(n, in[0], 0, func(a, b float64) float64 { return a + b }, float64(k[0]*k[1]))
}

func globalAveragePool(_ node, in []array) array {
	x := in[0]
	out := newArray(x.shape[0], x.shape[1], 1, 1)
	area := x.shape[2] * x.shape[3]
	for i, v := range x.data {
		out.data[i/area] += v / float64(area)
	}
	return out
}
