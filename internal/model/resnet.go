package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// resNet is a network for ImageNet of He, Zhang, Ren and Sun: Deep Residual Learning
// for Image Recognition, 2015, table 1, as torchvision has it: the stride of a
// bottleneck is that of its 3x3 convolution, and a shortcut where size or channels
// change is a 1x1 convolution with batch normalisation. Layers, and so tensors of
// weights, are named
//
//	stem                       7x7 convolution, stride 2      [7,7,3,64]
//	stageN.blockM.conv1        3x3, or 1x1 in a bottleneck
//	stageN.blockM.conv2        3x3
//	stageN.blockM.conv3        1x1, of a bottleneck alone
//	stageN.blockM.shortcut     1x1, of the blocks that change the shape
//	head                       linear layer                   [C,classes]
//
// with N from 1 to 4 and M from 1. Each convolution has NAME.weight and is followed by
// a batch normalisation NAME.norm with NAME.norm.weight, NAME.norm.bias,
// NAME.norm.running_mean and NAME.norm.running_variance. The head has head.weight and
// head.bias.
type resNet struct {
	blocks     [4]int // of each stage
	bottleneck bool
	dropout    float32
}

func newResNet(bottleneck bool, blocks ...int) func(*config.Options) (Model, error) {
	return func(o *config.Options) (Model, error) {
		m := &resNet{blocks: [4]int(blocks), bottleneck: bottleneck}
		declareDropout(o, &m.dropout)
		return m, nil
	}
}

// Build implements Model.
func (m *resNet) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	if err := checkPublished(input); err != nil {
		return nil, err
	}
	g, x := begin(input)
	x = relu.add(g, convNorm(g, "stem", nn.Conv2D{Out: 64, Kernel: 7, Stride: 2, Padding: 3}, x))
	x = g.Add("stem.pool", nn.MaxPool{Kernel: 3, Stride: 2, Padding: 1}, x)
	for stage, blocks := range m.blocks {
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			x = m.block(g, fmt.Sprintf("stage%d.block%d", stage+1, block+1), x, 64<<stage, stride)
		}
	}
	x = drop(g, g.Add("pool", nn.GlobalAvgPool{}, x), m.dropout)
	return finish(g, x, classes)
}

// block adds a block of a number of channels inside. A bottleneck has four times as
// many outside.
func (m *resNet) block(g *nn.Graph, name string, x *nn.Node, channels, stride int) *nn.Node {
	out, y := channels, x
	if m.bottleneck {
		out = 4 * channels
		y = relu.add(g, convNorm(g, name+".conv1", nn.Conv2D{Out: channels, Kernel: 1}, y))
		y = relu.add(g, convNorm(g, name+".conv2", nn.Conv2D{Out: channels, Kernel: 3, Stride: stride, Padding: 1}, y))
		y = convNorm(g, name+".conv3", nn.Conv2D{Out: out, Kernel: 1}, y)
	} else {
		y = relu.add(g, convNorm(g, name+".conv1", nn.Conv2D{Out: channels, Kernel: 3, Stride: stride, Padding: 1}, y))
		y = convNorm(g, name+".conv2", nn.Conv2D{Out: channels, Kernel: 3, Padding: 1}, y)
	}
	if stride != 1 || x.Shape.C != out {
		x = convNorm(g, name+".shortcut", nn.Conv2D{Out: out, Kernel: 1, Stride: stride}, x)
	}
	return relu.add(g, g.Add(name+".add", nn.Add{}, y, x))
}

// Preparation implements Published.
func (*resNet) Preparation() Preparation { return imageNet() }
