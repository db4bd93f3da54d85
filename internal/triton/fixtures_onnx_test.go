package triton

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// wireField is a field of an encoded message.
type wireField struct {
	number protowire.Number
	kind   protowire.Type
	v      uint64
	b      []byte
}

func number(n protowire.Number, v uint64) wireField {
	return wireField{number: n, kind: protowire.VarintType, v: v}
}

func text(n protowire.Number, s string) wireField {
	return wireField{number: n, kind: protowire.BytesType, b: []byte(s)}
}

func nested(n protowire.Number, fields ...wireField) wireField {
	return wireField{number: n, kind: protowire.BytesType, b: encode(fields)}
}

func decode(t testing.TB, b []byte) []wireField {
	t.Helper()
	var all []wireField
	for len(b) > 0 {
		f := wireField{}
		var n int
		f.number, f.kind, n = protowire.ConsumeTag(b)
		if b = b[max(n, 0):]; n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		switch f.kind {
		case protowire.VarintType:
			f.v, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.b, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(f.number, f.kind, b)
			f.b = b[:max(n, 0)]
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		all, b = append(all, f), b[n:]
	}
	return all
}

func encode(fields []wireField) []byte {
	b := []byte{}
	for _, f := range fields {
		b = protowire.AppendTag(b, f.number, f.kind)
		switch f.kind {
		case protowire.VarintType:
			b = protowire.AppendVarint(b, f.v)
		case protowire.BytesType:
			b = protowire.AppendBytes(b, f.b)
		default:
			b = append(b, f.b...)
		}
	}
	return b
}

// edit changes the fields of the message that a path leads to; of several fields with a
// number, the path takes the last.
func edit(t testing.TB, b []byte, path []protowire.Number, change func([]wireField) []wireField) []byte {
	t.Helper()
	fields := decode(t, b)
	if len(path) == 0 {
		return encode(change(fields))
	}
	for i, f := range slices.Backward(fields) {
		if f.number == path[0] {
			fields[i].b = edit(t, f.b, path[1:], change)
			return encode(fields)
		}
	}
	t.Fatalf("the message has no field %d", path[0])
	return nil
}

// set gives a field of the message another value.
func set(to wireField) func([]wireField) []wireField {
	return func(fields []wireField) []wireField {
		kept := slices.DeleteFunc(fields, func(f wireField) bool { return f.number == to.number })
		return append(kept, to)
	}
}

// Paths in a ModelProto.
var (
	opset       = []protowire.Number{8}
	graph       = []protowire.Number{7}
	lastNode    = []protowire.Number{7, 1}
	output      = []protowire.Number{7, 12}
	outputType  = []protowire.Number{7, 12, 2, 1}
	inputShape  = []protowire.Number{7, 11, 2, 1, 2}
	outputShape = []protowire.Number{7, 12, 2, 1, 2}
)

// batch makes the first dimension of shapes fixed, or unnamed where it is 0.
func batch(t testing.TB, model []byte, size uint64, paths ...[]protowire.Number) []byte {
	dimension := nested(1)
	if size > 0 {
		dimension = nested(1, number(1, size))
	}
	for _, path := range paths {
		model = edit(t, model, path, func(dims []wireField) []wireField { dims[0] = dimension; return dims })
	}
	return model
}

func (r *repository) addModels() {
	t, whole := r.t, r.base.model
	model := func(name string, model []byte) { r.add(name, fixture{model: model}) }
	model("onnx-fixed-batch-1", batch(t, whole, 1, inputShape, outputShape))
	model("onnx-fixed-batch-input-only", batch(t, whole, 1, inputShape))
	model("onnx-unnamed-batch", batch(t, whole, 0, inputShape, outputShape))
	model("onnx-output-no-shape", edit(t, whole, outputType, func(fields []wireField) []wireField {
		return slices.DeleteFunc(fields, func(f wireField) bool { return f.number == 2 })
	}))
	model("onnx-empty", []byte{})
	model("onnx-garbage", bytes.Repeat([]byte("hello world"), 100))
	model("onnx-truncated", whole[:len(whole)/2])
	flipped := bytes.Clone(whole)
	flipped[len(whole)/2] ^= 1
	model("onnx-one-bit-in-weights", flipped)
	ir := func(v uint64) []byte { return edit(t, whole, nil, set(number(1, v))) }
	version := func(v uint64) []byte { return edit(t, whole, opset, set(number(2, v))) }
	model("onnx-ir-10", ir(10))
	model("onnx-ir-11", ir(11))
	model("onnx-ir-99", ir(99))
	model("onnx-opset-21", version(21))
	model("onnx-opset-22", version(22))
	model("onnx-opset-99", version(99))
	model("onnx-unknown-op", edit(t, whole, lastNode, set(text(4, "Sofftmax"))))
	foreign := edit(t, whole, lastNode, set(text(7, "com.example")))
	foreign = edit(t, foreign, nil, func(fields []wireField) []wireField {
		return append(fields, nested(8, text(1, "com.example"), number(2, 1)))
	})
	model("onnx-unknown-domain", foreign)
	half := edit(t, whole, graph, func(fields []wireField) []wireField {
		to := nested(5, text(1, "to"), number(3, 10), number(20, 2))
		return append(fields, nested(1, text(1, "probabilities"), text(2, "p16"), text(4, "Cast"), to))
	})
	half = edit(t, edit(t, half, output, set(text(1, "p16"))), outputType, set(number(1, 10)))
	r.add("onnx-fp16-output", fixture{model: half, replace: []string{`name: "probabilities" data_type: TYPE_FP32`, `name: "p16" data_type: TYPE_FP16`}})
}

func (r *repository) addModelFiles() {
	without := func(name string, config []byte, then func(dir string)) {
		r.add(name, fixture{config: config, without: "model.onnx", then: then})
	}
	put := func(parts ...string) func(string) {
		return func(dir string) { write(r.t, r.base.model, append([]string{dir, "1"}, parts...)...) }
	}
	link := func(to string) func(string) {
		return func(dir string) { must(r.t, os.Symlink(to, filepath.Join(dir, "1", "model.onnx"))) }
	}
	without("onnx-missing", nil, nil)
	without("onnx-other-file-name", nil, put("net.onnx"))
	without("onnx-other-file-name-set", r.appended(`default_model_filename: "net.onnx"`), put("net.onnx"))
	r.add("onnx-filename-escape", fixture{config: r.appended(`default_model_filename: "../../ok-unchanged/1/model.onnx"`)})
	without("onnx-folder", nil, put("model.onnx", "model.onnx"))
	without("onnx-folder-empty", nil, func(dir string) { must(r.t, os.Mkdir(filepath.Join(dir, "1", "model.onnx"), 0o755)) })
	without("onnx-link-outside", nil, link(filepath.Join(r.base.dir, "1", "model.onnx")))
	without("onnx-link-broken", nil, link("/nonexistent"))
}
