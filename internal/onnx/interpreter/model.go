package interpreter

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
)

// Bounds of what is read.
const (
	maxInts  = 1 << 16 // numbers in one list
	maxNodes = 1 << 16
	maxRank  = 8
)

// The operator sets whose definitions this package has.
const (
	MinOpset = 13
	MaxOpset = 17
)

// ElemType is TensorProto.DataType.
type ElemType int64

// The types of values that are supported.
const (
	Float ElemType = 1
	Uint8 ElemType = 2
	Int64 ElemType = 7
)

// Dimension of an input or output is a number, or a symbol where Symbol is not empty.
// Neither is given where the size is not known.
type Dimension struct {
	Size   int64
	Symbol string
}

// Value declares an input or an output.
type Value struct {
	Name  string
	Type  ElemType
	Shape []Dimension
}

// Model is what an ONNX file holds.
type Model struct {
	IRVersion       int64
	Opset           int64 // of ai.onnx
	Producer        string
	ProducerVersion string
	Name            string            // of the graph
	Metadata        map[string]string // metadata_props
	Inputs          []Value           // without those that are constants
	Outputs         []Value

	nodes     []*node
	constants map[string]*tensor
	digest    string
}

// node is NodeProto.
type node struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       []*attribute
}

func (n *node) String() string { return fmt.Sprintf("node %q, operator %s", n.name, n.op) }

// attribute is AttributeProto, without what operators here do not use.
type attribute struct {
	name string
	kind int64
	f    float32
	i    int64
	s    string
	ints []int64
	read bool
}

// Read reads an ONNX file. Constants that need no other form stay part of it, so that
// the bytes must not be changed afterwards.
func Read(file []byte) (*Model, error) {
	m := &Model{Metadata: map[string]string{}, constants: map[string]*tensor{}}
	var graph []byte
	err := eachField("ModelProto", file, func(f field) error { return m.readField(f, &graph) })
	switch {
	case err != nil:
		return nil, err
	case graph == nil:
		return nil, fmt.Errorf("%w: it has no graph", errTruncated)
	case m.Opset < MinOpset || m.Opset > MaxOpset:
		return nil, fmt.Errorf("opset %d of ai.onnx: want %d to %d", m.Opset, MinOpset, MaxOpset)
	}
	if err := eachField("GraphProto", graph, m.readGraphField); err != nil {
		return nil, err
	}
	m.Inputs = without(m.Inputs, m.constants)
	m.digest, err = m.digestOf(graph)
	return m, err
}

func (m *Model) readField(f field, graph *[]byte) error {
	switch f.number {
	case 1:
		return f.integer(&m.IRVersion)
	case 2:
		return f.text(&m.Producer)
	case 3:
		return f.text(&m.ProducerVersion)
	case 7:
		*graph = f.bytes
		return f.want(2)
	case 8:
		return m.readOpset(f)
	case 14:
		var key, value string
		err := eachField("StringStringEntryProto", f.bytes, func(f field) error {
			if f.number == 1 {
				return f.text(&key)
			}
			return f.text(&value)
		})
		m.Metadata[key] = value
		return err
	case 20:
		return f.unsupported("training_info")
	case 25:
		return f.unsupported("functions")
	}
	return nil // names and comments
}

func (m *Model) readOpset(f field) error {
	var domain string
	var version int64
	err := eachField("OperatorSetIdProto", f.bytes, func(f field) error {
		if f.number == 1 {
			return f.text(&domain)
		}
		return f.integer(&version)
	})
	if isStandard(domain) {
		m.Opset = version
	}
	return err
}

// isStandard says whether operators of a domain are those of ONNX.
func isStandard(domain string) bool { return domain == "" || domain == "ai.onnx" }

