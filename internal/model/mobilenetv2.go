package model

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// mobileNetV2 is MobileNetV2 of width 1, as torchvision has it.
type mobileNetV2 struct{ dropout float32 }

func newMobileNetV2(o *config.Options) (Model, error) {
	m := &mobileNetV2{dropout: 0.2}
	declareDropout(o, &m.dropout)
	return m, nil
}

// Build implements Model.
func (m *mobileNetV2) Build(input nn.Shape, classes int) (*nn.Graph, error) {
	net := inverted{stem: 32, top: 1280, dropout: m.dropout, stages: []invertedStage{
		{kernel: 3, expansion: 1, channels: 16, blocks: 1, stride: 1},
		{kernel: 3, expansion: 6, channels: 24, blocks: 2, stride: 2},
		{kernel: 3, expansion: 6, channels: 32, blocks: 3, stride: 2},
		{kernel: 3, expansion: 6, channels: 64, blocks: 4, stride: 2},
		{kernel: 3, expansion: 6, channels: 96, blocks: 3, stride: 1},
		{kernel: 3, expansion: 6, channels: 160, blocks: 3, stride: 2},
		{kernel: 3, expansion: 6, channels: 320, blocks: 1, stride: 1},
	}}
	return net.build(input, classes)
}

// Preparation implements Published.
func (*mobileNetV2) Preparation() Preparation { return imageNet() }
