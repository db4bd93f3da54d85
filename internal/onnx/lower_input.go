package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// lowerInput turns bytes into floats.
func lowerInput(b *builder, n *nn.Node, _ []value) value {
	name := b.op("Cast", n.Name+"/Cast", []string{inputName}, intAttribute("to", int(elemFloat)))
	return value{name, channelsLast, n.Shape}
}

// lowerNormalize multiplies and adds per channel, wherever the channel axis is.
func lowerNormalize(b *builder, n *nn.Node, in []value) value {
	v := in[0]
	if v.layout == vectorChannelsFirst {
		v = b.vector(v)
	}
	dims := []int{n.Shape.C} // broadcast along the last axis
	if v.layout == channelsFirst {
		dims = []int{n.Shape.C, 1, 1}
	}
	scale := b.floats(n.Params[0].Name, dims, b.params.Of(n.Params[0]))
	offset := b.floats(n.Params[1].Name, dims, b.params.Of(n.Params[1]))
	scaled := b.op("Mul", n.Name+"/Mul", []string{v.name, scale})
	v.name = b.op("Add", n.Name, []string{scaled, offset})
	return v
}
