package onnx

import (
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto, by message. Fields are written in ascending
// order, as protobuf libraries do.
const (
	modelIRVersion       protowire.Number = 1
	modelProducerName    protowire.Number = 2
	modelProducerVersion protowire.Number = 3
	modelGraph           protowire.Number = 7
	modelOpsetImport     protowire.Number = 8
	modelMetadataProps   protowire.Number = 14

	opsetVersion protowire.Number = 2

	entryKey   protowire.Number = 1
	entryValue protowire.Number = 2

	graphNode        protowire.Number = 1
	graphName        protowire.Number = 2
	graphInitializer protowire.Number = 5
	graphInput       protowire.Number = 11
	graphOutput      protowire.Number = 12

	nodeInput     protowire.Number = 1
	nodeOutput    protowire.Number = 2
	nodeName      protowire.Number = 3
	nodeOpType    protowire.Number = 4
	nodeAttribute protowire.Number = 5

	attributeName protowire.Number = 1
	attributeF    protowire.Number = 2
	attributeI    protowire.Number = 3
	attributeS    protowire.Number = 4
	attributeInts protowire.Number = 8
	attributeKind protowire.Number = 20

	tensorDims     protowire.Number = 1
	tensorElemType protowire.Number = 2
	tensorName     protowire.Number = 8
	tensorRawData  protowire.Number = 9

	valueInfoName protowire.Number = 1
	valueInfoType protowire.Number = 2

	typeTensor     protowire.Number = 1
	typeElemType   protowire.Number = 1
	typeShape      protowire.Number = 2
	shapeDim       protowire.Number = 1
	dimensionValue protowire.Number = 1
	dimensionParam protowire.Number = 2
)

// encodeModel returns the wire form of a ModelProto.
func encodeModel(m model) []byte {
	const rest = 1 << 16 // bytes, most often, besides those of the constants
	size := rest
	for _, t := range m.graph.initializers {
		size += len(t.raw) + rest/64
	}
	b := make([]byte, 0, size) // which growing would need twice
	b = appendInt(b, modelIRVersion, m.irVersion)
	b = appendString(b, modelProducerName, m.producerName)
	if m.producerVersion != "" {
		b = appendString(b, modelProducerVersion, m.producerVersion)
	}
	b = appendMessage(b, modelGraph, m.graph.append)
	b = appendMessage(b, modelOpsetImport, func(b []byte) []byte {
		return appendInt(b, opsetVersion, m.opset)
	})
	for _, entry := range m.metadata {
		b = appendMessage(b, modelMetadataProps, entry.append)
	}
	return b
}

func (e keyValue) append(b []byte) []byte {
	return appendString(appendString(b, entryKey, e.key), entryValue, e.value)
}

func (g graph) append(b []byte) []byte {
	for _, n := range g.nodes {
		b = appendMessage(b, graphNode, n.append)
	}
	b = appendString(b, graphName, g.name)
	for _, t := range g.initializers {
		b = appendMessage(b, graphInitializer, t.append)
	}
	for _, v := range g.inputs {
		b = appendMessage(b, graphInput, v.append)
	}
	for _, v := range g.outputs {
		b = appendMessage(b, graphOutput, v.append)
	}
	return b
}

func (n node) append(b []byte) []byte {
	for _, name := range n.inputs {
		b = appendString(b, nodeInput, name)
	}
	for _, name := range n.outputs {
		b = appendString(b, nodeOutput, name)
	}
	b = appendString(b, nodeName, n.name)
	b = appendString(b, nodeOpType, n.opType)
	for _, a := range n.attributes {
		b = appendMessage(b, nodeAttribute, a.append)
	}
	return b
}

func (a attribute) append(b []byte) []byte {
	b = appendString(b, attributeName, a.name)
	switch a.kind {
	case typeFloat:
		b = protowire.AppendTag(b, attributeF, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(a.f))
	case typeInt:
		b = appendInt(b, attributeI, a.i)
	case typeString:
		b = appendString(b, attributeS, a.s)
	case typeInts:
		for _, v := range a.ints { // not packed in this schema
			b = appendInt(b, attributeInts, v)
		}
	}
	return appendInt(b, attributeKind, int64(a.kind))
}

func (t tensor) append(b []byte) []byte {
	for _, d := range t.dims { // not packed in this schema
		b = appendInt(b, tensorDims, d)
	}
	b = appendInt(b, tensorElemType, int64(t.elemType))
	b = appendString(b, tensorName, t.name)
	b = protowire.AppendTag(b, tensorRawData, protowire.BytesType)
	return protowire.AppendBytes(b, t.raw)
}

func (v valueInfo) append(b []byte) []byte {
	b = appendString(b, valueInfoName, v.name)
	return appendMessage(b, valueInfoType, func(b []byte) []byte {
		return appendMessage(b, typeTensor, v.appendTensorType)
	})
}

func (v valueInfo) appendTensorType(b []byte) []byte {
	b = appendInt(b, typeElemType, int64(v.elemType))
	return appendMessage(b, typeShape, func(b []byte) []byte {
		for _, d := range v.shape {
			b = appendMessage(b, shapeDim, d.append)
		}
		return b
	})
}

func (d dimension) append(b []byte) []byte {
	if d.symbol != "" {
		return appendString(b, dimensionParam, d.symbol)
	}
	return appendInt(b, dimensionValue, d.value)
}

func appendInt(b []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

// appendMessage appends a nested message: its body first, then the length is
// moved in before it, which saves a buffer for every level.
func appendMessage(b []byte, field protowire.Number, body func([]byte) []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	start := len(b)
	b = body(b)
	length := protowire.AppendVarint(nil, uint64(len(b)-start))
	return slices.Insert(b, start, length...)
}
