package onnx

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// Activations are elementwise and keep their input's layout.

func lowerReLU(b *builder, n *nn.Node, in []value) value {
	return elementwise(b, n, in, "Relu")
}

func lowerReLU6(b *builder, n *nn.Node, in []value) value {
	low, high := b.scalar(n.Name+"/min", 0), b.scalar(n.Name+"/max", 6)
	return elementwise(b, n, in, "Clip", low, high)
}

// lowerHardSwish is HardSwish where the opset has it, else the two operators
// that define it: x * max(0, min(1, x/6 + 1/2)).
func lowerHardSwish(b *builder, n *nn.Node, in []value) value {
	const since = 14
	if b.opset >= since {
		return elementwise(b, n, in, "HardSwish")
	}
	gate := b.op("HardSigmoid", n.Name+"/HardSigmoid", names(in), floatAttribute("alpha", 1.0/6), floatAttribute("beta", 0.5))
	return elementwise(b, n, in, "Mul", gate)
}

func lowerSigmoid(b *builder, n *nn.Node, in []value) value {
	return elementwise(b, n, in, "Sigmoid")
}

// lowerSiLU is x * sigmoid(x).
func lowerSiLU(b *builder, n *nn.Node, in []value) value {
	return elementwise(b, n, in, "Mul", b.op("Sigmoid", n.Name+"/Sigmoid", names(in)))
}

// lowerGELU is x * (1 + erf(x/sqrt 2)) * 1/2, in the order of operators that
// ONNX Runtime recognises and fuses.
func lowerGELU(b *builder, n *nn.Node, in []value) value {
	root, one, half := b.scalar(n.Name+"/sqrt2", math.Sqrt2), b.scalar(n.Name+"/one", 1), b.scalar(n.Name+"/half", 0.5)
	x := in[0].name
	scaled := b.op("Div", n.Name+"/Div", []string{x, root})
	erf := b.op("Erf", n.Name+"/Erf", []string{scaled})
	shifted := b.op("Add", n.Name+"/Add", []string{erf, one})
	product := b.op("Mul", n.Name+"/Mul", []string{x, shifted})
	return value{b.op("Mul", n.Name, []string{product, half}), in[0].layout, in[0].shape}
}

// elementwise adds an operator on the node's input and further constants or
// values of the same layout.
func elementwise(b *builder, n *nn.Node, in []value, opType string, more ...string) value {
	v := in[0]
	v.name = b.op(opType, n.Name, append([]string{v.name}, more...))
	return v
}
