package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// resNet20 is the network for CIFAR-10 of He, Zhang, Ren and Sun: Deep Residual
// Learning for Image Recognition, 2015, section 4.2, with a 1x1 convolution on
// the shortcut where the shape changes.
type resNet20 struct {
	activation    activation
	width, blocks int
}

func newResNet20(o *config.Options) (Model, error) {
	m := &resNet20{}
	o.Int(&m.width, "width", 16, "channels of the first stage; the second and third have twice and four times as many", config.Between(1, 1024))
	o.Int(&m.blocks, "blocks", 3, "residual blocks in each of the three stages", config.Between(1, 64))
	m.activation.declare(o, nn.ReLU)
	return m, nil
}

// Build implements Model.
func (m *resNet20) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, convNorm(g, "stem", nn.Conv2D{Out: m.width, Kernel: 3, Padding: 1}, x))
	for stage := range 3 {
		for block := range m.blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			x = m.residual(g, fmt.Sprintf("stage%d.block%d", stage+1, block+1), x, m.width<<stage, stride)
		}
	}
	return finish(g, g.Add("pool", nn.GlobalAvgPool{}, x), classes)
}

// residual adds two 3x3 convolutions around which the input is led.
func (m *resNet20) residual(g *nn.Graph, name string, x *nn.Node, channels, stride int) *nn.Node {
	y := m.activation.add(g, convNorm(g, name+".conv1", nn.Conv2D{Out: channels, Kernel: 3, Stride: stride, Padding: 1}, x))
	y = convNorm(g, name+".conv2", nn.Conv2D{Out: channels, Kernel: 3, Padding: 1}, y)
	if stride != 1 || x.Shape.C != channels {
		x = convNorm(g, name+".shortcut", nn.Conv2D{Out: channels, Kernel: 1, Stride: stride}, x)
	}
	return m.activation.add(g, g.Add(name+".add", nn.Add{}, y, x))
}
