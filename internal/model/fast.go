package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// fast is the network of the recipe of that name: conv 5x5/2 16, conv 3x3 32,
// max-pool, conv 3x3 64, head, with batch normalisation after each convolution.
// It does few multiplications, 690,000 for 28x28x1, most of them in layers that
// fill the vector units: the stride of the first convolution leaves a quarter of
// the pixels, and nothing is padded, since what matters is seldom at the edge. It
// has 29,434 parameters for 28x28x1 and ten classes.
type fast struct {
	activation activation
	width      int
}

func newFast(o *config.Options) (Model, error) {
	m := &fast{}
	o.Int(&m.width, "width", 16, "channels of the first convolution; the others have twice and four times as many", config.Between(1, 1024))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *fast) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, convNorm(g, "conv1", nn.Conv2D{Out: m.width, Kernel: 5, Stride: 2}, x))
	x = m.activation.add(g, convPoolNorm(g, "conv2", nn.Conv2D{Out: 2 * m.width, Kernel: 3}, x))
	x = m.activation.add(g, convNorm(g, "conv3", inside(nn.Conv2D{Out: 4 * m.width, Kernel: 3}, x), x))
	return finish(g, g.Add("flatten", nn.Flatten{}, x), classes)
}
