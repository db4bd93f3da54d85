package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// evaluate runs a graph on one image [H,W,C] as the doc comments of package nn
// define its layers, in float64, and returns its outputs. It shares nothing with the lowering: images
// keep their channels last throughout.
func evaluate(g *nn.Graph, p *nn.Parameters, pixels []float64) ([][]float64, error) {
	values := make([][]float64, len(g.Nodes))
	for i, n := range g.Nodes {
		if i == 0 {
			values[0] = pixels
			continue
		}
		in := make([][]float64, len(n.Inputs))
		for j, input := range n.Inputs {
			in[j] = values[input.Index]
		}
		params := make([][]float64, len(n.Params))
		for j, param := range n.Params {
			for _, v := range p.Of(param) {
				params[j] = append(params[j], float64(v))
			}
		}
		out, err := evaluateNode(n, in, params)
		if err != nil {
			return nil, err
		}
		values[i] = out
	}
	var outputs [][]float64
	for _, n := range g.Results() {
		outputs = append(outputs, values[n.Index])
	}
	return outputs, nil
}

func evaluateNode(n *nn.Node, in, params [][]float64) ([]float64, error) {
	x, s := in[0], n.InputShapes()[0]
	switch l := n.Layer.(type) {
	case nn.Dropout, nn.Flatten, nn.Reshape:
		return x, nil
	case nn.Normalize:
		return each(x, func(i int, v float64) float64 { return v*params[0][i%s.C] + params[1][i%s.C] }), nil
	case nn.BatchNorm:
		epsilon := float64(l.Normalized().Epsilon)
		return each(x, func(i int, v float64) float64 {
			c := i % s.C
			return (v-params[2][c])/math.Sqrt(params[3][c]+epsilon)*params[0][c] + params[1][c]
		}), nil
	case nn.Activation:
		return each(x, func(_ int, v float64) float64 { return function(l.Function, v) }), nil
	case nn.Linear:
		return evaluateLinear(x, params, l.Out), nil
	case nn.Conv2D:
		return evaluateConv(x, s, n.Shape, l.Normalized(), params), nil
	case nn.MaxPool:
		l = l.Normalized()
		return evaluatePool(x, s, n.Shape, l.Kernel, l.Stride, l.Pads(s), math.Inf(-1), math.Max, 1), nil
	case nn.AvgPool:
		l = l.Normalized()
		return evaluatePool(x, s, n.Shape, l.Kernel, l.Stride, l.Pads(s), 0, plus, l.Kernel*l.Kernel), nil
	case nn.GlobalAvgPool:
		out := make([]float64, s.C)
		for i, v := range x {
			out[i%s.C] += v / float64(s.H*s.W)
		}
		return out, nil
	case nn.Add:
		return each(x, func(i int, v float64) float64 {
			for _, other := range in[1:] {
				v += other[i]
			}
			return v
		}), nil
	case nn.Concat:
		return evaluateConcat(in, s.H*s.W), nil
	case nn.Scale:
		return each(x, func(_ int, v float64) float64 { return v * float64(l.Factor) }), nil
	case nn.Upsample:
		return each(make([]float64, n.Shape.Elements()), func(i int, _ float64) float64 {
			row, column := i/n.Shape.C/n.Shape.W, i/n.Shape.C%n.Shape.W
			return x[(row/l.Factor*s.W+column/l.Factor)*s.C+i%s.C]
		}), nil
	case nn.MeanSquaredError:
		mean := 0.0
		for i, v := range x {
			mean += (v - in[1][i]) * (v - in[1][i]) / float64(len(x))
		}
		return []float64{mean}, nil
	case nn.Softmax:
		return normalizedExp(x), nil
	}
	return nil, fmt.Errorf("the reference does not know %s", n.Layer.Kind())
}

func plus(a, b float64) float64 { return a + b }

func each(x []float64, f func(i int, v float64) float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = f(i, v)
	}
	return out
}

func function(f nn.Function, x float64) float64 {
	switch f {
	case nn.ReLU:
		return math.Max(x, 0)
	case nn.ReLU6:
		return math.Min(math.Max(x, 0), 6)
	case nn.GELU:
		return x / 2 * (1 + math.Erf(x/math.Sqrt2))
	case nn.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case nn.SiLU:
		return x / (1 + math.Exp(-x))
	case nn.HardSwish:
		return x * math.Min(math.Max(x+3, 0), 6) / 6
	}
	return math.NaN()
}

func evaluateLinear(x []float64, params [][]float64, outputs int) []float64 {
	out := make([]float64, outputs)
	for o := range out {
		if len(params) > 1 {
			out[o] = params[1][o]
		}
		for i, v := range x {
			out[o] += v * params[0][i*outputs+o]
		}
	}
	return out
}

func evaluateConv(x []float64, in, to nn.Shape, l nn.Conv2D, params [][]float64) []float64 {
	out := make([]float64, to.Elements())
	perGroup, pads := in.C/l.Groups, l.Pads(in)
	for i := range out {
		o, ow, oh := i%to.C, i/to.C%to.W, i/to.C/to.W
		if len(params) > 1 {
			out[i] = params[1][o]
		}
		first := o / (to.C / l.Groups) * perGroup
		for kh := range l.Kernel {
			for kw := range l.Kernel {
				y, xx := oh*l.Stride-pads.Top+kh, ow*l.Stride-pads.Left+kw
				if y < 0 || y >= in.H || xx < 0 || xx >= in.W {
					continue
				}
				for c := range perGroup {
					out[i] += x[(y*in.W+xx)*in.C+first+c] * params[0][((kh*l.Kernel+kw)*perGroup+c)*to.C+o]
				}
			}
		}
	}
	return out
}

func evaluatePool(x []float64, in, to nn.Shape, kernel, stride int, pads nn.Pads, start float64, fold func(a, b float64) float64, scale int) []float64 {
	out := make([]float64, to.Elements())
	for i := range out {
		c, ow, oh := i%to.C, i/to.C%to.W, i/to.C/to.W
		v := start
		for y := max(0, oh*stride-pads.Top); y < min(in.H, oh*stride-pads.Top+kernel); y++ {
			for xx := max(0, ow*stride-pads.Left); xx < min(in.W, ow*stride-pads.Left+kernel); xx++ {
				v = fold(v, x[(y*in.W+xx)*in.C+c])
			}
		}
		out[i] = v / float64(scale)
	}
	return out
}

func evaluateConcat(in [][]float64, pixels int) []float64 {
	var out []float64
	for p := range pixels {
		for _, x := range in {
			channels := len(x) / pixels
			out = append(out, x[p*channels:(p+1)*channels]...)
		}
	}
	return out
}

func normalizedExp(x []float64) []float64 {
	sum := 0.0
	out := each(x, func(_ int, v float64) float64 {
		e := math.Exp(v - slices.Max(x))
		sum += e
		return e
	})
	return each(out, func(_ int, v float64) float64 { return v / sum })
}