func (m *Model) readGraphField(f field) error {
	switch f.number {
	case 1:
		if len(m.nodes) == maxNodes {
			return fmt.Errorf("the graph has more than %d nodes", maxNodes)
		}
		n, err := readNode(f.bytes)
		m.nodes = append(m.nodes, n)
		return err
	case 2:
		return f.text(&m.Name)
	case 5:
		return m.readConstant(f.bytes)
	case 11:
		return readValue(f.bytes, &m.Inputs)
	case 12:
		return readValue(f.bytes, &m.Outputs)
	case 14:
		return f.unsupported("quantization_annotation")
	case 15:
		return f.unsupported("sparse_initializer")
	}
	return nil // shapes between nodes, and comments
}

func readNode(b []byte) (*node, error) {
	n := &node{}
	err := eachField("NodeProto", b, func(f field) error {
		switch f.number {
		case 1, 2:
			var name string
			err := f.text(&name)
			if f.number == 1 {
				n.inputs = append(n.inputs, name)
			} else {
				n.outputs = append(n.outputs, name)
			}
			return err
		case 3:
			return f.text(&n.name)
		case 4:
			return f.text(&n.op)
		case 5:
			a, err := readAttribute(f.bytes)
			n.attributes = append(n.attributes, a)
			return err
		case 7:
			return f.text(&n.domain)
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("%s: %w", n, err)
	}
	return n, nil
}

func readAttribute(b []byte) (*attribute, error) {
	a := &attribute{}
	err := eachField("AttributeProto", b, func(f field) error {
		switch f.number {
		case 1:
			return f.text(&a.name)
		case 2:
			return f.float(&a.f)
		case 3:
			return f.integer(&a.i)
		case 4:
			return f.text(&a.s)
		case 8:
			return f.integers(&a.ints)
		case 20:
			return f.integer(&a.kind)
		case 13:
			return nil // a comment
		}
		return f.unsupported("a tensor, graph or list of such")
	})
	return a, err
}

// readValue appends an input or output.
func readValue(b []byte, to *[]Value) error {
	if len(*to) == maxNodes {
		return fmt.Errorf("the graph has more than %d inputs or outputs", maxNodes)
	}
	var v Value
	err := eachField("ValueInfoProto", b, func(f field) error {
		switch f.number {
		case 1:
			return f.text(&v.Name)
		case 2:
			return eachField("TypeProto", f.bytes, func(f field) error {
				if f.number != 1 {
					return f.unsupported("a type that is no tensor")
				}
				return v.readTensorType(f.bytes)
			})
		}
		return nil
	})
	*to = append(*to, v)
	return err
}

func (v *Value) readTensorType(b []byte) error {
	return eachField("TypeProto.Tensor", b, func(f field) error {
		if f.number == 1 {
			return f.integer((*int64)(&v.Type))
		}
		return eachField("TensorShapeProto", f.bytes, func(f field) error {
			var d Dimension
			err := eachField("TensorShapeProto.Dimension", f.bytes, func(f field) error {
				switch f.number {
				case 1:
					return f.integer(&d.Size)
				case 2:
					return f.text(&d.Symbol)
				}
				return nil
			})
			if v.Shape = append(v.Shape, d); err == nil && len(v.Shape) > maxRank {
				err = fmt.Errorf("%q has more than %d dimensions", v.Name, maxRank)
			}
			return err
		})
	})
}

// rawTensor is TensorProto as it is read.
type rawTensor struct {
	name     string
	kind     int64
	dims     []int64
	raw      []byte
	floats   []byte // float_data, packed
	ints     []int64
	isRaw    bool
	location int64
}

func (m *Model) readConstant(b []byte) error {
	var t rawTensor
	if err := eachField("TensorProto", b, t.readField); err != nil {
		return fmt.Errorf("constant %q: %w", t.name, err)
	}
	made, err := t.tensor()
	if err != nil {
		return fmt.Errorf("constant %q: %w", t.name, err)
	}
	if m.constants[t.name] != nil {
		return fmt.Errorf("constant %q is there twice", t.name)
	}
	m.constants[t.name] = made
	return nil
}

func (t *rawTensor) readField(f field) error {
	switch f.number {
	case 1:
		return f.integers(&t.dims)
	case 2:
		return f.integer(&t.kind)
	case 4:
		t.floats = f.bytes
		return f.want(2) // packed, as every writer has it
	case 7:
		return f.integers(&t.ints)
	case 8:
		return f.text(&t.name)
	case 9:
		t.raw, t.isRaw = f.bytes, true
		return f.want(2)
	case 12:
		return nil // a comment
	case 14:
		if err := f.integer(&t.location); err != nil || t.location != 0 {
			return f.unsupported("data in another file")
		}
		return nil
	}
	return f.unsupported("data in another form than raw_data, float_data and int64_data")
}

// tensor checks type, shape and length of the data and makes a constant of them.
func (t *rawTensor) tensor() (*tensor, error) {
	shape := make([]int, len(t.dims))
	for i, d := range t.dims {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("dimension %d is %d", i, d)
		}
		shape[i] = int(d)
	}
	size, err := elements(shape)
	if err != nil {
		return nil, err
	}
	made := &tensor{kind: ElemType(t.kind), shape: shape, constant: true}
	switch {
	case made.kind == Float && (t.isRaw || t.floats != nil || size == 0):
		data := t.raw
		if !t.isRaw {
			data = t.floats
		}
		if len(data) != 4*size {
			return nil, fmt.Errorf("%d bytes for %d FLOAT elements of shape %v", len(data), size, shape)
		}
		made.f = make([]float32, size)
		for i := range made.f {
			made.f[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case made.kind == Int64:
		err = t.readInts(made, size)
	default:
		return nil, fmt.Errorf("element type %d is not supported, or has no data: want FLOAT (1) or INT64 (7)", t.kind)
	}
	return made, err
}

func (t *rawTensor) readInts(made *tensor, size int) error {
	if size > maxInts {
		return fmt.Errorf("it has more than %d INT64 elements", maxInts)
	}
	made.i = t.ints
	if t.isRaw && len(t.raw) == 8*size {
		made.i = make([]int64, size)
		for i := range made.i {
			made.i[i] = int64(binary.LittleEndian.Uint64(t.raw[8*i:]))
		}
	}
	if len(made.i) != size {
		return fmt.Errorf("its data is not that of %d INT64 elements of shape %v", size, made.shape)
	}
	return nil
}

// without leaves out inputs that are constants: a default, which nobody outranks here.
func without(inputs []Value, constants map[string]*tensor) []Value {
	var left []Value
	for _, v := range inputs {
		if constants[v.Name] == nil {
			left = append(left, v)
		}
	}
	return left
}

// digestOf is the SHA-256 of what the results depend on.
func (m *Model) digestOf(graph []byte) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "ir %d opset %d\n", m.IRVersion, m.Opset)
	err := eachField("GraphProto", graph, func(f field) error {
		if f.number != 2 && f.number != 10 { // name and doc_string
			h.Write(f.raw)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// Digest is the SHA-256, in hexadecimal digits, of what the file computes: of IR version,
// opset, nodes, constants, inputs and outputs. Two files that differ in nothing but the
// name of the graph, the producer and the metadata have the same.
func (m *Model) Digest() string { return m.digest }

// input is the one input of the model.
func (m *Model) input() (Value, error) {
	if len(m.Inputs) != 1 {
		return Value{}, fmt.Errorf("the model has %d inputs, want 1", len(m.Inputs))
	}
	v := m.Inputs[0]
	switch {
	case v.Type != Uint8:
		return v, fmt.Errorf("input %q has element type %d, want UINT8 (2)", v.Name, v.Type)
	case len(v.Shape) == 0 || v.Shape[0].Symbol == "" && v.Shape[0].Size != 0:
		return v, fmt.Errorf("input %q has a batch of a fixed size, or none: want a symbol as its first dimension", v.Name)
	}
	for _, d := range v.Shape[1:] {
		if d.Size < 1 || d.Size > math.MaxInt32 {
			return v, fmt.Errorf("input %q has a dimension of %d behind its batch: want a number from 1", v.Name, d.Size)
		}
	}
	if len(m.Outputs) == 0 {
		return v, errors.New("the model has no outputs")
	}
	return v, nil
}
