package interpreter

import (
	"context"
	"encoding/binary"
	"errors"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The files of these tests are written by functions of their own, field by field.

// message is a protobuf message that is being written.
type message []byte

func (m message) int(field int, v int64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, protowire.Number(field), protowire.VarintType), uint64(v))
}

func (m message) bytes(field int, b []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, protowire.Number(field), protowire.BytesType), b)
}

func (m message) text(field int, s string) message { return m.bytes(field, []byte(s)) }

// attributeOf is an AttributeProto: a number, a float, a text or a list.
func attributeOf(name string, value any) message {
	a := message{}.text(1, name)
	switch v := value.(type) {
	case int:
		a = a.int(3, int64(v)).int(20, 2)
	case float32:
		a = protowire.AppendFixed32(protowire.AppendTag(a, 2, protowire.Fixed32Type), math.Float32bits(v))
		a = a.int(20, 1)
	case string:
		a = a.text(4, v).int(20, 3)
	case []int:
		for _, n := range v {
			a = a.int(8, int64(n))
		}
		a = a.int(20, 7)
	}
	return a
}

// nodeOf is a NodeProto with one output, "out", after op, inputs and attributes as pairs.
func nodeOf(op, output string, inputs []string, attributes ...any) message {
	n := message{}
	for _, name := range inputs {
		n = n.text(1, name)
	}
	n = n.text(2, output).text(3, "the node").text(4, op)
	for i := 0; i < len(attributes); i += 2 {
		n = n.bytes(5, attributeOf(attributes[i].(string), attributes[i+1]))
	}
	return n
}

func floatsOf(name string, dims []int, values ...float32) message {
	t := message{}
	for _, d := range dims {
		t = t.int(1, int64(d))
	}
	raw := []byte{}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return t.int(2, 1).text(8, name).bytes(9, raw)
}

func intsOf(name string, values ...int) message {
	t := message{}.int(1, int64(len(values))).int(2, 7).text(8, name)
	for _, v := range values {
		t = t.int(7, int64(v))
	}
	return t
}

// valueOf is a ValueInfoProto; dimension -1 is the batch.
func valueOf(name string, kind ElemType, dims ...int) message {
	shape := message{}
	for _, d := range dims {
		if d < 0 {
			shape = shape.bytes(1, message{}.text(2, "N"))
		} else {
			shape = shape.bytes(1, message{}.int(1, int64(d)))
		}
	}
	return message{}.text(1, name).bytes(2, message{}.bytes(1, message{}.int(1, int64(kind)).bytes(2, shape)))
}

// file is what a test's ONNX file is made of.
type file struct {
	opset     int
	nodes     []message
	constants []message
	input     message
	outputs   []message
}

func (f file) encode() []byte {
	g := message{}
	for _, n := range f.nodes {
		g = g.bytes(1, n)
	}
	g = g.text(2, "g")
	for _, t := range f.constants {
		g = g.bytes(5, t)
	}
	g = g.bytes(11, f.input)
	for _, o := range f.outputs {
		g = g.bytes(12, o)
	}
	return message{}.int(1, 8).bytes(7, g).bytes(8, message{}.int(2, int64(f.opset)))
}

// single is a model of a Cast of "image" [N,dims...] to "x" and of one node behind it.
func single(dims, outDims []int, node message, constants ...message) file {
	return file{
		opset: MaxOpset, nodes: []message{nodeOf("Cast", "x", []string{"image"}, "to", 1), node}, constants: constants,
		input:   valueOf("image", Uint8, append([]int{-1}, dims...)...),
		outputs: []message{valueOf("out", Float, append([]int{-1}, outDims...)...)},
	}
}

