package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

func lowerMaxPool(b *builder, n *nn.Node, in []value) value {
	l := n.Layer.(nn.MaxPool).Normalized()
	return pool(b, n, in, "MaxPool", window(l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape))...)
}

// lowerAvgPool counts padding as zeros, as the layer does.
func lowerAvgPool(b *builder, n *nn.Node, in []value) value {
	l := n.Layer.(nn.AvgPool).Normalized()
	attributes := append(window(l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape)), intAttribute("count_include_pad", 1))
	return pool(b, n, in, "AveragePool", attributes...)
}

func lowerGlobalAvgPool(b *builder, n *nn.Node, in []value) value {
	return pool(b, n, in, "GlobalAveragePool")
}

func pool(b *builder, n *nn.Node, in []value, opType string, attributes ...attribute) value {
	name := b.op(opType, n.Name, []string{b.image(in[0]).name}, attributes...)
	return value{name, channelsFirst, n.Shape}
}

// window is the geometry of a square window, as Conv and pooling write it.
func window(kernel, stride int, pads nn.Pads) []attribute {
	return []attribute{
		intsAttribute("kernel_shape", kernel, kernel),
		intsAttribute("strides", stride, stride),
		intsAttribute("pads", pads.Top, pads.Left, pads.Bottom, pads.Right),
	}
}
