package onnx

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx/interpreter"
)

const batch = 3

func export(t testing.TB, c testCase, opset int) []byte {
	t.Helper()
	g, p := c.make(t)
	b, err := Export(g, p, Options{Name: "test", Opset: opset, PixelFormat: map[int]string{1: "Gray8", 3: "Rgb8"}[c.input.C], ProducerVersion: "1.2.3", Metadata: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expected are the reference's outputs for the case's pixels, one after the other, of
// one image after the other.
func expected(t testing.TB, c testCase) [][]float64 {
	t.Helper()
	g, p := c.make(t)
	size := c.input.Elements()
	out := make([][]float64, len(g.Outputs))
	for i := range batch {
		x := make([]float64, size)
		for j, v := range c.pixels(batch)[i*size : (i+1)*size] {
			x[j] = float64(v)
		}
		y, err := evaluate(g, p, x)
		if err != nil {
			t.Fatal(err)
		}
		for k := range out {
			out[k] = append(out[k], y[k]...)
		}
	}
	return out
}

// TestExportComputesTheGraph runs every case's model by the operators'
// definitions and compares with the layers' own.
func TestExportComputesTheGraph(t *testing.T) {
	for _, c := range cases {
		for _, opset := range []int{MinOpset, 14, MaxOpset} {
			t.Run(fmt.Sprintf("%s/opset %d", c.name, opset), func(t *testing.T) {
				compare(t, interpreted(t, c, opset), slices.Concat(expected(t, c)...), 1e-5)
			})
		}
	}
}

// interpreted is what the exported model answers to the case's pixels, by the interpreter,
// which knows the file alone.
func interpreted(t testing.TB, c testCase, opset int) []float64 {
	t.Helper()
	m, err := interpreter.Read(export(t, c, opset))
	if err != nil {
		t.Fatal(err)
	}
	x, err := interpreter.New(m, interpreter.Options{Workers: 2, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := x.Run(context.Background(), batch, c.pixels(batch))
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for _, v := range slices.Concat(outputs...) {
		all = append(all, float64(v))
	}
	return all
}

func compare(t testing.TB, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			t.Fatalf("value %d is %v, want %v (all: %v, want %v)", i, got[i], want[i], got, want)
		}
	}
}

// TestCasesDistinguish guards the comparison above: answers that hardly depend
// on the image, or that are saturated, would let a wrong layout through.
func TestCasesDistinguish(t *testing.T) {
	for _, c := range cases {
		y := expected(t, c)
		spread := 0.0
		for i := range len(y[0]) / batch {
			spread = max(spread, math.Abs(y[0][i]-y[0][len(y[0])/batch+i]))
		}
		if spread < 1e-5 {
			t.Errorf("%s: the answers to two images differ by %.1e at most: %v", c.name, spread, y)
		}
	}
}

// TestEveryKindHasALoweringAndACase keeps the cases complete.
func TestEveryKindHasALoweringAndACase(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		g, _ := c.make(t)
		for _, n := range g.Nodes {
			seen[n.Layer.Kind()] = true
		}
	}
	for kind := range lowerings {
		if !seen[kind] {
			t.Errorf("no case has a %s", kind)
		}
	}
	for _, f := range nn.Functions() {
		if lowerings[string(f)] == nil {
			t.Errorf("no lowering for the function %s", f)
		}
	}
}

func TestInterface(t *testing.T) {
	m, err := decodeModel(export(t, testCase{"", shape(28, 20, 3), head}, 0))
	if err != nil {
		t.Fatal(err)
	}
	if m.irVersion != 8 || m.opset != 17 || m.producerName != "blocktrain" || m.producerVersion != "1.2.3" || m.graph.name != "test" {
		t.Errorf("IR %d, opset %d, producer %q %q, graph %q", m.irVersion, m.opset, m.producerName, m.producerVersion, m.graph.name)
	}
	got := fmt.Sprint(m.graph.inputs, m.graph.outputs)
	want := "[{image 2 [{0 N} {28 } {20 } {3 }]}] [{probabilities 1 [{0 N} {3 }]}]"
	if got != want {
		t.Errorf("inputs and outputs %s, want %s", got, want)
	}
	got = fmt.Sprint(m.metadata)
	want = "[{Image.BitmapPixelFormat Rgb8} {Image.ColorSpaceGamma SRGB} {Image.NominalPixelRange NominalRange_0_255} {a 1} {b 2}]"
	if got != want {
		t.Errorf("metadata %s, want %s", got, want)
	}
}

func TestPixelFormat(t *testing.T) {
	for format, want := range map[string]int{"": 0, "Gray8": 1, "Rgb8": 1} {
		found := 0
		for _, entry := range metadata(nil, format) {
			if entry == (keyValue{"Image.BitmapPixelFormat", format}) {
				found++
			}
		}
		if found != want {
			t.Errorf("format %q: %d entries, want %d", format, found, want)
		}
	}
}

// TestUsualNetworkMovesNoData: one Transpose, of the pixels, is all that a
// convolutional network needs.
func TestUsualNetworkMovesNoData(t *testing.T) {
	for _, c := range cases[len(cases)-2:] {
		m, err := decodeModel(export(t, c, 0))
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, n := range m.graph.nodes {
			count[n.opType]++
		}
		if count["Transpose"] != 1 || count["Flatten"] != 1 || count["Reshape"] != 0 {
			t.Errorf("%s: operators %v", c.name, count)
		}
	}
}

func TestSameBytesEveryTime(t *testing.T) {
	for _, c := range cases {
		if !bytes.Equal(export(t, c, 0), export(t, c, 0)) {
			t.Errorf("%s: two exports differ", c.name)
		}
	}
}

// foreign is a layer that the table does not know.
type foreign struct{ nn.Flatten }

func (foreign) Kind() string { return "Foreign" }

func TestExportRefuses(t *testing.T) {
	tests := []struct {
		name    string
		build   func(g *nn.Graph, x *nn.Node)
		options Options
		want    string
	}{
		{"unknown layer", func(g *nn.Graph, x *nn.Node) { g.Add("odd", foreign{}, x) }, Options{Name: "x"}, "layer odd: a Foreign has no form in ONNX here"},
		{"broken graph", func(g *nn.Graph, x *nn.Node) { g.Add("fc", nn.Linear{Out: 3}, x) }, Options{Name: "x"}, "takes a vector, has 4x4x1"},
		{"no output", func(g *nn.Graph, x *nn.Node) { g.Outputs = nil }, Options{Name: "x"}, "the graph names no outputs: serve at least one of its layers"},
		{"output called like the input", func(g *nn.Graph, x *nn.Node) { g.Serve("image", x) }, Options{Name: "x"}, `an output is called "image", which is the name of the input`},
		{"no name", head, Options{}, "an ONNX graph needs a name"},
		{"old opset", head, Options{Name: "x", Opset: 12}, "opset 12: want 13 to 17"},
		{"new opset", head, Options{Name: "x", Opset: 18}, "opset 18: want 13 to 17"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := nn.NewGraph(shape(4, 4, 1))
			g.Serve("pixels", g.Input())
			tt.build(g, g.Input())
			_, err := Export(g, g.NewParameters(1), tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTranspose(t *testing.T) {
	got := transpose([]float32{0, 1, 2, 3, 4, 5}, []int{1, 2, 3}, []int{2, 0, 1})
	if want := []float32{0, 3, 1, 4, 2, 5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
