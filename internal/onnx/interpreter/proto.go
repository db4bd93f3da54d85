package interpreter

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a field of a protobuf message.
type field struct {
	message string // its name in onnx.proto, for errors
	number  protowire.Number
	kind    protowire.Type
	value   uint64 // of varints and fixed numbers
	bytes   []byte // of strings, nested messages and packed lists; part of the file
	raw     []byte // all of the field, with its tag
}

// eachField visits the fields of a message in turn.
func eachField(message string, b []byte, visit func(f field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%s: %w", message, protowire.ParseError(n))
		}
		f := field{message: message, number: number, kind: kind}
		size := protowire.ConsumeFieldValue(number, kind, b[n:])
		if size < 0 {
			return fmt.Errorf("%s: field %d: %w", message, number, protowire.ParseError(size))
		}
		switch kind {
		case protowire.VarintType:
			f.value, _ = protowire.ConsumeVarint(b[n:])
		case protowire.Fixed32Type:
			v, _ := protowire.ConsumeFixed32(b[n:])
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, _ = protowire.ConsumeBytes(b[n:])
		}
		f.raw = b[:n+size]
		b = b[n+size:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func (f field) want(kind protowire.Type) error {
	if f.kind != kind {
		return fmt.Errorf("%s: field %d has wire type %d, want %d", f.message, f.number, f.kind, kind)
	}
	return nil
}

// text reads a string.
func (f field) text(to *string) error {
	*to = string(f.bytes)
	return f.want(protowire.BytesType)
}

// integer reads an int64 or an enum.
func (f field) integer(to *int64) error {
	*to = int64(f.value)
	return f.want(protowire.VarintType)
}

// integers reads one number of a list, or a packed list.
func (f field) integers(to *[]int64) error {
	if f.kind != protowire.BytesType {
		if len(*to) == maxInts {
			return f.tooMany()
		}
		*to = append(*to, int64(f.value))
		return f.want(protowire.VarintType)
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return fmt.Errorf("%s: field %d: %w", f.message, f.number, protowire.ParseError(n))
		}
		if len(*to) == maxInts {
			return f.tooMany()
		}
		*to, b = append(*to, int64(v)), b[n:]
	}
	return nil
}

func (f field) tooMany() error {
	return fmt.Errorf("%s: field %d has more than %d numbers", f.message, f.number, maxInts)
}

// float reads a float32.
func (f field) float(to *float32) error {
	*to = math.Float32frombits(uint32(f.value))
	return f.want(protowire.Fixed32Type)
}

// unsupported is the error of what this reader does not follow.
func (f field) unsupported(what string) error {
	return fmt.Errorf("%s: field %d, %s, is not supported", f.message, f.number, what)
}

var errTruncated = errors.New("the file is empty or no ONNX model")
