package train

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx"
)

// layers has each type of layer of package nn, put behind x, an image of two
// channels. Whoever adds a layer adds it here, and then to engine and onnx.
var layers = map[string]func(g *nn.Graph, x *nn.Node) *nn.Node{
	"Input":         func(_ *nn.Graph, x *nn.Node) *nn.Node { return x },
	"Normalize":     layer(nn.Normalize{}),
	"Conv2D":        layer(nn.Conv2D{Out: 4, Kernel: 3, Stride: 2, Padding: 1, Groups: 2}, nn.Conv2D{Out: 4, Kernel: 5, Stride: 2, Same: true, Groups: 4}),
	"BatchNorm":     layer(nn.BatchNorm{Epsilon: 1e-3}),
	"Activation":    activations,
	"MaxPool":       layer(nn.MaxPool{Kernel: 2}, nn.MaxPool{Kernel: 3, Stride: 2, Same: true}),
	"AvgPool":       layer(nn.AvgPool{Kernel: 2}, nn.AvgPool{Kernel: 3, Stride: 2, Same: true}),
	"GlobalAvgPool": layer(nn.GlobalAvgPool{}),
	"Dropout":       layer(nn.Dropout{Rate: 0.5}),
	"Flatten":       layer(nn.Flatten{}),
	"Scale":         layer(nn.Scale{Factor: 0.5}),
	"Upsample":      layer(nn.Upsample{Factor: 2, H: 11, W: 12}),
	"Reshape": func(g *nn.Graph, x *nn.Node) *nn.Node {
		return g.Add("tested", nn.Reshape{To: nn.Shape{H: 2, W: 9, C: 4}}, g.Add("flat", nn.Flatten{}, x))
	},
	"MeanSquaredError": func(g *nn.Graph, x *nn.Node) *nn.Node {
		return g.Add("tested", nn.MeanSquaredError{}, x, g.Add("half", nn.Scale{Factor: 0.5}, x))
	},
	"Linear": func(g *nn.Graph, x *nn.Node) *nn.Node {
		return g.Add("tested", nn.Linear{Out: 5}, g.Add("flat", nn.Flatten{}, x))
	},
	"Softmax": func(g *nn.Graph, x *nn.Node) *nn.Node {
		return g.Add("tested", nn.Softmax{}, g.Add("flat", nn.Flatten{}, x))
	},
	"Add":    func(g *nn.Graph, x *nn.Node) *nn.Node { return g.Add("tested", nn.Add{}, x, x) },
	"Concat": func(g *nn.Graph, x *nn.Node) *nn.Node { return g.Add("tested", nn.Concat{}, x, x) },
}

// layer puts one or more layers of a type, one behind the other.
func layer(list ...nn.Layer) func(g *nn.Graph, x *nn.Node) *nn.Node {
	return func(g *nn.Graph, x *nn.Node) *nn.Node {
		for i, l := range list {
			x = g.Add(fmt.Sprintf("tested%d", i+1), l, x)
		}
		return x
	}
}

func activations(g *nn.Graph, x *nn.Node) *nn.Node {
	for _, f := range nn.Functions() {
		x = g.Add(string(f), nn.Activation{Function: f}, x)
	}
	return x
}

// TestLayersAreLowered takes every layer of package nn through all that is made
// of a graph: a training step, an inference and an ONNX model. What they compute
// is tested where they are made.
func TestLayersAreLowered(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		t.Run(name, func(t *testing.T) {
			g := nn.NewGraph(nn.Shape{H: 6, W: 6, C: 2})
			x := g.Add("before", nn.Conv2D{Out: 2, Kernel: 1}, g.Add("normalize", nn.Normalize{}, g.Input()))
			x = layers[name](g, x)
			g.Add("head", nn.Linear{Out: 3}, g.Add("flatten", nn.Flatten{}, x))
			if err := g.Err(); err != nil {
				t.Fatal(err)
			}
			params := g.NewParameters(1)
			trainLayer(t, g, params)
			inference, err := engine.NewInference(g, params, 4, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer inference.Close()
			inference.Run([][]float32{make([]float32, 4*3)}, make([]uint8, 4*g.Input().Shape.Elements()))
			if _, err := onnx.Export(nn.WithSoftmax(g), params, onnx.Options{Name: "layers"}); err != nil {
				t.Error(err)
			}
		})
	}
}

func trainLayer(t *testing.T, g *nn.Graph, params *nn.Parameters) {
	t.Helper()
	job := smallJob(t, t.TempDir()) // for its loss and optimizer
	trainer, err := engine.NewTrainer(g, params, engine.TrainerOptions{
		BatchSize: 4, ShardSize: 2, Workers: 1, Loss: job.Loss, Optimizer: job.Optimizer,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	step := engine.Step{Number: 1, Images: make([]uint8, 4*g.Input().Shape.Elements()), Targets: make([]float32, 4*3)}
	for i := range step.Images {
		step.Images[i] = uint8(i * 37)
	}
	for i := range 4 {
		step.Targets[i*3+i%3] = 1
	}
	if _, err := trainer.Step(step); err != nil {
		t.Error(err)
	}
}

// TestEveryLayerIsListed reads the sources of package nn: a type with a method
// Kind is a layer, a constant of type Function is a function.
func TestEveryLayerIsListed(t *testing.T) {
	types, functions := layersOf(t, "../nn")
	if want := slices.Sorted(maps.Keys(layers)); !slices.Equal(types, want) {
		t.Errorf("package nn has the layers\n%v, tested are\n%v", types, want)
	}
	var listed []string
	for _, f := range nn.Functions() {
		listed = append(listed, string(f))
	}
	slices.Sort(listed)
	if !slices.Equal(functions, listed) {
		t.Errorf("package nn has the functions\n%v, nn.Functions lists\n%v", functions, listed)
	}
}

// receiver is the type of a method; nil where it is none, or has a pointer.
func receiver(f *ast.FuncDecl) *ast.Ident {
	if f.Recv == nil {
		return nil
	}
	id, _ := f.Recv.List[0].Type.(*ast.Ident)
	return id
}

// layersOf returns the sorted names of the types with a method Kind and of the
// constants of type Function in the sources in dir.
func layersOf(t *testing.T, dir string) (types, functions []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("found the sources %v, %v", paths, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if id := receiver(n); id != nil && n.Name.Name == "Kind" {
					types = append(types, id.Name)
				}
			case *ast.ValueSpec:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Function" {
					functions = append(functions, n.Names[0].Name)
				}
			}
			return true
		})
	}
	slices.Sort(types)
	slices.Sort(functions)
	return types, functions
}