// run runs a file on two examples.
func run(t *testing.T, f file, input ...uint8) ([]float32, error) {
	t.Helper()
	m, err := Read(f.encode())
	if err != nil {
		return nil, err
	}
	x, err := New(m, Options{Workers: 2, Batch: 1, Memory: 1 << 24})
	if err != nil {
		return nil, err
	}
	outputs, err := x.Run(context.Background(), len(input)/x.size, input)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// TestOperators has results that were worked out by hand from docs/Operators.md, of what
// the exporter does not write too.
func TestOperators(t *testing.T) {
	x := []string{"x"}
	for _, c := range []struct {
		name  string
		model file
		input []uint8
		want  []float32
	}{
		{"Add broadcasts both", single([]int{2, 1}, []int{2, 3}, nodeOf("Add", "out", []string{"x", "c"}), floatsOf("c", []int{1, 3}, 10, 20, 30)),
			[]uint8{1, 2}, []float32{11, 21, 31, 12, 22, 32}},
		{"Sub from a constant", single([]int{2}, []int{2}, nodeOf("Sub", "out", []string{"c", "x"}), floatsOf("c", nil, 10)), []uint8{1, 2, 3, 4}, []float32{9, 8, 7, 6}},
		{"Transpose", single([]int{2, 3}, []int{3, 2}, nodeOf("Transpose", "out", x, "perm", []int{0, 2, 1})), []uint8{1, 2, 3, 4, 5, 6}, []float32{1, 4, 2, 5, 3, 6}},
		{"Slice from the end", single([]int{4}, []int{2}, nodeOf("Slice", "out", []string{"x", "s", "e", "a"}), intsOf("s", -3), intsOf("e", -1), intsOf("a", 1)),
			[]uint8{1, 2, 3, 4}, []float32{2, 3}},
		{"Reshape with a rest", single([]int{4}, []int{2, 2}, nodeOf("Reshape", "out", []string{"x", "s"}), intsOf("s", 0, 2, -1)), []uint8{1, 2, 3, 4}, []float32{1, 2, 3, 4}},
		{"ReduceMean keeps no axis", single([]int{2, 2}, []int{2}, nodeOf("ReduceMean", "out", x, "axes", []int{1}, "keepdims", 0)), []uint8{1, 2, 3, 6}, []float32{2, 4}},
		{"Concat along the last axis", single([]int{2}, []int{4}, nodeOf("Concat", "out", []string{"x", "x"}, "axis", -1)), []uint8{1, 2, 3, 4}, []float32{1, 2, 1, 2, 3, 4, 3, 4}},
		{"Gemm with B transposed", single([]int{2}, []int{3}, nodeOf("Gemm", "out", []string{"x", "w", "b"}, "transB", 1),
			floatsOf("w", []int{3, 2}, 1, 0, 0, 1, 1, 1), floatsOf("b", []int{3}, 0, 0, 100)), []uint8{3, 4, 5, 6}, []float32{3, 4, 107, 5, 6, 111}},
		{"Conv with dilation and padding on one side", single([]int{1, 1, 3}, []int{1, 1, 2},
			nodeOf("Conv", "out", []string{"x", "w"}, "kernel_shape", []int{1, 2}, "dilations", []int{1, 2}, "pads", []int{0, 0, 0, 1}), floatsOf("w", []int{1, 1, 1, 2}, 1, 10)),
			[]uint8{1, 2, 3}, []float32{31, 2}},
		{"Conv in groups", single([]int{2, 1, 1}, []int{4, 1, 1}, nodeOf("Conv", "out", []string{"x", "w"}, "group", 2), floatsOf("w", []int{4, 1, 1, 1}, 1, 2, 3, 4)),
			[]uint8{1, 10}, []float32{1, 2, 30, 40}},
		{"MaxPool with strides", single([]int{1, 2, 3}, []int{1, 1, 2}, nodeOf("MaxPool", "out", x, "kernel_shape", []int{2, 2}, "strides", []int{1, 1})),
			[]uint8{1, 9, 2, 3, 4, 5}, []float32{9, 9}},
		{"AveragePool without padding", single([]int{1, 1, 2}, []int{1, 1, 3}, nodeOf("AveragePool", "out", x, "kernel_shape", []int{1, 2}, "pads", []int{0, 1, 0, 1})),
			[]uint8{4, 8}, []float32{4, 6, 8}},
		{"AveragePool with padding", single([]int{1, 1, 2}, []int{1, 1, 3}, nodeOf("AveragePool", "out", x, "kernel_shape", []int{1, 2}, "pads", []int{0, 1, 0, 1}, "count_include_pad", 1)),
			[]uint8{4, 8}, []float32{2, 6, 4}},
		{"Clip without a lower bound", single([]int{2}, []int{2}, nodeOf("Clip", "out", []string{"x", "", "c"}), floatsOf("c", nil, 2)), []uint8{1, 3}, []float32{1, 2}},
		{"HardSigmoid", single([]int{2}, []int{2}, nodeOf("HardSigmoid", "out", x, "alpha", float32(0.25), "beta", float32(0))), []uint8{1, 5}, []float32{0.25, 1}},
		{"Softmax along another axis", single([]int{2, 2}, []int{2, 2}, nodeOf("Softmax", "out", x, "axis", 1)), []uint8{1, 0, 1, 200}, []float32{0.5, 0, 0.5, 1}},
		{"Resize", single([]int{1, 1, 2}, []int{1, 2, 4}, nodeOf("Resize", "out", []string{"x", "", "s"}, "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor"),
			floatsOf("s", []int{4}, 1, 1, 2, 2)), []uint8{1, 2}, []float32{1, 1, 2, 2, 1, 1, 2, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := run(t, c.model, c.input...)
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("%v, %v, want %v", got, err, c.want)
			}
			for i := range got {
				if math.Abs(float64(got[i]-c.want[i])) > 1e-6 {
					t.Fatalf("%v, want %v", got, c.want)
				}
			}
		})
	}
}

