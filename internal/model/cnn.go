package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// cnn is the network of PyTorch's MNIST example, on which the engine's speed is
// stated: conv 32, conv 64, max-pool, fc 128.
type cnn struct {
	activation         activation
	dropout1, dropout2 float32
}

func newCNN(o *config.Options) (Model, error) {
	m := &cnn{}
	o.Float32(&m.dropout1, "dropout1", 0.25, "share of the pooled features dropped while training", config.Between(0, 0.95))
	o.Float32(&m.dropout2, "dropout2", 0.5, "share of the hidden layer's outputs dropped while training", config.Between(0, 0.95))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *cnn) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, g.Add("conv1", nn.Conv2D{Out: 32, Kernel: 3}, x))
	x = m.activation.add(g, g.Add("conv2", nn.Conv2D{Out: 64, Kernel: 3}, x))
	x = drop(g, g.Add("pool", nn.MaxPool{Kernel: 2}, x), m.dropout1)
	x = g.Add("flatten", nn.Flatten{}, x)
	x = m.activation.add(g, g.Add("fc1", nn.Linear{Out: 128}, x))
	return finish(g, drop(g, x, m.dropout2), classes)
}
