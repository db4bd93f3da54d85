package clips

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Background subtracts from each frame of a stream the median of a sliding window that ends
// at the frame. It looks at no later frame, so that files and streams give the same pixels.
//
// The median of n values is the one at place (n-1)/2, rounded down, when they are in order.
// Of 8-bit frames a value v becomes v - median + 128, of 16-bit ones v - median + 32768,
// and what is outside of their range its end.
type Background struct {
	window int
	narrow *medians[uint8]
	wide   *medians[uint16]
	shape  imaging.Image // of the frames, without pixels
}

// MaxWindow bounds the frames of a [Background].
const MaxWindow = 255

// NewBackground returns a Background of a window of so many frames, 1 to [MaxWindow].
func NewBackground(window int) *Background { return &Background{window: window} }

// Subtract takes the next frame of the stream and returns it without its background, as an
// image of its own. All frames must have one size, depth and number of channels.
func (b *Background) Subtract(frame imaging.Image) (imaging.Image, error) {
	if b.narrow == nil && b.wide == nil {
		b.shape = frame
		b.shape.Pix, b.shape.Wide = nil, nil
		if frame.Wide != nil {
			b.wide = newMedians[uint16](b.window, len(frame.Wide))
		} else {
			b.narrow = newMedians[uint8](b.window, len(frame.Pix))
		}
	}
	if !b.shape.SameShape(frame) || (frame.Wide != nil) != (b.wide != nil) {
		return imaging.Image{}, fmt.Errorf("a frame of %dx%dx%d among others of %dx%dx%d: want one size", frame.Width, frame.Height, frame.Channels, b.shape.Width, b.shape.Height, b.shape.Channels)
	}
	levelled := b.shape
	if b.wide != nil {
		levelled.Wide = b.wide.subtract(frame.Wide, 1<<15)
	} else {
		levelled.Pix = b.narrow.subtract(frame.Pix, 1<<7)
	}
	return levelled, nil
}

// medians are those of every value of a frame.
type medians[T uint8 | uint16] struct {
	window int
	ring   [][]T // the last frames, the next to be replaced at next
	next   int
	sorted []T // of each value the window, in order
}

func newMedians[T uint8 | uint16](window, values int) *medians[T] {
	return &medians[T]{window: window, sorted: make([]T, window*values)}
}

// subtract takes a frame into the window, and returns it less the medians, plus middle.
func (m *medians[T]) subtract(frame []T, middle int) []T {
	full := len(m.ring) == m.window
	var oldest []T
	if full {
		oldest = m.ring[m.next]
	} else {
		m.ring = append(m.ring, make([]T, len(frame)))
	}
	n := len(m.ring)
	level := make([]T, len(frame))
	for i, v := range frame {
		values := m.sorted[i*m.window : i*m.window+n]
		if !full {
			put(values, n-1, v)
		} else if old := oldest[i]; old != v {
			put(values, place(values, old), v)
		}
		level[i] = T(min(max(int(v)-int(values[(n-1)/2])+middle, 0), 2*middle-1))
	}
	copy(m.ring[m.next], frame)
	m.next = (m.next + 1) % m.window
	return level
}

// put replaces the value at a place of an ordered list by v, and keeps the order.
func put[T uint8 | uint16](values []T, at int, v T) {
	for at > 0 && values[at-1] > v {
		values[at] = values[at-1]
		at--
	}
	for at+1 < len(values) && values[at+1] < v {
		values[at] = values[at+1]
		at++
	}
	values[at] = v
}

// place is where an ordered list has v.
func place[T uint8 | uint16](values []T, v T) int {
	low, high := 0, len(values)-1
	for low < high {
		if middle := (low + high) / 2; values[middle] < v {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
