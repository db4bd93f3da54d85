package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// lowerUpsample is Resize to the nearest pixel above and to the left, and Slice where
// the layer cuts pixels off.
func lowerUpsample(b *builder, n *nn.Node, in []value) value {
	l, s := n.Layer.(nn.Upsample), n.Inputs[0].Shape
	factor := float32(l.Factor)
	scales := b.floats(n.Name+"/scales", []int{4}, []float32{1, 1, factor, factor})
	whole := n.Shape.H == l.Factor*s.H && n.Shape.W == l.Factor*s.W
	name := n.Name
	if !whole {
		name += "/Resize"
	}
	const noRegion = "" // of the input that is left out
	name = b.op("Resize", name, []string{b.image(in[0]).name, noRegion, scales},
		stringAttribute("coordinate_transformation_mode", "asymmetric"),
		stringAttribute("mode", "nearest"), stringAttribute("nearest_mode", "floor"))
	if !whole {
		starts, ends, axes := b.ints(n.Name+"/starts", 0, 0), b.ints(n.Name+"/ends", n.Shape.H, n.Shape.W), b.ints(n.Name+"/axes", 2, 3)
		name = b.op("Slice", n.Name, []string{name, starts, ends, axes})
	}
	return value{name, channelsFirst, n.Shape}
}

func lowerScale(b *builder, n *nn.Node, in []value) value {
	return elementwise(b, n, in, "Mul", b.scalar(n.Name+"/factor", n.Layer.(nn.Scale).Factor))
}

// lowerMeanSquaredError sums in whatever order the values have.
func lowerMeanSquaredError(b *builder, n *nn.Node, in []value) value {
	in = b.common(in, n.Inputs[0].Shape)
	difference := b.op("Sub", n.Name+"/Sub", names(in))
	square := b.op("Mul", n.Name+"/Mul", []string{difference, difference})
	flat := b.op("Flatten", n.Name+"/Flatten", []string{square}, intAttribute("axis", 1))
	name := b.op("ReduceMean", n.Name, []string{flat}, intsAttribute("axes", 1), intAttribute("keepdims", 1))
	return value{name, vector, n.Shape}
}
