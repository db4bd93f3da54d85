package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// efficientNetLite is EfficientNet-Lite of Google (2020): EfficientNet of Tan and Le
// (2019) without squeeze and excitation, with ReLU6, and with a stem, a first and a
// last stage and a top that do not grow with the network.
type efficientNetLite struct {
	size, resize int
	width, depth float64 // multiples of channels and blocks
	dropout      float32
}

// efficientNetLites are the sizes of the network. Larger ones are trained with a
// higher rate of dropout.
var efficientNetLites = [...]efficientNetLite{
	{size: 224, resize: 256, width: 1, depth: 1, dropout: 0.2},
	{size: 240, resize: 272, width: 1, depth: 1.1, dropout: 0.2},
	{size: 260, resize: 292, width: 1.1, depth: 1.2, dropout: 0.3},
}

func newEfficientNetLite(which int) func(*config.Options) (Model, error) {
	return func(o *config.Options) (Model, error) {
		m := efficientNetLites[which]
		declareDropout(o, &m.dropout)
		return &m, nil
	}
}

// efficientNetStages are the stages of the network of width and depth 1.
var efficientNetStages = []invertedStage{
	{kernel: 3, expansion: 1, channels: 16, blocks: 1, stride: 1},
	{kernel: 3, expansion: 6, channels: 24, blocks: 2, stride: 2},
	{kernel: 5, expansion: 6, channels: 40, blocks: 2, stride: 2},
	{kernel: 3, expansion: 6, channels: 80, blocks: 3, stride: 2},
	{kernel: 5, expansion: 6, channels: 112, blocks: 3, stride: 1},
	{kernel: 5, expansion: 6, channels: 192, blocks: 4, stride: 2},
	{kernel: 3, expansion: 6, channels: 320, blocks: 1, stride: 1},
}

// Build implements Model.
func (m *efficientNetLite) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	net := inverted{same: true, norm: nn.BatchNorm{Epsilon: 1e-3}, stem: 32, top: 1280, dropout: m.dropout}
	last := len(efficientNetStages) - 1
	for i, stage := range efficientNetStages {
		stage.channels = divisibleBy8(float64(m.width * float64(stage.channels)))
		if i > 0 && i < last {
			stage.blocks = roundUp(m.depth * float64(stage.blocks))
		}
		net.stages = append(net.stages, stage)
	}
	return net.build(input, classes)
}

// Preparation implements Published.
func (m *efficientNetLite) Preparation() Preparation {
	return Preparation{
		Size: m.size, Resize: m.resize, Filter: imaging.PillowBicubic,
		Mean: [3]float32{127, 127, 127}, Deviation: [3]float32{128, 128, 128},
	}
}

// divisibleBy8 is the multiple of 8 that is nearest to a number of channels, but not
// less than nine tenths of it.
func divisibleBy8(channels float64) int {
	n := max(8, int(channels+4)/8*8)
	if float64(n) < 0.9*channels {
		n += 8
	}
	return n
}

// roundUp is the least integer that is not below x.
func roundUp(x float64) int {
	n := int(x)
	if float64(n) < x {
		n++
	}
	return n
}
