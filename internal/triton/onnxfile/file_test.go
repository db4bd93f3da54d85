package onnxfile

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// field appends a field whose value is a number, a text or the bytes of a message.
func field(b []byte, number protowire.Number, value any) []byte {
	switch v := value.(type) {
	case int:
		return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
	case string:
		return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
	case []byte:
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
	}
	panic("no such field")
}

// message makes a message of numbers and values in turn.
func message(parts ...any) []byte {
	b := []byte{}
	for i := 0; i < len(parts); i += 2 {
		b = field(b, protowire.Number(parts[i].(int)), parts[i+1])
	}
	return b
}

func tensor(name string, elemType int, dims ...any) []byte {
	shape := []byte{}
	for _, dim := range dims {
		number := 1
		if _, symbol := dim.(string); symbol {
			number = 2
		}
		shape = field(shape, 1, message(number, dim))
	}
	return message(1, name, 2, message(1, message(1, elemType, 2, shape)))
}

func TestDecode(t *testing.T) {
	inner := message(1, message(1, "x", 2, "y", 4, "Relu"))
	graph := message(
		2, "g",
		11, tensor("image", 2, "N", 28, 28, 1), 11, tensor("w", 1, 3),
		12, tensor("out", 1, "N", 10), 12, message(1, "bare", 2, message(1, message(1, 7))),
		5, message(1, 3, 2, 1, 8, "w", 13, message(1, "location", 2, "weights.bin")),
		1, message(1, "image", 1, "w", 2, "out", 3, "first", 4, "If", 5, message(1, "then_branch", 6, inner)),
		1, message(1, "out", 2, "bare", 4, "Mine", 7, "com.example"))
	m, err := Decode(message(1, 8, 8, message(1, "ai.onnx", 2, 17), 8, message(1, "com.example", 2, 1),
		14, message(1, "k", 2, "v"), 25, message(1, "Mine", 10, "com.example"), 7, graph))
	if err != nil {
		t.Fatal(err)
	}
	switch in, out := m.Graph.Inputs, m.Graph.Outputs; {
	case m.IRVersion != 8 || m.Opset("") != 17 || m.Opset("com.example") != 1 || m.Metadata["k"] != "v":
		t.Errorf("%+v", m)
	case len(in) != 1 || in[0].Name != "image" || in[0].ElemType != 2 || !slices.Equal(in[0].Shape, []int64{-1, 28, 28, 1}):
		t.Errorf("inputs %+v", in)
	case len(out) != 2 || !out[0].HasShape || out[1].HasShape || out[1].ElemType != 7:
		t.Errorf("outputs %+v", out)
	case !slices.Equal(m.Graph.External, []string{"weights.bin"}):
		t.Errorf("external %v", m.Graph.External)
	}
	if problems := append(m.CheckOperators(), m.CheckNames()...); len(problems) > 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestProblems(t *testing.T) {
	node := func(op, domain, in, out string) []byte { return message(1, in, 2, out, 3, "to-"+out, 4, op, 7, domain) }
	for name, c := range map[string]struct {
		opset int
		nodes [][]byte
		want  string
	}{
		"unknown":      {17, [][]byte{node("Sofftmax", "", "x", "y")}, "No Op registered for Sofftmax with domain_version of 17"},
		"several":      {17, [][]byte{node("LayerNormalization", "", "x", "z"), node("BlackmanWindow", "", "z", "y"), node("DFT", "", "z", "w")}, ""},
		"newer":        {19, [][]byte{node("Gelu", "", "x", "y")}, "No Op registered for Gelu with domain_version of 19"},
		"deprecated":   {11, [][]byte{node("Upsample", "", "x", "y")}, "Op registered for Upsample is deprecated in domain_version of 11"},
		"old":          {9, [][]byte{node("Upsample", "", "x", "y")}, ""},
		"foreign":      {17, [][]byte{node("Softmax", "com.example", "x", "y")}, "Fatal error: com.example:Softmax(-1) is not a registered function/op"},
		"microsoft":    {17, [][]byte{node("FusedConv", "com.microsoft", "x", "y")}, ""},
		"no source":    {17, [][]byte{node("Relu", "", "q", "y")}, "Invalid model. Node input 'q' is not a graph input, initializer, or output of a previous node."},
		"twice":        {17, [][]byte{node("Relu", "", "x", "y"), message(1, "x", 2, "y", 4, "Relu")}, "This is an invalid model. Error: Duplicate definition of name (y)."},
		"same name":    {17, [][]byte{node("Relu", "", "x", "y"), message(1, "x", 2, "z", 3, "to-y", 4, "Relu")}, "This is an invalid model. Error: two nodes with same node name (to-y)."},
		"any order":    {17, [][]byte{node("Relu", "", "z", "y"), node("Relu", "", "x", "z")}, ""},
		"circle":       {17, [][]byte{node("Relu", "", "z", "y"), node("Relu", "", "y", "z")}, "This is an invalid model. Error: the graph is not acyclic."},
		"gone":         {17, [][]byte{node("Affine", "", "x", "y")}, "Op registered for Affine is deprecated in domain_version of 17"},
		"no output":    {17, [][]byte{node("Relu", "", "x", "z")}, "This is an invalid model. Graph output (y) does not exist in the graph."},
		"other domain": {17, [][]byte{node("Relu", "ai.onnx", "x", "y")}, ""},
	} {
		parts := []any{11, tensor("x", 1, "N"), 12, tensor("y", 1, "N")}
		for _, n := range c.nodes {
			parts = append(parts, 1, n)
		}
		m, err := Decode(message(1, 8, 8, message(2, c.opset), 7, message(parts...)))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(append(m.CheckOperators(), m.CheckNames()...), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestHostile checks files that are no model, and graphs in graphs without end.
func TestHostile(t *testing.T) {
	deep := message(2, "g")
	for range 3 * maxDepth {
		deep = message(1, message(5, message(6, deep)))
	}
	for name, file := range map[string][]byte{
		"text":   []byte("hello world"),
		"length": {0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"group":  {0x0b},
		"deep":   message(7, deep),
	} {
		if m, err := Decode(file); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m, err := Decode(nil); err != nil || m.HasGraph {
		t.Errorf("no bytes: %+v, %v", m, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(message(1, 8, 7, message(11, tensor("x", 1, "N"))))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if m, err := Decode(b); err == nil {
			m.CheckOperators()
			m.CheckNames()
		}
	})
}
