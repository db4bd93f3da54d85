// Package nn describes a network as a graph of layers: shapes, parameters and
// their first values. It does no arithmetic on data. The engine, the ONNX
// writer and the summary table are lowerings of this one description.
package nn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// Shape is the shape of one example between two layers: [H,W,C], channels
// contiguous. A vector of n features is [1,1,n].
type Shape struct{ H, W, C int }

// Elements is the number of values of one example.
func (s Shape) Elements() int { return s.H * s.W * s.C }

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.H, s.W, s.C) }

// Layer is one kind of node with its settings. Implementations are small value
// types; what they compute is stated in their doc comments and done by the
// engine.
type Layer interface {
	// Kind is the layer's name in tables and errors: "Conv2D".
	Kind() string
	// Output returns the shape that the layer makes of its inputs' shapes, or
	// an error that says which shapes or settings do not fit.
	Output(in []Shape) (Shape, error)
	// Params lists the layer's parameters in a fixed order.
	Params(in []Shape) []Param
	// MultiplyAdds counts the fused multiply-adds of one example's forward
	// pass through convolutions and linear layers; it is 0 for all others.
	MultiplyAdds(in []Shape) int
}

// Node is one layer in its place in a graph.
type Node struct {
	Index  int // position in Graph.Nodes
	Name   string
	Layer  Layer
	Inputs []*Node
	Shape  Shape // of its output
	Params []*Param
}

// InputShapes are the shapes of the node's inputs.
func (n *Node) InputShapes() []Shape {
	shapes := make([]Shape, len(n.Inputs))
	for i, in := range n.Inputs {
		shapes[i] = in.Shape
	}
	return shapes
}

// Output is a result of a network under the name by which it is served.
type Output struct {
	Name string
	Node *Node
}

// Graph is a network with one input, an image of bytes [H,W,C], and one output,
// its last node, or several that have names. Nodes are in topological order because
// a node can only be added after its inputs.
type Graph struct {
	Nodes   []*Node
	Params  []*Param // in order of definition
	Outputs []Output // what is served, in order; empty before Serve

	names map[string]bool
	errs  []error
}

// NewGraph begins a graph whose first node is the input image.
func NewGraph(input Shape) *Graph {
	g := &Graph{names: map[string]bool{}}
	g.Add("image", Input{Shape: input})
	return g
}

// Input is the node of the input image.
func (g *Graph) Input() *Node { return g.Nodes[0] }

// Output is the last node added.
func (g *Graph) Output() *Node { return g.Nodes[len(g.Nodes)-1] }

// Serve makes a node of the graph an output of that name. Names that are taken, and
// nodes of other graphs, are remembered for Err.
func (g *Graph) Serve(name string, n *Node) {
	isTaken := func(o Output) bool { return o.Name == name }
	switch {
	case name == "" || slices.ContainsFunc(g.Outputs, isTaken):
		g.errs = append(g.errs, fmt.Errorf("output %q, layer %s: the name is empty or taken", name, n.Name))
	case n.Index >= len(g.Nodes) || g.Nodes[n.Index] != n:
		g.errs = append(g.errs, fmt.Errorf("output %s: layer %s is not part of this graph", name, n.Name))
	default:
		g.Outputs = append(g.Outputs, Output{name, n})
	}
}

// Results are the nodes whose outputs a compiled graph gives, in order: those that
// are served, or the last node of a graph that names no outputs.
func (g *Graph) Results() []*Node {
	if len(g.Outputs) == 0 {
		return []*Node{g.Output()}
	}
	nodes := make([]*Node, len(g.Outputs))
	for i, o := range g.Outputs {
		nodes[i] = o.Node
	}
	return nodes
}

// Probabilities is the name of the output of a classifier.
const Probabilities = "probabilities"

// WithSoftmax returns the graph of a classifier with a Softmax behind it, unless it
// ends with one, whose output is served as Probabilities. Nodes and parameters are
// shared.
func WithSoftmax(g *Graph) *Graph {
	longer := g.Extend()
	out := longer.Output()
	if _, has := out.Layer.(Softmax); !has {
		name := Probabilities
		for i := 2; longer.names[name]; i++ {
			name = fmt.Sprintf("%s_%d", Probabilities, i)
		}
		out = longer.Add(name, Softmax{}, out)
	}
	longer.Serve(Probabilities, out)
	return longer
}

// Extend returns a graph that begins with the nodes of g, which both share, and to
// which layers without parameters can be added. It names no outputs.
func (g *Graph) Extend() *Graph {
	return &Graph{
		Nodes: slices.Clone(g.Nodes), Params: g.Params,
		names: maps.Clone(g.names), errs: slices.Clone(g.errs),
	}
}

