// Package tables says which tensor of a network of ours is which one of a published file
// of weights. A table is made for each network and each family of names: torchvision's,
// timm's and that of EfficientNet-PyTorch. It is made from the blocks of the network, so
// that it has the shapes as well, and reads no file.
//
// The names of ours are those of package model: stem, stageN.blockM.expand, .depthwise,
// .project, .conv1 to .conv3, .shortcut, top and head, each convolution with .weight and
// with a batch normalisation .norm.
package tables

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/weights"
)

// Order says how the dimensions of a published tensor become those of ours.
type Order string

// The orders.
const (
	Same Order = "same" // one dimension
	OIHW Order = "OIHW" // [out, in, height, width] to [height, width, in, out]
	OI   Order = "OI"   // [out, in] to [in, out]
)

// permutations say for each dimension of ours which one of the published it is.
var permutations = map[Order][]int{Same: {0}, OIHW: {2, 3, 1, 0}, OI: {1, 0}}

// Padding is how a family pads images before a convolution.
type Padding string

// The paddings: half the kernel on every side, or as TensorFlow pads, by what makes the
// output the input's size divided by the stride, the odd pixel at the end.
const (
	Symmetric      Padding = "symmetric"
	TensorFlowSame Padding = "same"
)

// Entry is one tensor.
type Entry struct {
	Published string
	Ours      string
	Order     Order
	Shape     []int // published; the first dimension of the head's tensors is the number of classes
	Head      bool  // belongs to the last layer, of which any number of classes is taken
}

// OurShape is the shape of the tensor of ours for a published shape.
func (e Entry) OurShape(shape []int) []int {
	ours := make([]int, len(shape))
	for i, from := range permutations[e.Order] {
		ours[i] = shape[from]
	}
	return ours
}

// Table is the names of one family for one network.
type Table struct {
	Network string // of package model: "efficientnet-lite0"
	Family  string // "EfficientNet-PyTorch"
	Name    string // that the family gives the network: "tf_efficientnet_lite0"
	Padding Padding
	Epsilon float32 // of batch normalisation
	Entries []Entry // in the order of the network
}

// All returns every table, the networks in the order of their names in package model.
func All() []Table {
	var all []Table
	for _, n := range lites {
		all = append(all, n.table(effNetPyTorch(n.network)), n.table(timmInverted("tf_"+n.timm, TensorFlowSame, 1e-3)))
	}
	all = append(all, mobileNetV2.table(torchvisionInverted()), mobileNetV2.table(timmInverted(mobileNetV2.timm, Symmetric, 1e-5)))
	for _, n := range resNets {
		all = append(all, n.table())
	}
	return all
}

// Of returns the tables of a network.
func Of(network string) []Table {
	return slices.DeleteFunc(All(), func(t Table) bool { return t.Network != network })
}

// Networks lists the networks that have tables.
func Networks() []string {
	var names []string
	for _, t := range All() {
		if !slices.Contains(names, t.Network) {
			names = append(names, t.Network)
		}
	}
	return names
}

// convert brings a published tensor to our order of dimensions, under our name.
func (e Entry) convert(t weights.Tensor) weights.Tensor {
	ours := weights.Tensor{Name: e.Ours, Shape: e.OurShape(t.Shape), Data: make([]float32, len(t.Data))}
	stride := make([]int, len(t.Shape)) // of the published tensor
	n := 1
	for i := len(t.Shape) - 1; i >= 0; i-- {
		stride[i] = n
		n *= t.Shape[i]
	}
	step := make([]int, len(stride)) // in the published tensor, for each dimension of ours
	for i, from := range permutations[e.Order] {
		step[i] = stride[from]
	}
	index := make([]int, len(step))
	at := 0
	for i := range ours.Data {
		ours.Data[i] = t.Data[at]
		for d := len(index) - 1; d >= 0; d-- {
			index[d]++
			at += step[d]
			if index[d] < ours.Shape[d] {
				break
			}
			at -= ours.Shape[d] * step[d]
			index[d] = 0
		}
	}
	return ours
}
