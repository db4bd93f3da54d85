package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// lowerLinear is Gemm. After a Flatten whose image has channels first here and
// last in the graph, the rows of the weight are rearranged instead of the data.
func lowerLinear(b *builder, n *nn.Node, in []value) value {
	v, weight := in[0], n.Params[0]
	inputs := make([]string, 2, 3)
	if v.layout == vectorChannelsFirst {
		pixels := v.shape.H * v.shape.W
		inputs[1] = b.transposed(weight, weight.Shape, []int{pixels, v.shape.C, n.Shape.C}, []int{1, 0, 2})
	} else {
		v = b.vector(v)
		inputs[1] = b.param(weight)
	}
	inputs[0] = v.name
	for _, bias := range n.Params[1:] {
		inputs = append(inputs, b.param(bias))
	}
	return value{b.op("Gemm", n.Name, inputs), vector, n.Shape}
}

// lowerConv2D is Conv, with the weight [KH,KW,C/groups,Out] brought to
// [Out,C/groups,KH,KW].
func lowerConv2D(b *builder, n *nn.Node, in []value) value {
	l := n.Layer.(nn.Conv2D).Normalized()
	weight := n.Params[0]
	s := weight.Shape
	inputs := []string{
		b.image(in[0]).name,
		b.transposed(weight, []int{s[3], s[2], s[0], s[1]}, s, []int{3, 2, 0, 1}),
	}
	for _, bias := range n.Params[1:] {
		inputs = append(inputs, b.param(bias))
	}
	attributes := append(window(l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape)), intAttribute("group", l.Groups))
	return value{b.op("Conv", n.Name, inputs, attributes...), channelsFirst, n.Shape}
}

// lowerBatchNorm is BatchNormalization by the running averages. Only the first
// output is written: the others changed with opset 14.
func lowerBatchNorm(b *builder, n *nn.Node, in []value) value {
	v := in[0]
	switch v.layout {
	case channelsLast:
		v = b.image(v)
	case vectorChannelsFirst:
		v = b.vector(v)
	}
	inputs := []string{v.name}
	for _, p := range n.Params { // weight, bias, mean, variance, in both worlds
		inputs = append(inputs, b.param(p))
	}
	epsilon := floatAttribute("epsilon", n.Layer.(nn.BatchNorm).Normalized().Epsilon)
	v.name = b.op("BatchNormalization", n.Name, inputs, epsilon)
	return v
}
