package model

import "github.com/blocktrain/blocktrain/internal/imaging"

// Preparation is how a published network wants its images: what its weights were
// trained with.
type Preparation struct {
	Size   int // of the square that the network sees, in pixels
	Resize int // of the image's shorter side, out of the middle of which it is cut
	Filter imaging.Filter
	// Mean and Deviation of each channel, red first, in values of bytes: the network
	// sees (byte-Mean)/Deviation.
	Mean, Deviation [3]float32
}

// Published is implemented by models that are networks as others published them, for
// which there are weights. Any other size of image than the one of the preparation
// is taken too, from the one that Build names.
type Published interface {
	Preparation() Preparation
}

// imageNet is the preparation of torchvision's networks: the mean and deviation of
// ImageNet's training part are 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225 of 255.
func imageNet() Preparation {
	return Preparation{
		Size: 224, Resize: 256, Filter: imaging.PillowBilinear,
		Mean: [3]float32{123.675, 116.28, 103.53}, Deviation: [3]float32{58.395, 57.12, 57.375},
	}
}
