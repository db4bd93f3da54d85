package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// vggSmall is a plain stack of convolutions like those of Simonyan and Zisserman:
// Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014, in a
// size for images of some 30 pixels and with batch normalisation: conv 5x5 16,
// max-pool, conv 3x3 32, conv 3x3 32, max-pool, conv 3x3 64, head. It has 38,714
// parameters and does 2.1 million multiplications for 28x28x1 and ten classes.
type vggSmall struct {
	activation activation
	width      int
	dropout    float32
}

func newVGGSmall(o *config.Options) (Model, error) {
	m := &vggSmall{}
	o.Int(&m.width, "width", 16, "channels of the first convolution; the next two have twice and the last four times as many", config.Between(1, 1024))
	o.Float32(&m.dropout, "dropout", 0, "share of the last convolution's outputs dropped while training", config.Between(0, 0.95))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *vggSmall) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, convPoolNorm(g, "conv1", nn.Conv2D{Out: m.width, Kernel: 5, Padding: 2}, x))
	x = m.activation.add(g, convNorm(g, "conv2", inside(nn.Conv2D{Out: 2 * m.width, Kernel: 3}, x), x))
	x = m.activation.add(g, convPoolNorm(g, "conv3", inside(nn.Conv2D{Out: 2 * m.width, Kernel: 3}, x), x))
	x = m.activation.add(g, convNorm(g, "conv4", inside(nn.Conv2D{Out: 4 * m.width, Kernel: 3}, x), x))
	x = g.Add("flatten", nn.Flatten{}, x)
	return finish(g, drop(g, x, m.dropout), classes)
}
