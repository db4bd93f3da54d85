package sensor

import (
	"sync"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// scratch is the memory of one image, which the next one uses again.
type scratch struct {
	planes     [imaging.MaxChannels][]int32 // of the channels, [height,width], in 1/256 DN
	before     []int32                      // a plane
	after      []int32                      // a plane
	padded     []int32                      // a row
	row        []int32                      // a row
	columns    []int32                      // noise of the columns
	rows       []int32                      // noise of the rows
	lines      []uint32                     // random numbers of the columns, or of the rows
	sums       []int64                      // a row
	offsets    []int                        // of a filter's weights
	fixed      []uint32                     // random numbers of a row
	temporal   []uint32                     // likewise
	counts     []uint32                     // of DN
	compressed []uint8
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func takeScratch() *scratch { return scratches.Get().(*scratch) }

func (s *scratch) release() { scratches.Put(s) }

// sized returns n elements, whose values are of no meaning, and keeps their memory.
func sized[T any](memory *[]T, n int) []T {
	if cap(*memory) < n {
		*memory = make([]T, n+n/8)
	}
	return (*memory)[:n]
}

// exposure is one image on its way through a camera.
type exposure struct {
	*Camera
	view          View
	src           imaging.Image
	x, y          axis
	width, height int // on the sensor
	*scratch
}

// expose fills the planes with what the converter gets.
func (e *exposure) expose() {
	weightsX, weightsY := around(gaussian(e.x.sigma(e.psf))), around(gaussian(e.y.sigma(e.psf)))
	for channel := range e.src.Channels {
		e.optics(channel, weightsX, weightsY)
	}
	e.move()
	colours := e.src.Channels / e.src.FrameCount()
	for colour := range colours {
		e.addNoise(colour, colours)
	}
}

// optics fills the plane of a channel with what falls on the sensor: rows first, so that
// a large image takes memory for its columns on the sensor alone.
func (e *exposure) optics(channel int, weightsX, weightsY []int64) {
	rows, width := e.y.count, e.width
	plane := sized(&e.planes[channel], e.height*width)
	before := plane
	if len(weightsY) > 1 || e.y.windows != nil {
		before = sized(&e.before, rows*width)
	}
	radius := len(weightsX) / 2
	padded, row := sized(&e.padded, e.x.count+2*radius), sized(&e.row, e.x.count)
	for y := range rows {
		e.load(padded[radius:][:e.x.count], channel, y)
		to := before[y*width:][:width]
		if e.x.windows != nil {
			to = row
		}
		switch {
		case radius > 0:
			pad(padded, radius)
			blurRow(to, padded, weightsX, sized(&e.offsets, len(weightsX)))
		default:
			copy(to, padded)
		}
		if e.x.windows != nil {
			e.x.reduceRow(before[y*width:], row)
		}
	}
	if len(weightsY) > 1 {
		to := plane
		if e.y.windows != nil {
			to = sized(&e.after, rows*width)
		}
		blurColumns(to, before, width, weightsY, sized(&e.offsets, len(weightsY)))
		before = to
	}
	if e.y.windows != nil {
		e.y.reduceColumns(plane, before, width, sized(&e.sums, width))
	}
}

// load reads a channel of a row, in 1/256 DN.
func (e *exposure) load(dst []int32, channel, y int) {
	at, step := y*e.src.Width*e.src.Channels+channel, e.src.Channels
	if e.src.Wide != nil {
		for x := range dst {
			dst[x] = int32(e.src.Wide[at]) << dnBits
			at += step
		}
		return
	}
	for x := range dst {
		dst[x] = e.shown[e.src.Pix[at]]
		at += step
	}
}

// pad repeats the outermost values of what is between the ends of a row.
func pad(padded []int32, ends int) {
	last := len(padded) - ends - 1
	for i := range ends {
		padded[i], padded[last+1+i] = padded[ends], padded[last]
	}
}

// move blurs each picture along the direction that its frame draws.
func (e *exposure) move() {
	if e.motion == 0 {
		return
	}
	each := e.src.Channels / e.src.FrameCount()
	for channel := range e.src.Channels {
		words := e.key.Block(0, e.clip, uint32(e.view.frame(channel/each)), laneMotion)
		taps := motion(e.motion, int(words[0]%directions))
		if taps == nil {
			continue
		}
		n := e.width * e.height
		from := sized(&e.before, n)
		copy(from, e.planes[channel])
		filter(e.planes[channel][:n], from, e.width, taps)
	}
}

// show converts, and brings DN to 8 bits.
func (e *exposure) show(pix []uint8) {
	channels, n, top := e.src.Channels, e.width*e.height, int32(e.top)
	for channel := range channels {
		plane := e.planes[channel][:n]
		for i, v := range plane {
			plane[i] = (min(max(v, 0), top) + 1<<(dnBits-1)) >> dnBits
		}
	}
	frames := e.src.FrameCount()
	each := channels / frames
	for frame := range frames {
		low, high := e.limits(frame*each, each)
		for channel := frame * each; channel < (frame+1)*each; channel++ {
			toBytes(pix[channel:], e.planes[channel][:n], channels, low, high)
		}
	}
}

// toBytes writes values to every step-th byte: low and below as 0, high and above as 255, as
// [imaging.Levels] says.
func toBytes(dst []uint8, values []int32, step, low, high int) {
	d := uint32(high - low)
	at := 0
	if low == 0 && high == 255 {
		for _, v := range values {
			dst[at] = uint8(min(v, 255))
			at += step
		}
		return
	}
	// Instead of a division by 2d, a product with its reciprocal. It is above it by less than
	// 2^-43, and what is divided is below 2^25 and at most 511d: the quotient is above by less
	// than 2^-18, which is less than the 1/2d that are left to the next integer.
	reciprocal := (1<<43 + 2*uint64(d) - 1) / (2 * uint64(d))
	least, most := int32(low), int32(high)
	for _, v := range values {
		above := uint64(min(max(v, least), most) - least)
		dst[at] = uint8((510*above + uint64(d)) * reciprocal >> 43)
		at += step
	}
}

// limits are the DN that become black and white in a picture, whose channels begin at first.
func (e *exposure) limits(first, channels int) (low, high int) {
	if e.profile.AGC.Mode == FixedAGC {
		return e.low, e.high
	}
	counts := sized(&e.counts, e.profile.MaxDN()+1)
	clear(counts)
	n := e.width * e.height
	for _, plane := range e.planes[first : first+channels] {
		for _, v := range plane[:n] {
			counts[v]++
		}
	}
	return e.limitsOf(counts, n*channels)
}

// limitsOf are the DN that a linear AGC makes black and white, where n values are counted by DN.
func (c *Camera) limitsOf(counts []uint32, n int) (low, high int) {
	low = valueAt(counts, n*c.low/(100<<16))
	high = valueAt(counts, ceilDiv(n*c.high, 100<<16)-1)
	if high <= low { // one level alone
		low, high = max(0, min(low, len(counts)-2)), max(1, min(low+1, len(counts)-1))
	}
	return low, high
}

// valueAt is the value of a rank, from 0 on.
func valueAt(counts []uint32, rank int) int {
	seen := 0
	for v, n := range counts {
		if seen += int(n); seen > rank {
			return v
		}
	}
	return len(counts) - 1
}

// unit is the side of the units of JPEG's reduced colour, in pixels.
const unit = 16

// compress has each picture compressed and decoded. Units lie as in the whole frame.
func (e *exposure) compress(img imaging.Image) {
	if e.quality == 0 {
		return
	}
	each := img.Channels / img.FrameCount()
	left, above := e.x.first&(unit-1), e.y.first&(unit-1)
	width, height := img.Width+left, img.Height+above
	pix := sized(&e.compressed, width*height*each)
	for first := 0; first < img.Channels; first += each {
		for y := range height {
			from := img.Row(max(0, y-above))
			for x := range width {
				copy(pix[(y*width+x)*each:][:each], from[max(0, x-left)*img.Channels+first:])
			}
		}
		jpeg.Recompress(pix, width, height, each, e.quality)
		for y := range img.Height {
			to := img.Row(y)
			for x := range img.Width {
				copy(to[x*img.Channels+first:][:each], pix[((y+above)*width+x+left)*each:])
			}
		}
	}
}
