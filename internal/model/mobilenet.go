package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// mobileNetSmall is made of the inverted residuals of Sandler, Howard, Zhu,
// Zhmoginov and Chen: MobileNetV2, 2018, in a size for images of some 32 pixels.
type mobileNetSmall struct {
	activation activation
	expansion  int
	width      int
}

func newMobileNetSmall(o *config.Options) (Model, error) {
	m := &mobileNetSmall{}
	o.Int(&m.width, "width", 16, "channels of the stem; the stages have 1, 2, 3 and 4 times as many", config.Between(1, 1024))
	o.Int(&m.expansion, "expansion", 4, "how many times wider a block is inside than outside", config.Between(1, 16))
	m.activation.declare(o, nn.ReLU6)
	return m, nil
}

// mobileStages are the stages: channels as a multiple of the width, blocks, and
// the stride of the first block.
var mobileStages = []struct{ channels, blocks, stride int }{
	{1, 1, 1}, {2, 2, 2}, {3, 2, 2}, {4, 2, 1},
}

// Build implements Model.
func (m *mobileNetSmall) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	g, x := begin(input)
	x = m.activation.add(g, convNorm(g, "stem", nn.Conv2D{Out: m.width, Kernel: 3, Padding: 1}, x))
	for i, stage := range mobileStages {
		for block := range stage.blocks {
			stride := stage.stride
			if block > 0 {
				stride = 1
			}
			x = m.inverted(g, fmt.Sprintf("stage%d.block%d", i+1, block+1), x, stage.channels*m.width, stride)
		}
	}
	x = m.activation.add(g, convNorm(g, "top", nn.Conv2D{Out: 8 * m.width, Kernel: 1}, x))
	return finish(g, g.Add("pool", nn.GlobalAvgPool{}, x), classes)
}

// inverted adds a block that widens, filters each channel by itself and narrows
// again, with the input led around where the shape allows.
func (m *mobileNetSmall) inverted(g *nn.Graph, name string, x *nn.Node, channels, stride int) *nn.Node {
	wide := x.Shape.C * m.expansion
	y := m.activation.add(g, convNorm(g, name+".expand", nn.Conv2D{Out: wide, Kernel: 1}, x))
	y = m.activation.add(g, convNorm(g, name+".depthwise", nn.Conv2D{Out: wide, Kernel: 3, Stride: stride, Padding: 1, Groups: wide}, y))
	y = convNorm(g, name+".project", nn.Conv2D{Out: channels, Kernel: 1}, y)
	if y.Shape != x.Shape {
		return y
	}
	return g.Add(name+".add", nn.Add{}, y, x)
}
