package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Limits on what the header of an array may claim.
const (
	maxArrayExamples = 1 << 24
	maxArraySide     = 4096
	maxArrayBytes    = 8 << 30
)

// array is an array of numbers in a file, of which the header has been read and checked by
// checkShape.
type array struct {
	name      string // of the file, and of the array in it, for errors
	of        numberType
	bigEndian bool
	shape     []int // [N], [N,...]; the last index runs fastest

	// copyTo writes the values in the order and form of the file. Its errors begin with
	// the name.
	copyTo func(w io.Writer) error
	// inPlace opens the file and says from where on the values lie in it as they are; nil
	// where they are packed. The caller closes it.
	inPlace func() (file *os.File, offset int64, err error)
}

// checkShape reports sizes that no dataset has. After it, no product of them overflows.
func checkShape(shape []int, width int) error {
	if len(shape) == 0 {
		return config.Usagef("is a single number: want an array of images or labels")
	}
	if shape[0] == 0 || shape[0] > maxArrayExamples {
		return fmt.Errorf("claims %d examples: want 1 to %d", shape[0], maxArrayExamples)
	}
	if len(shape) == 3 || len(shape) == 4 {
		if h, w := shape[1], shape[2]; min(h, w) == 0 || max(h, w) > maxArraySide {
			return fmt.Errorf("claims images %d pixels wide and %d high: want 1 to %d", w, h, maxArraySide)
		}
	}
	bytes := int64(width)
	for i, size := range shape {
		if size == 0 || i > 0 && size > maxArraySide || bytes > math.MaxInt64/int64(size) {
			return fmt.Errorf("claims the shape %s: want 1 to %d for every dimension but the first", shapeText(shape), maxArraySide)
		}
		bytes *= int64(size)
	}
	if bytes > maxArrayBytes {
		return fmt.Errorf("claims %d bytes of values: want at most %d", bytes, int64(maxArrayBytes))
	}
	return nil
}

// shapeText is a shape as in messages: [60000,28,28].
func shapeText(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}

// count is the number of examples.
func (a *array) count() int { return a.shape[0] }

// imageShape are the height, width and channels of an array of images. Arrays of another
// form are refused by a [config.UsageError].
func (a *array) imageShape() (height, width, channels int, err error) {
	shape := shapeText(a.shape)
	switch n := len(a.shape); {
	case n == 3:
		return a.shape[1], a.shape[2], 1, nil
	case n == 4 && (a.shape[3] == 1 || a.shape[3] == 3):
		return a.shape[1], a.shape[2], a.shape[3], nil
	case n == 4 && (a.shape[1] == 1 || a.shape[1] == 3):
		err = fmt.Errorf("has the shape %s, which looks like [N,C,H,W]: save it with the channels last, [N,H,W,C]", shape)
	case n == 4 && a.shape[3] == 4:
		err = fmt.Errorf("has the shape %s, images of four channels: want 1 (grey) or 3 (red, green, blue); save them without the fourth", shape)
	case n == 4 || n == 5:
		err = fmt.Errorf("has the shape %s, which is of 3D volumes: only pictures are read, [N,H,W] or [N,H,W,C] with 1 or 3 channels; save slices of the volumes", shape)
	case n == 2:
		err = fmt.Errorf("has the shape %s, of images in one row each: save them as [N,H,W]", shape)
	default:
		err = fmt.Errorf("has the shape %s: want [N,H,W], or [N,H,W,C] with 1 or 3 channels", shape)
	}
	return 0, 0, 0, config.Usagef("%s: %w", a.name, err)
}

// arrayMemory says how many images of arrays are still kept in memory. Others stay on
// disk until it is known in which form they are used ([Fit]).
type arrayMemory struct{ left int64 } // bytes

// newArrayMemory keeps in RAM mode what other datasets keep too.
func newArrayMemory(mode Mode) *arrayMemory {
	if mode == ModeDisk {
		return &arrayMemory{}
	}
	return &arrayMemory{openBudget}
}

func (m *arrayMemory) takes(bytes int64) bool {
	if m.left < bytes {
		return false
	}
	m.left -= bytes
	return true
}

// imageForm says how the values of an array become images.
type imageForm struct {
	values    string // range of the values: see [levels]
	transpose bool   // exchange rows and columns
}

// frames reads the images, and keeps them in memory where there is room.
func (a *array) frames(form imageForm, memory *arrayMemory) (*frames, error) {
	height, width, channels, err := a.imageShape()
	if err != nil {
		return nil, err
	}
	by, err := newLevels(a.of, a.bigEndian, form.values)
	if err != nil {
		return nil, config.Usagef("%s: %w", a.name, err)
	}
	c := &converter{array: a, by: by, height: height, width: width, channels: channels, transpose: form.transpose}
	f := &frames{name: a.name, count: a.count(), height: height, width: width, channels: channels}
	if form.transpose {
		f.height, f.width = width, height
	}
	f.stride = int64(f.size())
	if !memory.takes(int64(f.count) * f.stride) {
		return f, f.keepOnDisk(c)
	}
	f.kept = &packed{size: f.size()}
	return f, c.copyTo(f.kept.writer())
}

// converter makes images of bytes of the values of an array.
type converter struct {
	array                   *array
	by                      levels
	height, width, channels int
	transpose               bool
}

// plain says that the values are the images' bytes already.
func (c *converter) plain() bool { return c.by.plain() && !c.transpose }