// TestRefused has files that cannot be run. Each error names what is wrong, and the
// operator if it is one.
func TestRefused(t *testing.T) {
	x := []string{"x"}
	conv := func(attributes ...any) file {
		return single([]int{1, 4, 4}, []int{1, 3, 3}, nodeOf("Conv", "out", []string{"x", "w"}, attributes...), floatsOf("w", []int{1, 1, 2, 2}, 1, 2, 3, 4))
	}
	relu := single([]int{2}, []int{2}, nodeOf("Relu", "out", x))
	with := func(change func(f *file)) file {
		f := relu
		change(&f)
		return f
	}
	huge := math.MaxInt32
	for _, c := range []struct {
		name  string
		model file
		want  string
	}{
		{"an unknown operator", single([]int{2}, []int{2}, nodeOf("LSTM", "out", x)), `node "the node", operator LSTM: it is not supported`},
		{"an operator of another domain", single([]int{2}, []int{2}, nodeOf("Relu", "out", x).text(7, "com.microsoft")), `operator Relu: it is of domain "com.microsoft"`},
		{"an operator of a later opset", with(func(f *file) { f.opset, f.nodes = 13, []message{f.nodes[0], nodeOf("HardSwish", "out", x)} }), "operator HardSwish: opset 13 does not have it yet"},
		{"another opset", with(func(f *file) { f.opset = 99 }), "opset 99 of ai.onnx: want 13 to 17"},
		{"an unknown attribute", single([]int{2}, []int{2}, nodeOf("Relu", "out", x, "slope", 2)), "operator Relu: attribute slope is not supported"},
		{"an attribute of another type", conv("group", "one"), "operator Conv: attribute group has type 3, want 2"},
		{"automatic padding", conv("auto_pad", "SAME_UPPER"), `operator Conv: attribute auto_pad is "SAME_UPPER"`},
		{"no groups", conv("group", 0), "operator Conv: weights of shape [1 1 2 2] in 0 groups"},
		{"groups that do not divide", conv("group", 3), "operator Conv: weights of shape [1 1 2 2] in 3 groups"},
		{"another kernel", conv("kernel_shape", []int{3, 3}), "operator Conv: kernel_shape is [3 3], the weight's is [2 2]"},
		{"a stride of 0", conv("strides", []int{0, 1}), "operator Conv: strides is [0 1]"},
		{"negative padding", conv("pads", []int{-1, 0, 0, 0}), "operator Conv: pads are [-1 0 0 0]"},
		{"a window larger than the image", conv("dilations", []int{9, 9}), "operator Conv: a window of 10 on 4 pixels"},
		{"huge padding", conv("pads", []int{30000, 30000, 30000, 30000}), "operator Conv: "},
		{"a weight that is no constant", single([]int{1, 2, 2}, []int{1, 1, 1}, nodeOf("Conv", "out", []string{"x", "x"})), `operator Conv: input 1, "x", is no constant`},
		{"two inputs too many", single([]int{2}, []int{2}, nodeOf("Relu", "out", []string{"x", "x", "x"})), "operator Relu: it has 3 inputs"},
		{"an input that is left out", single([]int{2}, []int{2}, nodeOf("Add", "out", []string{"x", ""})), "operator Add: input 1 is left out"},
		{"a value nobody makes", single([]int{2}, []int{2}, nodeOf("Relu", "out", []string{"later"})), `operator Relu: input "later" is not made`},
		{"a value made twice", single([]int{2}, []int{2}, nodeOf("Relu", "x", x)), `operator Relu: "x" was made before`},
		{"two outputs", single([]int{2}, []int{2}, nodeOf("Relu", "out", x).text(2, "more")), "operator Relu: it has 2 outputs"},
		{"shapes that do not fit", single([]int{2}, []int{2}, nodeOf("Mul", "out", []string{"x", "c"}), floatsOf("c", []int{3}, 1, 2, 3)), "operator Mul: shapes [1 2] and [3] cannot be broadcast"},
		{"weights that do not fit", single([]int{2}, []int{1}, nodeOf("Gemm", "out", []string{"x", "w"}), floatsOf("w", []int{3, 1}, 1, 2, 3)), "operator Gemm: a value of shape [1 2] with weights of shape [3 1]"},
		{"another element type", single([]int{2}, []int{2}, nodeOf("Cast", "out", x, "to", 10)), "operator Cast: it casts element type 1 to 10"},
		{"a reshape to another size", single([]int{4}, []int{3}, nodeOf("Reshape", "out", []string{"x", "s"}), intsOf("s", 0, 3)), "operator Reshape: shape [0 3]"},
		{"a huge reshape", single([]int{4}, []int{3}, nodeOf("Reshape", "out", []string{"x", "s"}), intsOf("s", huge, huge, huge)), "operator Reshape: shape"},
		{"a huge result", single([]int{1, 1, 2}, []int{1, 1, 1}, nodeOf("Resize", "out", []string{"x", "", "s"}, "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor"),
			floatsOf("s", []int{4}, 1, 1, 1e5, 1e4)), "operator Resize: "},
		{"a scale that is no number", single([]int{1, 1, 2}, []int{1, 1, 1}, nodeOf("Resize", "out", []string{"x", "", "s"}, "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor"),
			floatsOf("s", []int{4}, 1, 1, float32(math.NaN()), 1)), "operator Resize: scale NaN"},
		{"more memory than allowed", single([]int{4096, 1}, []int{4096, 4096}, nodeOf("Add", "out", []string{"x", "c"}), floatsOf("c", []int{1, 4096}, make([]float32, 4096)...)), "operator Add: the model needs more memory than is allowed: 16 MB"},
		{"an axis that is not there", single([]int{2}, []int{2}, nodeOf("Softmax", "out", x, "axis", 7)), "operator Softmax: axis 7 of 2 dimensions"},
		{"axes twice", single([]int{2}, []int{2}, nodeOf("Transpose", "out", x, "perm", []int{1, 1})), "operator Transpose: perm [1 1]"},
		{"a slice of nothing", single([]int{4}, []int{2}, nodeOf("Slice", "out", []string{"x", "s", "e", "a"}), intsOf("s", 3), intsOf("e", 1), intsOf("a", 1)), "operator Slice: elements 3 to 1"},
		{"a constant with less data", with(func(f *file) { f.constants = []message{floatsOf("c", []int{5}, 1, 2)} }), `constant "c": 8 bytes for 5 FLOAT elements`},
		{"a constant of a huge shape", with(func(f *file) { f.constants = []message{floatsOf("c", []int{huge, huge, huge}, 1)} }), `constant "c": shape`},
		{"a constant of another type", with(func(f *file) { f.constants = []message{floatsOf("c", []int{1}, 1).int(2, 10)} }), `constant "c": element type 10`},
		{"a constant in another file", with(func(f *file) { f.constants = []message{floatsOf("c", []int{1}, 1).int(14, 1)} }), "data in another file, is not supported"},
		{"a constant twice", with(func(f *file) { f.constants = []message{floatsOf("c", []int{1}, 1), floatsOf("c", []int{1}, 1)} }), `constant "c" is there twice`},
		{"a batch of a fixed size", with(func(f *file) { f.input = valueOf("image", Uint8, 1, 2) }), `input "image" has a batch of a fixed size`},
		{"an input of another type", with(func(f *file) { f.input = valueOf("image", Float, -1, 2) }), `input "image" has element type 1, want UINT8`},
		{"a huge input", with(func(f *file) { f.input = valueOf("image", Uint8, -1, huge, huge) }), `input "image": shape`},
		{"an output of another shape", with(func(f *file) { f.outputs = []message{valueOf("out", Float, -1, 3)} }), `output "out" has shape [1 2], declared is 3`},
		{"an output of half precision", with(func(f *file) { f.outputs = []message{valueOf("out", 10, -1, 2)} }), `output "out" has element type 1 and is declared with 10`},
		{"an output nobody makes", with(func(f *file) { f.outputs = []message{valueOf("other", Float, -1, 2)} }), `output "other" is made by no node`},
		{"outputs without end", with(func(f *file) { f.outputs = slices.Repeat([]message{valueOf("out", Float, -1, 2)}, maxNodes+1) }), "more than 65536 inputs or outputs"},
		{"numbers without end", with(func(f *file) {
			c := floatsOf("c", []int{1}, 1)
			for range maxInts {
				c = append(c, message{}.int(7, 1)...)
			}
			f.constants = []message{append(c, message{}.int(7, 1)...)}
		}), "field 7 has more than 65536 numbers"},
		{"no outputs", with(func(f *file) { f.outputs = nil }), "the model has no outputs"},
		{"a subgraph", single([]int{2}, []int{2}, nodeOf("If", "out", x).bytes(5, message{}.text(1, "then").bytes(6, nil))), "operator If: AttributeProto: field 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := run(t, c.model, 1, 2, 3, 4)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestMemory refuses models that would need much memory before they take it.
func TestMemory(t *testing.T) {
	var nodes []message
	f := single([]int{1, 64, 64}, []int{1, 64, 64}, nodeOf("Relu", "v0", []string{"x"}))
	name := "v0"
	for i := range 2000 { // each packs the weights anew, and keeps tables
		next := "v" + strconv.Itoa(i+1)
		nodes = append(nodes, nodeOf("Conv", next, []string{name, "w"}, "kernel_shape", []int{3, 3}, "pads", []int{1, 1, 1, 1}))
		name = next
	}
	f.nodes = append(f.nodes, nodes...)
	f.constants = []message{floatsOf("w", []int{1, 1, 3, 3}, make([]float32, 9)...)}
	f.outputs = []message{valueOf(name, Float, -1, 1, 64, 64)}
	m, err := Read(f.encode())
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = New(m, Options{Workers: 1, Batch: 1, Memory: 1 << 24})
	runtime.ReadMemStats(&after)
	if !errors.Is(err, errMemory) {
		t.Errorf("%v, want %v", err, errMemory)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 2<<24 {
		t.Errorf("%d bytes were allocated within a limit of %d", taken, 1<<24)
	}
}

// TestTruncated cuts a file at every byte, and changes each, which must not panic.
func TestTruncated(t *testing.T) {
	whole := single([]int{1, 4, 4}, []int{1, 3, 3}, nodeOf("Conv", "out", []string{"x", "w"}, "kernel_shape", []int{2, 2}), floatsOf("w", []int{1, 1, 2, 2}, 1, 2, 3, 4)).encode()
	try := func(b []byte) error {
		m, err := Read(b)
		if err == nil {
			_, err = New(m, Options{Workers: 1, Memory: 1 << 20})
		}
		return err
	}
	if err := try(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if try(whole[:n]) == nil {
			t.Errorf("a file cut after %d of %d bytes is run", n, len(whole))
		}
		for _, change := range []byte{1, 0x80, 0xff} {
			other := append([]byte(nil), whole...)
			other[n] ^= change
			_ = try(other) // may be another model, or none
		}
	}
}

// TestAnyBatch compares batches, workers and limits of memory: to the bit.
func TestAnyBatch(t *testing.T) {
	m, err := Read(single([]int{3}, []int{3}, nodeOf("Softmax", "out", []string{"x"})).encode())
	if err != nil {
		t.Fatal(err)
	}
	input := make([]uint8, 3*37)
	for i := range input {
		input[i] = uint8(i * i % 7)
	}
	var want []float32
	for _, o := range []Options{{Workers: 1, Batch: 1}, {Workers: 3, Batch: 5}, {Workers: 2}, {Workers: 8, Batch: 64, Memory: 400}} {
		x, err := New(m, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{37, 1, 7, 37} {
			got, err := x.Run(context.Background(), n, input[:3*n])
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got[0]
			}
			for i, v := range got[0] {
				if v != want[i] {
					t.Fatalf("%+v, %d examples: value %d is %v, want %v", o, n, i, v, want[i])
				}
			}
		}
	}
}

// TestDigest finds what changes the digest of what a file computes.
func TestDigest(t *testing.T) {
	base := single([]int{2}, []int{2}, nodeOf("Add", "out", []string{"x", "c"}), floatsOf("c", nil, 1))
	digest := func(b []byte) string {
		m, err := Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return m.Digest()
	}
	want := digest(base.encode())
	named := message(base.encode()).text(2, "somebody").bytes(14, message{}.text(1, "key").text(2, "value"))
	if got := digest(named); got != want {
		t.Errorf("with another producer and metadata it is %s, want %s", got, want)
	}
	other := base
	other.constants = []message{floatsOf("c", nil, 2)}
	if digest(other.encode()) == want {
		t.Error("it is the same with another constant")
	}
	if other = base; digest(file{14, other.nodes, other.constants, other.input, other.outputs}.encode()) == want {
		t.Error("it is the same with another opset")
	}
}

func TestElementary(t *testing.T) {
	for x := -30.0; x < 30; x += 0.0137 {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-14*want {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
		if got, want := erf(x/4), math.Erf(x/4); math.Abs(got-want) > 1e-8 {
			t.Fatalf("erf(%v) is %v, want %v", x/4, got, want)
		}
	}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), 1e5, -1e5} {
		if got, want := exp(x), math.Exp(x); got != want {
			t.Errorf("exp(%v) is %v, want %v", x, got, want)
		}
	}
	if !math.IsNaN(exp(math.NaN())) || !math.IsNaN(erf(math.NaN())) {
		t.Error("a NaN becomes a number")
	}
}

// TestKnowsTheFileAlone finds imports of the rest of the program.
func TestKnowsTheFileAlone(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			if strings.Contains(spec.Path.Value, "blocktrain") {
				t.Errorf("%s imports %s", name, spec.Path.Value)
			}
		}
	}
}
