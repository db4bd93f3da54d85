package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

func TestEveryModelBuilds(t *testing.T) {
	for _, d := range Modules() {
		m, _, err := MakeModel(d.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, input := range []nn.Shape{{H: 28, W: 28, C: 1}, {H: 32, W: 32, C: 3}, {H: 64, W: 80, C: 1}, {H: 17, W: 23, C: 3}} {
			g, err := m.Build(input, 7)
			if err != nil {
				t.Errorf("%s for %v: %v", d.Name, input, err)
				continue
			}
			want := nn.Shape{H: 1, W: 1, C: 7}
			if TargetOf(m) == "image" {
				want = input
			}
			if g.Output().Shape != want {
				t.Errorf("%s for %v: output %v, want %v", d.Name, input, g.Output().Shape, want)
			}
		}
		if TargetOf(m) != "class" {
			continue
		}
		if _, err := m.Build(nn.Shape{H: 28, W: 28, C: 1}, 1); err == nil || !strings.Contains(err.Error(), "at least 2") {
			t.Errorf("%s for one class: error %v", d.Name, err)
		}
	}
}

// TestActivations builds every model that has the option with every function, and checks
// that its hidden layers have that function and are named by it, that weights keep their
// names, and that the option is recorded where it is not the default. Runs were recorded
// before the option existed, so that the defaults of the models of that time must not change.
func TestActivations(t *testing.T) {
	standard := map[string]string{"mlp": "relu", "lenet5": "relu", "cnn": "relu", "fast": "relu", "resnet20": "relu", "vgg-small": "relu", "mobilenet-small": "relu6"}
	input := nn.Shape{H: 28, W: 28, C: 1}
	for _, d := range Modules() {
		i := slices.IndexFunc(d.Options, func(o *config.Option) bool { return o.Name == "activation" })
		if i < 0 {
			if standard[d.Name] != "" {
				t.Errorf("%s has no option activation", d.Name)
			}
			continue
		}
		if want := cmp.Or(standard[d.Name], d.Options[i].Default); d.Options[i].Default != want {
			t.Errorf("%s has the activation %s, want %s", d.Name, d.Options[i].Default, want)
		}
		plain, _ := build(t, d.Name, "", input)
		for _, f := range nn.Functions() {
			word := functionWord(f)
			g, resolved := build(t, d.Name, "activation="+word, input)
			want := word
			if word == d.Options[i].Default {
				want = ""
			}
			if resolved["activation"] != want {
				t.Errorf("%s with %s: %q is recorded, want %q", d.Name, word, resolved["activation"], want)
			}
			if problem := differs(plain, g, f); problem != "" {
				t.Errorf("%s with %s: %s", d.Name, word, problem)
			}
		}
	}
	if _, _, err := MakeModel("mlp", "activation=tanh"); err == nil || !strings.Contains(err.Error(), "want one of relu, relu6, hard-swish, sigmoid, silu, gelu") {
		t.Errorf("an unknown activation gives %v", err)
	}
}

func build(t *testing.T, name, options string, input nn.Shape) (*nn.Graph, map[string]string) {
	t.Helper()
	m, resolved, err := MakeModel(name, options)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Build(input, 10)
	if err != nil {
		t.Fatal(err)
	}
	return g, resolved
}

// differs says where the graph is another than the plain one with its activations
// replaced.
func differs(plain, g *nn.Graph, f nn.Function) string {
	if len(g.Nodes) != len(plain.Nodes) {
		return fmt.Sprintf("%d layers, want %d", len(g.Nodes), len(plain.Nodes))
	}
	hidden := 0
	for i, n := range g.Nodes {
		want := plain.Nodes[i].Layer
		if _, is := want.(nn.Activation); is {
			want = nn.Activation{Function: f}
			hidden++
			if name := n.Inputs[0].Name + "." + functionWord(f); n.Name != name {
				return fmt.Sprintf("a layer is called %s, want %s", n.Name, name)
			}
		}
		if n.Layer != want {
			return fmt.Sprintf("layer %s is %v, want %v", n.Name, n.Layer, want)
		}
	}
	if hidden == 0 {
		return "no layer has an activation"
	}
	if names := g.NewParameters(0).Names(); !slices.Equal(names, plain.NewParameters(0).Names()) {
		return fmt.Sprintf("the weights are %v", names)
	}
	return ""
}

// TestNamesOfWeights checks that a model's weights have the same names for every input
// and number of classes: weights are taken over by name, and names are checked before
// the input is known.
func TestNamesOfWeights(t *testing.T) {
	for _, d := range Modules() {
		m, _, err := MakeModel(d.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, input := range []nn.Shape{{H: 32, W: 32, C: 3}, {H: 28, W: 28, C: 1}, {H: 64, W: 80, C: 1}, {H: 17, W: 23, C: 3}} {
			g, err := m.Build(input, 2+input.H%7)
			if err != nil {
				t.Fatal(err)
			}
			names := g.NewParameters(0).Names()
			if want == nil {
				want = names
			}
			if !slices.Equal(names, want) {
				t.Errorf("%s for %v: the names are %v, want %v", d.Name, input, names, want)
			}
		}
	}
}

// The counts are those of the published networks: PyTorch's MNIST example,
// LeNet-5 with 5x5 padding, ResNet-20 (0.27 million) with projections, and those of
// torchvision and timm for 1,000 classes.
func TestParameterCounts(t *testing.T) {
	tests := []struct {
		name  string
		input nn.Shape
		want  int
	}{
		{"linear", nn.Shape{H: 28, W: 28, C: 1}, 7850},
		{"mlp", nn.Shape{H: 28, W: 28, C: 1}, 784*128 + 128 + 1290},
		{"lenet5", nn.Shape{H: 28, W: 28, C: 1}, 61706},
		{"cnn", nn.Shape{H: 28, W: 28, C: 1}, 1199882},
		{"fast", nn.Shape{H: 28, W: 28, C: 1}, 29434},
		{"vgg-small", nn.Shape{H: 28, W: 28, C: 1}, 38714},
		{"resnet20", nn.Shape{H: 32, W: 32, C: 3}, 272474},
		{"autoencoder", nn.Shape{H: 28, W: 28, C: 1}, 110081},
		{"efficientnet-lite0", nn.Shape{H: 224, W: 224, C: 3}, 4652008},
		{"efficientnet-lite1", nn.Shape{H: 240, W: 240, C: 3}, 5416680},
		{"efficientnet-lite2", nn.Shape{H: 260, W: 260, C: 3}, 6092072},
		{"mobilenetv2", nn.Shape{H: 224, W: 224, C: 3}, 3504872},
		{"resnet18", nn.Shape{H: 224, W: 224, C: 3}, 11689512},
		{"resnet34", nn.Shape{H: 224, W: 224, C: 3}, 21797672},
		{"resnet50", nn.Shape{H: 224, W: 224, C: 3}, 25557032},
	}
	for _, test := range tests {
		m, _, err := MakeModel(test.name, "")
		if err != nil {
			t.Fatal(err)
		}
		classes := 10
		if _, is := m.(Published); is {
			classes = 1000
		}
		g, err := m.Build(test.input, classes)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, p := range g.Params {
			if p.Trainable {
				got += p.Elements()
			}
		}
		if got != test.want {
			t.Errorf("%s has %d trainable values, want %d", test.name, got, test.want)
		}
	}
}

// TestPublished checks what a published network says of the images it was trained with.
func TestPublished(t *testing.T) {
	sizes := map[string]int{
		"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260,
		"mobilenetv2": 224, "resnet18": 224, "resnet34": 224, "resnet50": 224,
	}
	for _, d := range Modules() {
		m, _, err := MakeModel(d.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		published, is := m.(Published)
		if is != (sizes[d.Name] > 0) {
			t.Errorf("%s: published is %v", d.Name, is)
		}
		if !is {
			continue
		}
		p := published.Preparation()
		if p.Size != sizes[d.Name] || p.Resize != p.Size+32 || min(p.Deviation[0], p.Deviation[1], p.Deviation[2]) <= 0 {
			t.Errorf("%s: preparation %+v", d.Name, p)
		}
		if !slices.Contains(imaging.Filters(), string(p.Filter)) {
			t.Errorf("%s: the filter %s is none of %v", d.Name, p.Filter, imaging.Filters())
		}
	}
}

func TestImagesThatAreTooSmall(t *testing.T) {
	for name, input := range map[string]nn.Shape{
		"lenet5": {H: 8, W: 8, C: 1}, "autoencoder": {H: 8, W: 7, C: 1},
		"efficientnet-lite0": {H: 15, W: 64, C: 3}, "mobilenetv2": {H: 64, W: 15, C: 3}, "resnet18": {H: 12, W: 12, C: 3},
	} {
		m, _, err := MakeModel(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Build(input, 10); err == nil || !strings.Contains(err.Error(), input.String()+" do not suit this model") {
			t.Errorf("%s: error %v, want one that names the image's size", name, err)
		}
	}
}
