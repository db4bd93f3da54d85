package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields calls visit with every field of a message in turn: v for varints and
// fixed32, b for strings and nested messages.
func fields(message []byte, visit func(n protowire.Number, v uint64, b []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var v uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v32 uint32
			v32, n = protowire.ConsumeFixed32(message)
			v = uint64(v32)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(message)
		default:
			return fmt.Errorf("field %d has wire type %d", number, kind)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(number, v, b); err != nil {
			return err
		}
	}
	return nil
}

func unknownField(message string, n protowire.Number) error {
	return fmt.Errorf("%s has field %d, which the encoder does not write", message, n)
}

func decodeModel(b []byte) (m model, err error) {
	return m, fields(b, func(n protowire.Number, v uint64, b []byte) (err error) {
		switch n {
		case modelIRVersion:
			m.irVersion = int64(v)
		case modelProducerName:
			m.producerName = string(b)
		case modelProducerVersion:
			m.producerVersion = string(b)
		case modelGraph:
			m.graph, err = decodeGraph(b)
		case modelOpsetImport:
			err = fields(b, func(n protowire.Number, v uint64, _ []byte) error {
				m.opset = int64(v)
				return nil
			})
		case modelMetadataProps:
			m.metadata = append(m.metadata, keyValue{})
			entry := &m.metadata[len(m.metadata)-1]
			err = fields(b, func(n protowire.Number, _ uint64, b []byte) error {
				if n == entryKey {
					entry.key = string(b)
				} else {
					entry.value = string(b)
				}
				return nil
			})
		default:
			err = unknownField("ModelProto", n)
		}
		return err
	})
}

func decodeGraph(b []byte) (g graph, err error) {
	return g, fields(b, func(n protowire.Number, _ uint64, b []byte) error {
		switch n {
		case graphNode:
			n, err := decodeNode(b)
			g.nodes = append(g.nodes, n)
			return err
		case graphName:
			g.name = string(b)
		case graphInitializer:
			t, err := decodeTensor(b)
			g.initializers = append(g.initializers, t)
			return err
		case graphInput:
			v, err := decodeValueInfo(b)
			g.inputs = append(g.inputs, v)
			return err
		case graphOutput:
			v, err := decodeValueInfo(b)
			g.outputs = append(g.outputs, v)
			return err
		default:
			return unknownField("GraphProto", n)
		}
		return nil
	})
}

func decodeNode(b []byte) (n node, err error) {
	return n, fields(b, func(number protowire.Number, _ uint64, b []byte) error {
		switch number {
		case nodeInput:
			n.inputs = append(n.inputs, string(b))
		case nodeOutput:
			n.outputs = append(n.outputs, string(b))
		case nodeName:
			n.name = string(b)
		case nodeOpType:
			n.opType = string(b)
		case nodeAttribute:
			a, err := decodeAttribute(b)
			n.attributes = append(n.attributes, a)
			return err
		default:
			return unknownField("NodeProto", number)
		}
		return nil
	})
}

func decodeAttribute(b []byte) (a attribute, err error) {
	return a, fields(b, func(n protowire.Number, v uint64, b []byte) error {
		switch n {
		case attributeName:
			a.name = string(b)
		case attributeF:
			a.f = math.Float32frombits(uint32(v))
		case attributeI:
			a.i = int64(v)
		case attributeS:
			a.s = string(b)
		case attributeInts:
			a.ints = append(a.ints, int64(v))
		case attributeKind:
			a.kind = attributeType(v)
		default:
			return unknownField("AttributeProto", n)
		}
		return nil
	})
}

func decodeTensor(b []byte) (t tensor, err error) {
	return t, fields(b, func(n protowire.Number, v uint64, b []byte) error {
		switch n {
		case tensorDims:
			t.dims = append(t.dims, int64(v))
		case tensorElemType:
			t.elemType = elemType(v)
		case tensorName:
			t.name = string(b)
		case tensorRawData:
			t.raw = b
		default:
			return unknownField("TensorProto", n)
		}
		return nil
	})
}

func decodeValueInfo(b []byte) (v valueInfo, err error) {
	return v, fields(b, func(n protowire.Number, _ uint64, b []byte) error {
		if n == valueInfoName {
			v.name = string(b)
			return nil
		}
		return fields(b, func(_ protowire.Number, _ uint64, b []byte) error { // TypeProto.tensor_type
			return fields(b, func(n protowire.Number, elem uint64, b []byte) error {
				if n == typeElemType {
					v.elemType = elemType(elem)
					return nil
				}
				return fields(b, func(_ protowire.Number, _ uint64, b []byte) error { // TensorShapeProto.dim
					var d dimension
					err := fields(b, func(_ protowire.Number, value uint64, symbol []byte) error {
						d = dimension{int64(value), string(symbol)}
						return nil
					})
					v.shape = append(v.shape, d)
					return err
				})
			})
		})
	})
}
