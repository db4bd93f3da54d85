package onnx

// The messages of onnx.proto, reduced to what is written here. Field names are
// those of the schema.

type model struct {
	irVersion       int64
	producerName    string
	producerVersion string
	graph           graph
	opset           int64
	metadata        []keyValue // metadata_props
}

type keyValue struct{ key, value string }

type graph struct {
	name         string
	nodes        []node
	initializers []tensor
	inputs       []valueInfo
	outputs      []valueInfo
}

type node struct {
	name       string
	opType     string
	inputs     []string
	outputs    []string
	attributes []attribute
}

// attribute is one named setting of a node: exactly one of f, i, s and ints, as kind
// says.
type attribute struct {
	name string
	kind attributeType
	f    float32
	i    int64
	s    string
	ints []int64
}

// attributeType is AttributeProto.AttributeType.
type attributeType uint64

const (
	typeFloat  attributeType = 1
	typeInt    attributeType = 2
	typeString attributeType = 3
	typeInts   attributeType = 7
)

func floatAttribute(name string, v float32) attribute {
	return attribute{name: name, kind: typeFloat, f: v}
}

func intAttribute(name string, v int) attribute {
	return attribute{name: name, kind: typeInt, i: int64(v)}
}

func stringAttribute(name, v string) attribute {
	return attribute{name: name, kind: typeString, s: v}
}

func intsAttribute(name string, values ...int) attribute {
	return attribute{name: name, kind: typeInts, ints: int64s(values)}
}

// tensor is a constant; raw holds its elements, little-endian, row-major.
type tensor struct {
	name     string
	elemType elemType
	dims     []int64
	raw      []byte
}

// elemType is TensorProto.DataType.
type elemType uint64

const (
	elemFloat elemType = 1
	elemUint8 elemType = 2
	elemInt64 elemType = 7
)

// valueInfo declares an input or output of the graph.
type valueInfo struct {
	name     string
	elemType elemType
	shape    []dimension
}

// dimension is a number, or a symbol where symbol is not empty.
type dimension struct {
	value  int64
	symbol string
}

func int64s(values []int) []int64 {
	wide := make([]int64, len(values))
	for i, v := range values {
		wide[i] = int64(v)
	}
	return wide
}
