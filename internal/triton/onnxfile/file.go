// Package onnxfile reads of an ONNX file what decides whether a server loads it: its
// versions, inputs, outputs and the names of its operators. It computes nothing and
// keeps no weights. Field numbers are those of onnx.proto.
package onnxfile

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Model is an ONNX file. HasGraph is false for one without any graph, such as an empty
// file, and HasIRVersion for one that leaves its IR version out.
type Model struct {
	IRVersion    int64
	HasIRVersion bool
	Opsets       []Opset
	Functions    []Function
	HasGraph     bool
	Graph        Graph
	Metadata     map[string]string
}

// Opset is a version of a domain's operators. ONNX's own domain is "".
type Opset struct {
	Domain  string
	Version int64
}

// Function is an operator that the file itself defines.
type Function struct{ Domain, Name string }

// Graph is the main graph. Nodes has those of the graphs within nodes too.
type Graph struct {
	Inputs       []Tensor // without those that are initializers
	Outputs      []Tensor
	Initializers map[string]bool
	Nodes        []Node
	External     []string // files beside the model that hold weights
}

// Tensor is an input or output. Of its shape, -1 is a symbol or unknown; HasShape is
// false where even the number of dimensions is.
type Tensor struct {
	Name     string
	ElemType int32 // TensorProto.DataType; 0 for what is no tensor
	HasShape bool
	Shape    []int64
}

// Node is an operator at its place.
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string
	Nested           bool // of a graph within a node
}

// Opset returns the version of a domain's operators, 0 if the file has none.
func (m *Model) Opset(domain string) int64 {
	for _, o := range m.Opsets {
		if o.Domain == domain {
			return o.Version
		}
	}
	return 0
}

// maxDepth is how deep protobuf's own parser follows messages in messages.
const maxDepth = 100

// Decode reads a file. Its error has ONNX Runtime's words.
func Decode(file []byte) (*Model, error) {
	m := &Model{Metadata: map[string]string{}}
	d := &decoder{m, maxParts}
	err := fields(file, func(number protowire.Number, v uint64, b []byte) error {
		if err := d.take(); err != nil {
			return err
		}
		switch number {
		case 1:
			m.IRVersion, m.HasIRVersion = int64(v), true
		case 7:
			m.HasGraph = true
			return d.graph(b, 1)
		case 8:
			return d.opset(b)
		case 14:
			key, value, err := pair(b)
			m.Metadata[key] = value
			return err
		case 25:
			return d.function(b)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.dropInitializers()
	return m, nil
}

// dropInitializers leaves out inputs that have a value in the file.
func (m *Model) dropInitializers() {
	var inputs []Tensor
	for _, t := range m.Graph.Inputs {
		if !m.Graph.Initializers[t.Name] {
			inputs = append(inputs, t)
		}
	}
	m.Graph.Inputs = inputs
}

type decoder struct {
	model *Model
	left  int // parts that may come yet
}

// maxParts is how many nodes, values, names and so on a file may have, far more than models
// do: each takes many times the memory that it takes in the file.
const maxParts = 1 << 21

// take counts a part.
func (d *decoder) take() error {
	if d.left--; d.left < 0 {
		return fmt.Errorf("it has more than %d nodes, values and names, which is the most that is checked", maxParts)
	}
	return nil
}

func (d *decoder) opset(message []byte) error {
	var o Opset
	err := fields(message, func(number protowire.Number, v uint64, b []byte) error {
		switch number {
		case 1:
			o.Domain = domain(b)
		case 2:
			o.Version = int64(v)
		}
		return nil
	})
	d.model.Opsets = append(d.model.Opsets, o)
	return err
}

// domain gives ONNX's own domain, which has two names, its short one.
func domain(b []byte) string {
	if string(b) == "ai.onnx" {
		return ""
	}
	return string(b)
}

func (d *decoder) function(message []byte) error {
	var f Function
	err := fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case 1:
			f.Name = string(b)
		case 10:
			f.Domain = domain(b)
		}
		return nil
	})
	d.model.Functions = append(d.model.Functions, f)
	return err
}

// graph reads the main graph at depth 1, and of those within nodes their operators.
func (d *decoder) graph(message []byte, depth int) error {
	if depth > maxDepth {
		return errParse
	}
	g := &d.model.Graph
	if g.Initializers == nil {
		g.Initializers = map[string]bool{}
	}
	return fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		if err := d.take(); err != nil {
			return err
		}
		switch number {
		case 1:
			return d.node(b, depth)
		case 5, 15:
			return d.initializer(b, number == 15, depth)
		case 11, 12:
			t, err := valueInfo(b)
			switch {
			case depth > 1:
			case number == 11:
				g.Inputs = append(g.Inputs, t)
			default:
				g.Outputs = append(g.Outputs, t)
			}
			return err
		}
		return nil
	})
}

func (d *decoder) node(message []byte, depth int) error {
	n := Node{Nested: depth > 1}
	err := fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		if err := d.take(); err != nil {
			return err
		}
		switch number {
		case 1:
			n.Inputs = append(n.Inputs, string(b))
		case 2:
			n.Outputs = append(n.Outputs, string(b))
		case 3:
			n.Name = string(b)
		case 4:
			n.Op = string(b)
		case 5:
			return d.attribute(b, depth)
		case 7:
			n.Domain = domain(b)
		}
		return nil
	})
	d.model.Graph.Nodes = append(d.model.Graph.Nodes, n)
	return err
}

// attribute looks for graphs in an attribute of a node.
func (d *decoder) attribute(message []byte, depth int) error {
	return fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		if number == 6 || number == 11 {
			return d.graph(b, depth+1)
		}
		return nil
	})
}

// initializer notes a tensor's name and the file that its values are in.
func (d *decoder) initializer(message []byte, sparse bool, depth int) error {
	name := protowire.Number(8)
	if sparse {
		name = 1 // the tensor of values, which has the name
	}
	return fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		switch {
		case number == name && sparse:
			return d.initializer(b, false, depth)
		case number == name && depth == 1:
			d.model.Graph.Initializers[string(b)] = true
		case number == 13 && !sparse:
			key, value, err := pair(b)
			if key == "location" {
				d.model.Graph.External = append(d.model.Graph.External, value)
			}
			return err
		}
		return nil
	})
}

func pair(message []byte) (key, value string, err error) {
	err = fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case 1:
			key = string(b)
		case 2:
			value = string(b)
		}
		return nil
	})
	return key, value, err
}

func valueInfo(message []byte) (t Tensor, err error) {
	return t, fields(message, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case 1:
			t.Name = string(b)
		case 2:
			return fields(b, func(number protowire.Number, _ uint64, b []byte) error {
				if number == 1 { // TypeProto.tensor_type
					return tensorType(&t, b)
				}
				return nil
			})
		}
		return nil
	})
}

func tensorType(t *Tensor, message []byte) error {
	return fields(message, func(number protowire.Number, v uint64, b []byte) error {
		switch number {
		case 1:
			t.ElemType = int32(v)
		case 2:
			t.HasShape = true
			return fields(b, func(_ protowire.Number, _ uint64, b []byte) error {
				return dimension(t, b)
			})
		}
		return nil
	})
}

func dimension(t *Tensor, message []byte) error {
	size := int64(-1)
	err := fields(message, func(number protowire.Number, v uint64, _ []byte) error {
		if number == 1 {
			size = int64(v)
		}
		return nil
	})
	t.Shape = append(t.Shape, size)
	return err
}
