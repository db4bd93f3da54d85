package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// leNet5 is the network of LeCun, Bottou, Bengio and Haffner: Gradient-Based
// Learning Applied to Document Recognition, 1998, with the usual changes of
// today: ReLU, max-pooling, a fully connected second convolution, softmax.
type leNet5 struct {
	activation activation
	dropout    float32
}

func newLeNet5(o *config.Options) (Model, error) {
	m := &leNet5{}
	o.Float32(&m.dropout, "dropout", 0, "share of the last hidden layer's outputs dropped while training", config.Between(0, 0.95))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *leNet5) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, g.Add("conv1", nn.Conv2D{Out: 6, Kernel: 5, Padding: 2}, x))
	x = g.Add("pool1", nn.MaxPool{Kernel: 2}, x)
	x = m.activation.add(g, g.Add("conv2", nn.Conv2D{Out: 16, Kernel: 5}, x))
	x = g.Add("pool2", nn.MaxPool{Kernel: 2}, x)
	x = g.Add("flatten", nn.Flatten{}, x)
	x = m.activation.add(g, g.Add("fc1", nn.Linear{Out: 120}, x))
	x = m.activation.add(g, g.Add("fc2", nn.Linear{Out: 84}, x))
	return finish(g, drop(g, x, m.dropout), classes)
}
