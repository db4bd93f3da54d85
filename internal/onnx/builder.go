package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// builder collects the nodes and constants of an ONNX graph.
type builder struct {
	graph     graph
	opset     int
	params    *nn.Parameters
	names     map[string]bool // taken, of values and nodes alike
	converted map[conversion]value
}

// conversion is one value in another layout: made once, used by all.
type conversion struct {
	name string
	to   layout
}

// layout is how a value of n examples is arranged in ONNX. The graph's own
// arrangement is [H,W,C]; ONNX convolutions and pooling want channels first.
type layout uint8

const (
	// channelsLast is [N,H,W,C].
	channelsLast layout = iota
	// channelsFirst is [N,C,H,W].
	channelsFirst
	// vector is [N,features], in the order that the graph gives them.
	vector
	// vectorChannelsFirst is [N,features] where an image of several pixels and
	// channels was flattened in [C,H,W] order instead of the graph's [H,W,C].
	vectorChannelsFirst
)

// value is the result of a node. shape is that of the image it is or, for
// vectorChannelsFirst, was before flattening.
type value struct {
	name   string
	layout layout
	shape  nn.Shape
}

// newBuilder begins a graph with the names of its input and outputs taken.
func newBuilder(name string, opset int, params *nn.Parameters, outputs []nn.Output) *builder {
	b := &builder{
		graph:     graph{name: name},
		opset:     opset,
		params:    params,
		names:     map[string]bool{inputName: true},
		converted: map[conversion]value{},
	}
	for _, o := range outputs {
		b.names[o.Name] = true
	}
	return b
}

// unique returns name, or name with the first number that makes it unique, and
// takes it.
func (b *builder) unique(name string) string {
	taken := name
	for i := 2; b.names[taken]; i++ {
		taken = fmt.Sprintf("%s_%d", name, i)
	}
	b.names[taken] = true
	return taken
}

// op adds a node with one output, which is called as the node is: name, made
// unique. It returns that name.
func (b *builder) op(opType, name string, inputs []string, attributes ...attribute) string {
	name = b.unique(name)
	b.graph.nodes = append(b.graph.nodes, node{
		name: name, opType: opType, inputs: inputs, outputs: []string{name}, attributes: attributes,
	})
	return name
}

// floats adds a constant and returns its name.
func (b *builder) floats(name string, dims []int, data []float32) string {
	raw := make([]byte, 0, 4*len(data))
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return b.constant(tensor{name: name, elemType: elemFloat, dims: int64s(dims), raw: raw})
}

// scalar adds a constant without dimensions and returns its name.
func (b *builder) scalar(name string, v float32) string { return b.floats(name, nil, []float32{v}) }

// ints adds a constant vector and returns its name.
func (b *builder) ints(name string, values ...int) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return b.constant(tensor{name: name, elemType: elemInt64, dims: []int64{int64(len(values))}, raw: raw})
}

func (b *builder) constant(t tensor) string {
	t.name = b.unique(t.name)
	b.graph.initializers = append(b.graph.initializers, t)
	return t.name
}

// param adds a parameter as it is and returns its name.
func (b *builder) param(p *nn.Param) string { return b.floats(p.Name, p.Shape, b.params.Of(p)) }

// transposed adds a parameter that is seen as an array of the given shape, with
// its axes in another order: axis i of the constant is axis order[i] of the
// parameter.
func (b *builder) transposed(p *nn.Param, dims, shape, order []int) string {
	return b.floats(p.Name, dims, transpose(b.params.Of(p), shape, order))
}

// transpose rearranges a row-major array.
func transpose(data []float32, shape, order []int) []float32 {
	strides := make([]int, len(shape))
	for axis, step := len(shape)-1, 1; axis >= 0; axis-- {
		strides[axis] = step
		step *= shape[axis]
	}
	out := make([]float32, 0, len(data))
	var walk func(level, offset int)
	walk = func(level, offset int) {
		if level == len(order) {
			out = append(out, data[offset])
			return
		}
		for range shape[order[level]] {
			walk(level+1, offset)
			offset += strides[order[level]]
		}
	}
	walk(0, 0)
	return out
}
