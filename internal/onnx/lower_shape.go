package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// lowerDropout leaves the layer out: it does nothing but in training.
func lowerDropout(_ *builder, _ *nn.Node, in []value) value { return in[0] }

// lowerFlatten keeps channels first where they are: the Linear that usually
// follows rearranges its weight, and whatever else follows its data.
func lowerFlatten(b *builder, n *nn.Node, in []value) value {
	v := in[0]
	if v.layout != channelsFirst || !reorders(v.shape) {
		if v.layout == vectorChannelsFirst {
			return v
		}
		return b.vector(v)
	}
	name := b.op("Flatten", n.Name, []string{v.name}, intAttribute("axis", 1))
	return value{name, vectorChannelsFirst, v.shape}
}

// lowerAdd sums from the first input to the last.
func lowerAdd(b *builder, n *nn.Node, in []value) value {
	in = b.common(in, n.Shape)
	sum := in[0]
	for i, v := range in[1:] {
		name := n.Name
		if i < len(in)-2 {
			name += "/Add"
		}
		sum.name = b.op("Add", name, []string{sum.name, v.name})
	}
	return sum
}

// lowerConcat joins channels, which are axis 1 of images and vectors alike.
func lowerConcat(b *builder, n *nn.Node, in []value) value {
	in = b.plain(in, n.Shape)
	return value{b.op("Concat", n.Name, names(in), intAttribute("axis", 1)), in[0].layout, n.Shape}
}

func lowerSoftmax(b *builder, n *nn.Node, in []value) value {
	name := b.op("Softmax", n.Name, []string{b.vector(in[0]).name}, intAttribute("axis", 1))
	return value{name, vector, n.Shape}
}

// lowerReshape makes an image with channels last of a vector, or one with channels
// first where that is the same or what the vector was made of.
func lowerReshape(b *builder, n *nn.Node, in []value) value {
	v, to := in[0], n.Shape
	back := v.layout == vectorChannelsFirst && v.shape == to
	if !back {
		v = b.vector(v)
	}
	layout, dims := channelsLast, []int{0, to.H, to.W, to.C} // 0 keeps the size of the batch
	if back || !reorders(to) {
		layout, dims = channelsFirst, []int{0, to.C, to.H, to.W}
	}
	shape := b.ints(n.Name+"/shape", dims...)
	return value{b.op("Reshape", n.Name, []string{v.name, shape}), layout, to}
}
