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

// medians are those of every value of a frame. Of each it keeps how many values of the window
// are less than the median and how many are equal to it, so that the window is searched only
// where the median changes.
type medians[T uint8 | uint16] struct {
	window      int
	n           int // frames in the window
	next        int // where the next one goes
	values      []T // of each value of a frame the window, in no order
	median      []T
	less, equal []uint8
}

func newMedians[T uint8 | uint16](window, values int) *medians[T] {
	return &medians[T]{
		window: window, values: make([]T, window*values),
		median: make([]T, values), less: make([]uint8, values), equal: make([]uint8, values),
	}
}

// subtract takes a frame into the window, and returns it less the medians, plus middle.
func (m *medians[T]) subtract(frame []T, middle int) []T {
	full := m.n == m.window
	if !full {
		m.n++
	}
	rank := (m.n - 1) / 2
	level := make([]T, len(frame))
	for i, v := range frame {
		values := m.values[i*m.window : i*m.window+m.n]
		old := values[m.next]
		values[m.next] = v
		if !full || old != v {
			if full {
				m.count(i, old, -1)
			}
			m.count(i, v, 1)
			m.settle(i, values, rank)
		}
		level[i] = T(min(max(int(v)-int(m.median[i])+middle, 0), 2*middle-1))
	}
	m.next = (m.next + 1) % m.window
	return level
}

// count adds a value to those of the window, or takes it away.
func (m *medians[T]) count(i int, v T, by int8) {
	if v < m.median[i] {
		m.less[i] += uint8(by)
	} else if v == m.median[i] {
		m.equal[i] += uint8(by)
	}
}

// settle moves the median until the value at the rank is among those equal to it.
func (m *medians[T]) settle(i int, values []T, rank int) {
	for int(m.less[i]) > rank {
		below, n := T(0), 0
		for _, v := range values {
			if v < m.median[i] && v >= below {
				if v > below {
					below, n = v, 0
				}
				n++
			}
		}
		m.median[i], m.equal[i] = below, uint8(n)
		m.less[i] -= uint8(n)
	}
	for int(m.less[i])+int(m.equal[i]) <= rank {
		above, n := ^T(0), 0
		for _, v := range values {
			if v > m.median[i] && v <= above {
				if v < above {
					above, n = v, 0
				}
				n++
			}
		}
		m.less[i] += m.equal[i]
		m.median[i], m.equal[i] = above, uint8(n)
	}
}
