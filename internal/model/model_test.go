package model

import (
	"slices"
	"strings"
	"testing"

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
// LeNet-5 with 5x5 padding, ResNet-20 (0.27 million) with projections.
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
	}
	for _, test := range tests {
		m, _, err := MakeModel(test.name, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Build(test.input, 10)
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

func TestImagesThatAreTooSmall(t *testing.T) {
	for name, input := range map[string]nn.Shape{"lenet5": {H: 8, W: 8, C: 1}, "autoencoder": {H: 8, W: 7, C: 1}} {
		m, _, err := MakeModel(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Build(input, 10); err == nil || !strings.Contains(err.Error(), input.String()+" do not suit this model") {
			t.Errorf("%s: error %v, want one that names the image's size", name, err)
		}
	}
}
