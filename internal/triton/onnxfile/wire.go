package onnxfile

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// errParse is what ONNX Runtime says of every file that is no protobuf message.
var errParse = errors.New("Protobuf parsing failed.") //nolint:staticcheck,revive // its own words

// fields calls visit for each field of a message in turn, with v for numbers and b for
// strings and nested messages.
func fields(message []byte, visit func(number protowire.Number, v uint64, b []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errParse
		}
		message = message[n:]
		var v uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errParse
		}
		message = message[n:]
		if err := visit(number, v, b); err != nil {
			return err
		}
	}
	return nil
}
