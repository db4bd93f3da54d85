package dataset

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Foreseen says what the images of files will be used for, as far as settings say it before
// the data is opened. Opening decodes them for their digests. What is made of them at the same
// time need not be decoded again.
//
// Its functions are given an image of a single picture, of which size and channels count:
// settings may leave those of the input to the data. What is made by them is used for the
// images for which they foresaw rightly, and the others are decoded again.
type Foreseen struct {
	// Measured is the rule by which mean and deviation are measured; nil: they are not.
	Measured func(imaging.Image) imaging.Rule
	// Forms are those in which images are kept in RAM mode; nil: none. One that another serves
	// is not kept.
	Forms  func(imaging.Image) []Form
	Memory int64 // bytes that all images in these forms may take

	used atomic.Int64 // of Memory
}

// early is what was made of the images of a set while they were decoded for their digests.
type early struct {
	foreseen *Foreseen
	n        int
	begun    sync.Once
	sums     []earlySums       // of each image; nil: none was measured
	made     [][]imaging.Image // in each form; nil: none was kept
}

// earlySums are the moments of an image by the rule foreseen for it, which makes it at most
// 4096*4096 pixels large. There may be millions.
type earlySums struct {
	sum     [mostSums]uint32 // of each channel
	squares [mostSums]uint32 // the lower 32 bits
	upper   [mostSums]uint8  // the others and 1; 0: there is no such channel, or it was not measured
}

// mostSums is how many channels an image of a single picture has at most.
const mostSums = 3

// newEarly prepares for n images. It returns nil, which makes nothing, where nothing is foreseen.
func newEarly(f *Foreseen, n int, mode Mode) *early {
	if f == nil {
		return nil
	}
	e := &early{foreseen: f, n: n}
	if mode == ModeRAM && f.Forms != nil {
		e.made = make([][]imaging.Image, n)
	}
	return e
}

// measure remembers the moments of image i. An image that the rule does not take is left to
// those who use it, and to their error.
func (e *early) measure(i int, img imaging.Image) {
	if e == nil || e.foreseen.Measured == nil {
		return
	}
	// Not before: an index may know all images, and then there is nothing to remember.
	e.begun.Do(func() { e.sums = make([]earlySums, e.n) })
	own := &e.sums[i]
	if own.upper[0] != 0 {
		return
	}
	img, err := e.foreseen.Measured(img).Apply(img)
	if err != nil || img.Channels > mostSums {
		return
	}
	sums := measure(img)
	for c, m := range sums[:img.Channels] {
		own.sum[c], own.squares[c], own.upper[c] = uint32(m.sum), uint32(m.squares), uint8(m.squares>>32)+1
	}
}

// moments are those of image i, of shape s, by a rule; nil: they are not known.
func (e *early) moments(i int, s shape, rule imaging.Rule) []moments {
	if e == nil || e.sums == nil || e.sums[i].upper[0] == 0 {
		return nil
	}
	if !leadsTo(e.foreseen.Measured(s.picture()), rule) {
		return nil
	}
	total, own := make([]moments, rule.Channels), &e.sums[i]
	for c := range total {
		from := c
		if own.upper[c] == 0 { // grey, whose colours are all the same
			from = 0
		}
		squares := uint64(own.upper[from]-1)<<32 | uint64(own.squares[from])
		total[c] = moments{uint64(rule.Width * rule.Height), uint64(own.sum[from]), squares}
	}
	return total
}

// keep makes and keeps the forms of image i if they take less memory than the image does and
// there is room for them.
func (e *early) keep(i int, img imaging.Image) bool {
	if e == nil || e.made == nil {
		return false
	}
	forms := e.foreseen.Forms(img)
	made, bytes := make([]imaging.Image, len(forms)), 0
	for at, form := range forms {
		if served(form, forms, shapeOf(img)) {
			continue
		}
		var err error
		if made[at], err = form.make(img); err != nil {
			return false
		}
		bytes += made[at].Bytes()
	}
	if bytes >= img.Bytes() || e.foreseen.used.Add(int64(bytes)) > e.foreseen.Memory {
		return false
	}
	e.made[i] = made
	return true
}

// served says whether one of forms makes the same of images of the shape as a form does, from a
// reduced one that is kept besides.
func served(form Form, forms []Form, s shape) bool {
	return slices.ContainsFunc(forms, func(other Form) bool {
		return other.Reduced > 0 && form.Reduced == 0 && other.serves(form, s)
	})
}

// in is image i, of shape s, if it was kept in the form, or in one that serves the form.
func (e *early) in(form Form, i int, s shape) (imaging.Image, bool) {
	if e == nil || e.made == nil || e.made[i] == nil {
		return imaging.Image{}, false
	}
	for at, own := range e.foreseen.Forms(s.picture()) {
		if made := e.made[i][at]; made.Width > 0 && own.serves(form, s) {
			return made, true
		}
	}
	return imaging.Image{}, false
}

// drop gives up the forms of image i.
func (e *early) drop(i int) {
	if e != nil && e.made != nil {
		e.made[i] = nil
	}
}

// pick leaves the images at indexes.
func (e *early) pick(indexes []int) {
	if e == nil {
		return
	}
	e.n = len(indexes)
	if e.sums != nil {
		e.sums = pick(e.sums, indexes)
	}
	if e.made != nil {
		e.made = pick(e.made, indexes)
	}
}

// leadsTo says whether a rule brings what another has made to the same as the image itself: if
// both differ in nothing but that the other leaves grey as it is.
func leadsTo(made, rule imaging.Rule) bool {
	if made.Channels == 1 && rule.Channels == 3 {
		made.Channels = 3
	}
	return reflect.DeepEqual(made, rule)
}

// picture is an image of the shape, without its pixels.
func (s shape) picture() imaging.Image {
	return imaging.Image{Width: int(s.width), Height: int(s.height), Channels: int(s.channels), Frames: int(s.frames)}
}

// foresighted is a dataset that may have made something of its images early.
type foresighted interface {
	early(i int) (of *early, at int)
}

// earlyOf is what was made early of example i of d, and its index there; nil where nothing was.
func earlyOf(d Dataset, i int) (*early, int) {
	if with, is := d.(foresighted); is {
		return with.early(i)
	}
	return nil, i
}

func (s *set) early(i int) (*early, int) { return s.made, i }

func (c *concat) early(i int) (*early, int) {
	member, index := c.locate(i)
	return earlyOf(c.members[member], index)
}