// copyTo writes the images one after the other.
func (c *converter) copyTo(w io.Writer) error {
	if c.plain() {
		return c.array.copyTo(w)
	}
	n, done := c.height*c.width*c.channels, 0
	pix, turned := make([]uint8, n), make([]uint8, n)
	images := &blocksWriter{size: n * c.by.of.width, each: func(raw []byte) error {
		if at, err := c.by.bytes(pix, raw); err != nil {
			return c.outside(done, at, raw)
		}
		done++
		if !c.transpose {
			_, err := w.Write(pix)
			return err
		}
		c.turn(turned, pix)
		_, err := w.Write(turned)
		return err
	}}
	return c.array.copyTo(images)
}

// outside reports a value of image i that the range does not have.
func (c *converter) outside(i, at int, raw []byte) error {
	width := c.by.of.width
	pixel := at / c.channels
	return config.Usagef("image %d has the value %s (%s) in row %d, column %d, and values from %s become bytes: --dataset-options range=LOW:HIGH says which values are black and white, as in range=-1:1",
		i, c.by.of.text(raw[at*width:(at+1)*width], c.by.bigEndian), c.by.of.name, pixel/c.width, pixel%c.width, c.by.ends())
}

// turn exchanges the rows and columns of an image.
func (c *converter) turn(dst, pix []uint8) {
	to := 0
	if c.channels == 1 { // of which there are many, and which need no slices
		for x := range c.width {
			for y := range c.height {
				dst[to] = pix[y*c.width+x]
				to++
			}
		}
		return
	}
	for x := range c.width {
		for y := range c.height {
			from := (y*c.width + x) * c.channels
			to += copy(dst[to:], pix[from:from+c.channels])
		}
	}
}

// blocksWriter takes bytes in pieces of any length, and passes them on in blocks of one
// size.
type blocksWriter struct {
	size  int
	begun []byte // the block that is being written
	each  func(block []byte) error
}

// Write implements io.Writer.
func (w *blocksWriter) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		if len(w.begun) == 0 && len(b) >= w.size {
			if err := w.each(b[:w.size]); err != nil {
				return 0, err
			}
			b = b[w.size:]
			continue
		}
		n := min(len(b), w.size-len(w.begun))
		w.begun, b = append(w.begun, b[:n]...), b[n:]
		if len(w.begun) == w.size {
			if err := w.each(w.begun); err != nil {
				return 0, err
			}
			w.begun = w.begun[:0]
		}
	}
	return written, nil
}

// labels reads an array of labels, [N] or [N,K], of which those at column count.
func (a *array) labels(column int) ([]int32, error) {
	columns := 1
	for _, size := range a.shape[1:] {
		columns *= size
	}
	if a.of.real {
		return nil, config.Usagef("%s: labels of type %s: save them as whole numbers", a.name, a.of.name)
	}
	var labels []int32 // grows with what is there, since a claim is no proof
	rows := &blocksWriter{size: columns * a.of.width, each: func(row []byte) error {
		v := a.of.whole(row[column*a.of.width:(column+1)*a.of.width], a.bigEndian)
		if v < 0 || v > math.MaxInt32 {
			return fmt.Errorf("label %d of example %d: want 0 to %d", v, len(labels), math.MaxInt32)
		}
		labels = append(labels, int32(v))
		return nil
	}}
	return labels, a.copyTo(rows)
}

// arrayPart is what one array of images and one of labels hold.
type arrayPart struct {
	title  string // in the sources of examples
	part   Part
	labels []int32
	images *frames // at least as many
}

// arrayExamples are the examples of all parts, in their order.
type arrayExamples struct {
	name  string // of the dataset
	parts []arrayPart
}

func (e arrayExamples) Len() (n int) {
	for i := range e.parts {
		n += len(e.parts[i].labels)
	}
	return n
}

// locate returns the part of example i, and its index there.
func (e arrayExamples) locate(i int) (*arrayPart, int) {
	at := 0
	for ; i >= len(e.parts[at].labels); at++ {
		i -= len(e.parts[at].labels)
	}
	return &e.parts[at], i
}

func (e arrayExamples) Info(i int) Info {
	p, at := e.locate(i)
	return Info{Label: int(p.labels[at]), Part: p.part}
}

func (e arrayExamples) Source(i int) string {
	p, at := e.locate(i)
	return fmt.Sprintf("%s/%s/%d", e.name, p.title, at)
}

// newArraySet makes a dataset of the parts.
func newArraySet(ctx context.Context, name string, classes []string, parts []arrayPart) (*set, error) {
	of := arrayExamples{name, parts}
	d, err := newSet(ctx, classes, of, noGrouping, func(i int, buffer []uint8) (imaging.Image, error) {
		p, at := of.locate(i)
		return p.images.image(at, buffer)
	})
	if err != nil {
		return nil, &Error{name, err}
	}
	if slices.ContainsFunc(parts, func(p arrayPart) bool { return p.images.kept == nil }) {
		d.recheck()
	}
	return d, nil
}

// checkTogether reports images and labels of different numbers, and images of another
// size than those of the first part.
func (p *arrayPart) checkTogether(labels string, first *arrayPart) error {
	f, other := p.images, first.images
	if f.count != len(p.labels) {
		return fmt.Errorf("%s has %d images, but %s has %d labels: the files do not belong together", f.name, f.count, labels, len(p.labels))
	}
	if f.width != other.width || f.height != other.height || f.channels != other.channels {
		return fmt.Errorf("%s: its images are %s, those of %s are %s: the files do not belong together", f.name, f.sizeText(), other.name, other.sizeText())
	}
	return nil
}

// errChanged is the error of a file whose header is another one than before.
var errChanged = errors.New("the file was changed while it was read: leave the data alone while it is in use, and begin anew")
