package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// inverted is a published network of inverted residuals: MobileNetV2 of Sandler,
// Howard, Zhu, Zhmoginov and Chen (2018), or EfficientNet-Lite. All its activations
// are ReLU6. Layers, and so tensors of weights, are named
//
//	stem                       3x3 convolution, stride 2      [3,3,3,C]
//	stageN.blockM.expand       1x1 convolution, not where the expansion is 1
//	stageN.blockM.depthwise    depthwise convolution          [K,K,1,C]
//	stageN.blockM.project      1x1 convolution
//	top                        1x1 convolution
//	head                       linear layer                   [C,classes]
//
// with N from 1 to 7 and M from 1. Each convolution has NAME.weight and is followed by
// a batch normalisation NAME.norm with NAME.norm.weight, NAME.norm.bias,
// NAME.norm.running_mean and NAME.norm.running_variance. The head has head.weight and
// head.bias.
type inverted struct {
	same      bool // padding as TensorFlow has it, else half the kernel on every side
	norm      nn.BatchNorm
	stem, top int // channels
	stages    []invertedStage
	dropout   float32 // before the head
}

// invertedStage is a number of blocks, the first of which has the stride.
type invertedStage struct{ kernel, expansion, channels, blocks, stride int }

// relu6 is the activation of these networks.
const relu6 activation = "relu6"

// declareDropout declares the rate of dropout before the head.
func declareDropout(o *config.Options, rate *float32) {
	o.Float32(rate, "dropout", *rate, "share of the inputs of the last layer dropped while training", config.Between(0, 0.95))
}

func (m *inverted) build(input nn.Shape, classes int) (*nn.Graph, error) {
	if err := checkPublished(input); err != nil {
		return nil, err
	}
	g, x := begin(input)
	x = m.activated(g, "stem", m.conv(m.stem, 3, 2, 1), x)
	for i, stage := range m.stages {
		for block := range stage.blocks {
			if block > 0 {
				stage.stride = 1
			}
			x = m.block(g, fmt.Sprintf("stage%d.block%d", i+1, block+1), x, stage)
		}
	}
	x = m.activated(g, "top", m.conv(m.top, 1, 1, 1), x)
	x = drop(g, g.Add("pool", nn.GlobalAvgPool{}, x), m.dropout)
	return finish(g, x, classes)
}

// block adds a block that widens, filters each channel by itself and narrows again,
// with the input led around where neither size nor channels change.
func (m *inverted) block(g *nn.Graph, name string, x *nn.Node, s invertedStage) *nn.Node {
	y, wide := x, x.Shape.C*s.expansion
	if s.expansion > 1 {
		y = m.activated(g, name+".expand", m.conv(wide, 1, 1, 1), y)
	}
	y = m.activated(g, name+".depthwise", m.conv(wide, s.kernel, s.stride, wide), y)
	y = m.normed(g, name+".project", m.conv(s.channels, 1, 1, 1), y)
	if s.stride > 1 || s.channels != x.Shape.C {
		return y
	}
	return g.Add(name+".add", nn.Add{}, y, x)
}

func (m *inverted) conv(out, kernel, stride, groups int) nn.Conv2D {
	c := nn.Conv2D{Out: out, Kernel: kernel, Stride: stride, Groups: groups, NoBias: true}
	if kernel == 1 {
		return c
	}
	if m.same {
		c.Same = true
	} else {
		c.Padding = kernel / 2
	}
	return c
}

func (m *inverted) normed(g *nn.Graph, name string, conv nn.Conv2D, x *nn.Node) *nn.Node {
	return g.Add(name+".norm", m.norm, g.Add(name, conv, x))
}

func (m *inverted) activated(g *nn.Graph, name string, conv nn.Conv2D, x *nn.Node) *nn.Node {
	return relu6.add(g, m.normed(g, name, conv, x))
}

// smallest is the least width and height that published networks take. They halve
// images five times: of less than 16 pixels, more than one stage would see a single
// pixel and its padding.
const smallest = 16

// checkPublished refuses images that are too small for a published network.
func checkPublished(input nn.Shape) error {
	if min(input.H, input.W) < smallest {
		return fmt.Errorf("images of %v do not suit this model: it takes any width and height from %d pixels", input, smallest)
	}
	return nil
}