// Add appends a layer and returns its node. A layer that does not fit is
// remembered for Err, and the node returned then has its first input's shape, so
// that a model can be written down without a check after every line.
func (g *Graph) Add(name string, layer Layer, inputs ...*Node) *Node {
	n := &Node{Index: len(g.Nodes), Name: name, Layer: layer, Inputs: inputs}
	g.Nodes = append(g.Nodes, n)
	in := n.InputShapes()
	shape, err := layer.Output(in)
	switch {
	case err == nil && g.names[name]:
		err = errors.New("the name is taken")
	case err == nil:
		err = checkShape(shape)
	}
	if err == nil {
		err = checkParams(layer.Params(in))
	}
	if err != nil {
		g.errs = append(g.errs, fmt.Errorf("layer %s (%s): %w", name, layer.Kind(), err))
		n.Shape = Shape{1, 1, 1}
		if len(in) > 0 {
			n.Shape = in[0]
		}
		return n
	}
	g.names[name] = true
	n.Shape = shape
	for _, p := range layer.Params(in) {
		g.addParam(n, p)
	}
	return n
}

// What a graph may declare. Nothing is allocated while it does, and within these limits
// no count of its values overflows. Engines have lower limits.
const (
	maxLayer = 1 << 32 // values of one layer's output for one example
	maxParam = 1 << 40 // values of one tensor
)

// checkShape refuses an output that has no values, or more than maxLayer.
func checkShape(s Shape) error {
	if s.H < 1 || s.W < 1 || s.C < 1 {
		return fmt.Errorf("output %v is empty", s)
	}
	if !within(maxLayer, s.H, s.W, s.C) {
		return fmt.Errorf("output %v has more than %d values", s, maxLayer)
	}
	return nil
}

// checkParams refuses tensors that have more than maxParam values.
func checkParams(params []Param) error {
	for _, p := range params {
		if !within(maxParam, p.Shape...) {
			return fmt.Errorf("%s %v has more than %d values", p.Name, p.Shape, maxParam)
		}
	}
	return nil
}

// within says whether the product of the dimensions is at most limit, without
// computing one that overflows.
func within(limit int, dims ...int) bool {
	for _, d := range dims {
		if d < 0 || d > 0 && limit/d == 0 {
			return false
		}
		limit /= max(d, 1)
	}
	return true
}

// LayerBytes is the memory in bytes that the inputs and the output of the largest layer
// take for one example. An inference takes at least that.
func (g *Graph) LayerBytes() int {
	const floatSize = 4
	largest := 0
	for _, n := range g.Nodes {
		values := n.Shape.Elements()
		for _, in := range n.Inputs {
			values += in.Shape.Elements()
		}
		largest = max(largest, values)
	}
	return floatSize * largest
}

// Err reports the layers that did not fit, the first three of them.
func (g *Graph) Err() error {
	return errors.Join(g.errs[:min(3, len(g.errs))]...)
}

// Users lists, for each node index, the nodes that take it as an input, once for
// each input.
func (g *Graph) Users() [][]*Node {
	users := make([][]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, in := range n.Inputs {
			users[in.Index] = append(users[in.Index], n)
		}
	}
	return users
}

// MultiplyAdds counts the fused multiply-adds of one example's forward pass.
func (g *Graph) MultiplyAdds() int {
	sum := 0
	for _, n := range g.Nodes {
		sum += n.Layer.MultiplyAdds(n.InputShapes())
	}
	return sum
}

// Summary is a table of the graph: a line per node with its output shape,
// number of trainable values and multiply-adds.
func (g *Graph) Summary() string {
	var b strings.Builder
	width := len("layer")
	for _, n := range g.Nodes {
		width = max(width, len(n.Name))
	}
	fmt.Fprintf(&b, "%-*s %-14s %-14s %12s %15s\n", width, "layer", "kind", "output", "parameters", "multiply-adds")
	total := 0
	for _, n := range g.Nodes {
		trainable := 0
		for _, p := range n.Params {
			if p.Trainable {
				trainable += p.Elements()
			}
		}
		total += trainable
		fmt.Fprintf(&b, "%-*s %-14s %-14v %12s %15s\n", width, n.Name, n.Layer.Kind(), n.Shape,
			config.Grouped(int64(trainable)), config.Grouped(int64(n.Layer.MultiplyAdds(n.InputShapes()))))
	}
	fmt.Fprintf(&b, "%-*s %-14s %-14s %12s %15s\n", width, "total", "", "", config.Grouped(int64(total)), config.Grouped(int64(g.MultiplyAdds())))
	return b.String()
}
