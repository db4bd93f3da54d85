package eda

import (
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// unit is the fixed point in which figures of an image are kept: 1/256 of a grey level.
const unit = 256

// measuredSide bounds the longer side at which an image is measured, in pixels. Blur that
// shows only above that size does not reach a network.
const measuredSide = 256

// figures are what is measured of one image. Grey is that of [imaging.Luma].
type figures struct {
	width, height int32 // as it is stored
	// In 1/256 of a grey level, of the image with its longer side reduced to measuredSide:
	level     int32 // mean
	contrast  int32 // standard deviation
	sharpness int32 // standard deviation of the Laplacian; low where the image is blurred
}

// wholeRange are the levels of images of 16 bits for which none are given.
var wholeRange = imaging.Levels{Low: 0, High: 0xffff}

// grey is the picture of an image in grey, of 8 bits, in the given size.
func grey(img imaging.Image, width, height int, levels *imaging.Levels) (imaging.Image, error) {
	if levels == nil && img.Wide != nil {
		levels = &wholeRange
	}
	rule := imaging.Rule{Width: width, Height: height, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear, Levels: levels}
	return rule.Apply(img)
}

// measure returns the figures of an image.
func measure(img imaging.Image, levels *imaging.Levels) (figures, error) {
	img = img.Picture()
	width, height := img.Width, img.Height
	if side := max(width, height); side > measuredSide {
		width, height = max(1, (2*width*measuredSide+side)/(2*side)), max(1, (2*height*measuredSide+side)/(2*side))
	}
	small, err := grey(img, width, height, levels)
	if err != nil {
		return figures{}, err
	}
	f := figures{width: int32(img.Width), height: int32(img.Height)}
	all, edges := imaging.MomentsOf(small.Pix), imaging.Laplacian(small.Width, small.Pix)
	f.level, f.contrast, f.sharpness = int32(all.Mean(unit)), int32(all.Deviation(unit)), int32(edges.Deviation(unit))
	return f, nil
}
