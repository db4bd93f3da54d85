package target

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx"
	"github.com/blocktrain/blocktrain/internal/onnx/interpreter"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// TestONNXOfModels runs every model in the engine, and its ONNX file in the interpreter,
// which knows the file alone, in batches of 1, 7 and 64. The decision network over tracks
// is an mlp on one row.
func TestONNXOfModels(t *testing.T) {
	inputs := map[string]nn.Shape{"mlp": {H: 1, W: 30, C: 1}}
	for _, d := range model.Modules() {
		input, has := inputs[d.Name]
		if !has {
			input = nn.Shape{H: 28, W: 28, C: 1}
		}
		for _, opset := range []int{onnx.MinOpset, onnx.MaxOpset} {
			t.Run(fmt.Sprintf("%s, opset %d", d.Name, opset), func(t *testing.T) { checkONNX(t, d.Name, input, opset) })
		}
	}
}

// checkONNX compares the outputs of a network with random weights, each over its range.
func checkONNX(t *testing.T, name string, input nn.Shape, opset int) {
	g, p := served(t, name, input)
	file, err := onnx.Export(g, p, onnx.Options{Name: name, Opset: opset})
	if err != nil {
		t.Fatal(err)
	}
	read, err := interpreter.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	x, err := interpreter.New(read, interpreter.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	const most = 64
	plan, err := engine.NewInference(g, p, most, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	s := rng.NewKey(3, rng.TestPurpose).Stream(0, 0, 0)
	images := make([]uint8, most*input.Elements())
	for i := range images {
		images[i] = uint8(s.Uniform(0, 256))
	}
	for _, n := range []int{most, 7, 1} {
		outputs := make([][]float32, len(plan.Sizes()))
		for k, size := range plan.Sizes() {
			outputs[k] = make([]float32, n*size)
		}
		plan.Run(outputs, images[:n*input.Elements()])
		got, err := x.Run(context.Background(), n, images[:n*input.Elements()])
		if err != nil {
			t.Fatal(err)
		}
		for k := range outputs {
			span := slices.Max(outputs[k]) - slices.Min(outputs[k])
			for i, want := range outputs[k] {
				if difference := math.Abs(float64(got[k][i] - want)); !(difference <= 1e-5*float64(max(span, 0.1))) {
					t.Fatalf("batch of %d: output %s: value %d is %v, the engine has %v", n, g.Outputs[k].Name, i, got[k][i], want)
				}
			}
		}
	}
}

// served is a network as it is served, with random weights, norms and running averages.
func served(t *testing.T, name string, input nn.Shape) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	m, _, err := model.MakeModel(name, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Build(input, 10)
	if err != nil {
		t.Fatal(err)
	}
	of, err := MakeTarget(model.TargetOf(m))
	if err != nil {
		t.Fatal(err)
	}
	task, err := of.Task(input, make([]string, 10))
	if err != nil {
		t.Fatal(err)
	}
	g = task.Served(g)
	p := g.NewParameters(1)
	key := rng.NewKey(1, rng.TestPurpose)
	for i, param := range g.Params {
		if param.Init.Bound != 0 {
			continue
		}
		s := key.Stream(uint32(i), 0, 0)
		for j, start := range p.Of(param) {
			p.Of(param)[j] = start + s.Uniform(-0.3, 0.3)
		}
	}
	for j := range p.Of(g.Params[0]) { // the normalisation: about -1 to 1
		p.Of(g.Params[0])[j], p.Of(g.Params[1])[j] = 2.0/255, -1
	}
	return g, p
}
