package sensor

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// View says which part of which frames an image is.
type View struct {
	// Frames are the numbers of the image's pictures in their clip; none: they are 0, 1 and so
	// on.
	Frames []int
	// X and Y are where the image's top left corner is in the whole frame, in its pixels. It may
	// lie beyond it.
	X, Y int
	// Width and Height are those of the whole frame; 0: the image is the whole frame.
	Width, Height int
}

// frame is the number of picture n.
func (v View) frame(n int) int {
	if n < len(v.Frames) {
		return v.Frames[n]
	}
	return n
}

// CheckData refuses images or clips that such a camera cannot have taken: in colour, or with
// 16 bits.
func (p *Profile) CheckData(colour, wide bool) error {
	switch {
	case p.Modality == Thermal && colour:
		return fmt.Errorf("modality: the profile is that of a %s camera, and the data is in colour: want a profile of a %s camera, or grey data", Thermal, Visible)
	case wide && p.BitDepth <= 8:
		return fmt.Errorf("bit_depth: the profile has %d, and the data has values of 16 bits, which are taken as they are: want the bit depth that they have", p.BitDepth)
	}
	return nil
}

// CheckClip refuses clips whose frames, in pixels, are not those of the sensor and cannot be
// reduced to them by one factor.
func (p *Profile) CheckClip(width, height int) error {
	switch {
	case p.Width == 0, width*p.Height == height*p.Width && width >= p.Width:
		return nil
	case width*p.Height == height*p.Width:
		return fmt.Errorf("width and height: the profile has %dx%d, and frames of %dx%d have less detail: want a profile of that size, or larger frames", p.Width, p.Height, width, height)
	}
	return fmt.Errorf("width and height: the profile has %dx%d, and frames are %dx%d, which is no multiple of it by one factor: want a profile of the same shape", p.Width, p.Height, width, height)
}

// Size is how large a whole image of the given size, in pixels, is on the sensor: the largest
// size of the same shape that fits into the sensor, with the shorter side rounded, or its own
// where that fits.
func (p *Profile) Size(width, height int) (w, h int) {
	switch {
	case p.Width == 0 || width <= p.Width && height <= p.Height:
		return width, height
	case width*p.Height >= height*p.Width:
		return p.Width, max(1, (2*height*p.Width+width)/(2*width))
	}
	return max(1, (2*width*p.Height+height)/(2*height)), p.Height
}

// Smaller says whether a whole image has less detail than the sensor sees.
func (p *Profile) Smaller(width, height int) bool {
	return p.Width > 0 && width < p.Width && height < p.Height
}

// axis is how the columns, or the rows, of a view become those of the sensor.
type axis struct {
	from, to  int // of the whole frame: pixels, and pixels on the sensor
	at, count int // of the view: its first pixel, and how many there are
	first     int // its first pixel on the sensor
	windows   []window
}

// window holds the weights of the values that make one value on the sensor.
type window struct {
	first   int // index of the first value in the view
	weights []uint64
	total   uint64
}

// axisOf finds the pixels of the sensor whose middle lies in the view, at least one, and the
// weights of the triangle by which they are reduced: those that [imaging.Rule] states, with
// what lies beyond the view left out.
func axisOf(from, to, at, count int) axis {
	a := axis{from: from, to: to, at: at, count: count, first: at}
	if from == to {
		return a
	}
	a.first = ceilDiv(2*at*to-from, 2*from)
	end := max(ceilDiv(2*(at+count)*to-from, 2*from), a.first+1)
	for k := a.first; k < end; k++ {
		middle := (2*k + 1) * from
		first := max(ceilDiv(middle-2*from-to+1, 2*to), at)
		last := min(-ceilDiv(-(middle+2*from-to-1), 2*to), at+count-1)
		w := window{first: min(first, at+count-1) - at}
		for i := w.first + at; i <= max(last, w.first+at); i++ {
			t := uint64(max(1, 2*from-abs((2*i+1)*to-middle)))
			w.weights, w.total = append(w.weights, t), w.total+t
		}
		a.windows = append(a.windows, w)
	}
	return a
}

// size is how many pixels of the sensor there are.
func (a axis) size() int {
	if a.windows == nil {
		return a.count
	}
	return len(a.windows)
}

// sigma brings a length on the sensor to one in the frame.
func (a axis) sigma(length int) int { return length * a.from / a.to }

// reduceRow reduces a row.
func (a axis) reduceRow(dst, src []int32) {
	for k, w := range a.windows {
		sum := w.total / 2
		for i, t := range w.weights {
			sum += t * uint64(src[w.first+i])
		}
		dst[k] = int32(sum / w.total)
	}
}

// reduceColumns reduces the columns of a plane of rows of width values. sums is scratch for a
// row.
func (a axis) reduceColumns(dst, src []int32, width int, sums []int64) {
	sums = sums[:width]
	for k, w := range a.windows {
		for x := range sums {
			sums[x] = int64(w.total / 2)
		}
		for i, t := range w.weights {
			for x, v := range src[(w.first+i)*width:][:width] {
				sums[x] += int64(t) * int64(v)
			}
		}
		for x, sum := range sums {
			dst[k*width+x] = int32(sum / int64(w.total))
		}
	}
}

func abs(v int) int { return max(v, -v) }

// ceilDiv is a/b, rounded up; b is above 0.
func ceilDiv(a, b int) int {
	if a <= 0 {
		return a / b
	}
	return (a-1)/b + 1
}

// Extent is how large an image of the given size, in pixels, comes out of a camera.
func (p *Profile) Extent(width, height int, v View) (w, h int) {
	x, y := p.axes(imaging.Image{Width: width, Height: height}, v)
	return x.size(), y.size()
}

// axes are those of a view of an image, columns first.
func (p *Profile) axes(img imaging.Image, v View) (x, y axis) {
	width, height := v.Width, v.Height
	if width == 0 {
		width, height = img.Width, img.Height
	}
	w, h := p.Size(width, height)
	return axisOf(width, w, v.X, img.Width), axisOf(height, h, v.Y, img.Height)
}
