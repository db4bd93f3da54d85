package clips

import (
	"math/bits"
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Columns and rows of a [Backdrop].
const (
	BackdropWidth  = 40
	BackdropHeight = 32
)

// Backdrop is what a clip shows behind its targets, [32,40]: of each cell of a grid the
// median over time of its mean grey level, in eighths of a level. Column k of the grid covers
// columns k*W/40 to (k+1)*W/40 of a frame of W columns, both rounded down, the last not
// included, and at least one; rows likewise.
type Backdrop [BackdropWidth * BackdropHeight]uint16

// backdropStride is from which frames a backdrop is made: every 15th, from the first on.
const backdropStride = 15

// backdrops collects the cells of frames.
type backdrops struct{ frames []Backdrop }

// add takes the frame of that number.
func (b *backdrops) add(number int, img imaging.Image) {
	if number%backdropStride == 0 {
		b.frames = append(b.frames, cellsOf(img))
	}
}

// median is the backdrop; of values in order the one at place (n-1)/2, rounded down.
func (b *backdrops) median() Backdrop {
	var m Backdrop
	values := make([]uint16, len(b.frames))
	for cell := range m {
		for i := range b.frames {
			values[i] = b.frames[i][cell]
		}
		slices.Sort(values)
		m[cell] = values[(len(values)-1)/2]
	}
	return m
}

// cellsOf are the means of a frame's cells, in eighths of a level of 8 bits.
func cellsOf(img imaging.Image) Backdrop {
	var cells Backdrop
	for j := range BackdropHeight {
		y0, y1 := span(j, BackdropHeight, img.Height)
		for i := range BackdropWidth {
			x0, x1 := span(i, BackdropWidth, img.Width)
			sum := 0
			for y := y0; y < y1; y++ {
				sum += levels(img, y, x0, x1)
			}
			cells[j*BackdropWidth+i] = uint16(8 * sum / ((x1 - x0) * (y1 - y0)))
		}
	}
	return cells
}

// span is what cell k of n covers of so many pixels.
func span(k, n, pixels int) (low, high int) {
	low = k * pixels / n
	return low, max(low+1, (k+1)*pixels/n)
}

// levels is the sum of the grey levels, of 8 bits, of columns x0 to x1 of a row.
func levels(img imaging.Image, y, x0, x1 int) int {
	sum := 0
	c := img.Channels
	for at := (y*img.Width + x0) * c; at < (y*img.Width+x1)*c; at += c {
		switch {
		case img.Wide != nil && c == 3:
			sum += int(imaging.Luma(uint8(img.Wide[at]>>8), uint8(img.Wide[at+1]>>8), uint8(img.Wide[at+2]>>8)))
		case img.Wide != nil:
			sum += int(img.Wide[at] >> 8)
		case c == 3:
			sum += int(imaging.Luma(img.Pix[at], img.Pix[at+1], img.Pix[at+2]))
		default:
			sum += int(img.Pix[at])
		}
	}
	return sum
}

// centred is a backdrop less its mean, times the number of its cells, and its squared length.
type centred struct {
	cells  [BackdropWidth * BackdropHeight]int32
	square uint64
}

// centre has cells of at most 1280*2040 and so a square below 2^53.
func (b *Backdrop) centre() *centred {
	c, sum := &centred{}, int32(0)
	for _, v := range b {
		sum += int32(v)
	}
	for i, v := range b {
		c.cells[i] = int32(v)*int32(len(b)) - sum
	}
	c.square = uint64(c.dot(c))
	return c
}

func (c *centred) dot(o *centred) int64 {
	var sum int64
	for i, v := range &c.cells {
		sum += int64(v) * int64(o.cells[i])
	}
	return sum
}

// exceeds says whether the cosine of two centred backdrops is above so many thousandths, at
// least 0: dot > 0 and dot^2 * 10^6 > threshold^2 * |a|^2 * |b|^2, in 128 bits. A backdrop of
// one level has a cosine with none.
func (c *centred) exceeds(o *centred, threshold int) bool {
	dot := c.dot(o)
	if dot <= 0 {
		return false
	}
	leftHigh, left := times(uint64(dot), uint64(dot), 1_000_000)
	rightHigh, right := times(c.square, o.square, uint64(threshold*threshold))
	return leftHigh > rightHigh || leftHigh == rightHigh && left > right
}

// times is a*b*c, whose product has at most 128 bits.
func times(a, b, c uint64) (high, low uint64) {
	high, low = bits.Mul64(a, b)
	carry, low := bits.Mul64(low, c)
	return high*c + carry, low
}

// Link is two clips whose backdrops are alike, by their numbers.
type Link struct{ A, B int }

// Scenes finds which clips show the same scene: those that are linked, be it over others,
// where the cosine of their backdrops, less their means, is above so many thousandths. It
// returns for each clip the number of the first of its scene, and the links that joined
// scenes, in the order of the clips.
func Scenes(backdrops []*Backdrop, threshold int) (scene []int, links []Link) {
	scene = make([]int, len(backdrops))
	all := make([]*centred, len(backdrops))
	for i, b := range backdrops {
		scene[i], all[i] = i, b.centre()
	}
	find := func(i int) int {
		for scene[i] != i {
			scene[i] = scene[scene[i]]
			i = scene[i]
		}
		return i
	}
	for b := range all {
		for a := range b {
			first, second := find(a), find(b)
			if first != second && all[a].exceeds(all[b], threshold) {
				scene[max(first, second)] = min(first, second)
				links = append(links, Link{a, b})
			}
		}
	}
	for i := range scene {
		scene[i] = find(i)
	}
	return scene, links
}

// Alike finds for each of some backdrops the first of others with which its cosine, both less
// their means, is above so many thousandths; -1 where there is none.
func Alike(some, others []*Backdrop, threshold int) []int {
	all := make([]*centred, len(others))
	for i, b := range others {
		all[i] = b.centre()
	}
	found := make([]int, len(some))
	for i, b := range some {
		c := b.centre()
		found[i] = slices.IndexFunc(all, func(o *centred) bool { return c.exceeds(o, threshold) })
	}
	return found
}
