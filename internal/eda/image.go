package eda

import (
	"math"

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
	f.level, f.contrast = spread(small.Pix)
	f.sharpness = sharpness(small)
	return f, nil
}

// moments are exact sums over whole numbers.
type moments struct{ n, sum, squares int64 }

func (m *moments) add(v int64) {
	m.n++
	m.sum += v
	m.squares += v * v
}

// deviation is the standard deviation in 1/256.
func (m moments) deviation() int32 {
	if m.n == 0 {
		return 0
	}
	return int32(math.Sqrt(float64(m.n*m.squares-m.sum*m.sum)) * unit / float64(m.n))
}

// spread returns mean and standard deviation of bytes, in 1/256.
func spread(pix []uint8) (mean, deviation int32) {
	var m moments
	for _, v := range pix {
		m.sum += int64(v)
		m.squares += int64(v) * int64(v)
	}
	m.n = int64(len(pix))
	return int32((m.sum*unit + m.n/2) / m.n), m.deviation()
}

// sharpness is the standard deviation of the Laplacian (4 times a pixel less its four
// neighbours) over the pixels that have all of these, in 1/256 (Pech-Pacheco and others 2000,
// whose figure is its square).
func sharpness(img imaging.Image) int32 {
	var m moments
	for y := 1; y < img.Height-1; y++ {
		above, row, below := img.Row(y-1), img.Row(y), img.Row(y+1)
		for x := 1; x < len(row)-1; x++ {
			m.add(4*int64(row[x]) - int64(row[x-1]) - int64(row[x+1]) - int64(above[x]) - int64(below[x]))
		}
	}
	return m.deviation()
}
