package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

type linear struct{}

func newLinear(*config.Options) (Model, error) { return linear{}, nil }

// Build implements Model: softmax regression on the pixels.
func (linear) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	return finish(g, g.Add("flatten", nn.Flatten{}, x), classes)
}

type mlp struct {
	activation     activation
	hidden, layers int
	dropout        float32
}

func newMLP(o *config.Options) (Model, error) {
	m := &mlp{}
	o.Int(&m.hidden, "hidden", 128, "outputs of each hidden layer", config.Between(1, 65536))
	o.Int(&m.layers, "layers", 1, "hidden layers", config.Between(1, 64))
	o.Float32(&m.dropout, "dropout", 0, "share of each hidden layer's outputs dropped while training", config.Between(0, 0.95))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *mlp) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = g.Add("flatten", nn.Flatten{}, x)
	for i := range m.layers {
		x = m.activation.add(g, g.Add(fmt.Sprintf("hidden%d", i+1), nn.Linear{Out: m.hidden}, x))
		x = drop(g, x, m.dropout)
	}
	return finish(g, x, classes)
}

// drop adds a dropout of the given rate, none where it is 0.
func drop(g *nn.Graph, x *nn.Node, rate float32) *nn.Node {
	if rate == 0 {
		return x
	}
	return g.Add(x.Name+".dropout", nn.Dropout{Rate: rate}, x)
}
