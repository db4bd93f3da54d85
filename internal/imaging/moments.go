package imaging

import (
	"math"
	"math/bits"
)

// Moments are the sums that mean and standard deviation of whole numbers come from. Values of
// 16 bits of up to 2^26 pixels fit, and their Laplacians.
type Moments struct{ N, Sum, Squares int64 }

// Add takes a value.
func (m *Moments) Add(v int64) {
	m.N++
	m.Sum += v
	m.Squares += v * v
}

// less are the moments without those of some of the values.
func (m Moments) less(o Moments) Moments {
	return Moments{m.N - o.N, m.Sum - o.Sum, m.Squares - o.Squares}
}

// Mean is the mean of values that are not negative, in 1/unit, rounded; 0 of none.
func (m Moments) Mean(unit int64) int64 {
	if m.N == 0 {
		return 0
	}
	return (m.Sum*unit + m.N/2) / m.N
}

// Deviation is the standard deviation in 1/unit, rounded down; 0 of no values.
func (m Moments) Deviation(unit int64) int64 {
	if m.N == 0 {
		return 0
	}
	size := uint64(max(m.Sum, -m.Sum))
	high, low := bits.Mul64(uint64(m.N), uint64(m.Squares))
	lessHigh, lessLow := bits.Mul64(size, size)
	low, borrow := bits.Sub64(low, lessLow, 0)
	high, _ = bits.Sub64(high, lessHigh, borrow)
	const carry = 1 << 64
	return int64(math.Sqrt(float64(float64(high)*carry)+float64(low)) * float64(unit) / float64(m.N))
}

// MomentsOf are those of values.
func MomentsOf[T uint8 | uint16](values []T) Moments {
	m := Moments{N: int64(len(values))}
	for _, v := range values {
		m.Sum += int64(v)
		m.Squares += int64(v) * int64(v)
	}
	return m
}

// Laplacian are the moments of 4 times a pixel less its four neighbours, over the pixels of a
// plane [H,width] that have all of these. Their standard deviation is low where an image is
// blurred (Pech-Pacheco and others 2000, whose figure is its square).
func Laplacian[T uint8 | uint16](width int, plane []T) (m Moments) {
	for y := 1; y < len(plane)/width-1; y++ {
		above, row, below := plane[(y-1)*width:][:width], plane[y*width:][:width], plane[(y+1)*width:][:width]
		for x := 1; x < width-1; x++ {
			m.Add(4*int64(row[x]) - int64(row[x-1]) - int64(row[x+1]) - int64(above[x]) - int64(below[x]))
		}
	}
	return m
}

// Surround are the moments of the pixels in a rectangle of a plane [H,width], and of those
// around it, in a border of half its size and at least a pixel. right and bottom are outside.
func Surround[T uint8 | uint16](width int, plane []T, left, top, right, bottom int) (inside, around Moments) {
	x, y := max(1, (right-left)/2), max(1, (bottom-top)/2)
	inside = rectangle(width, plane, left, top, right, bottom)
	return inside, rectangle(width, plane, left-x, top-y, right+x, bottom+y).less(inside)
}

// rectangle are the moments of a rectangle, as far as it is in the plane.
func rectangle[T uint8 | uint16](width int, plane []T, left, top, right, bottom int) (m Moments) {
	left, right = max(left, 0), min(right, width)
	for y := max(top, 0); y < min(bottom, len(plane)/width) && left < right; y++ {
		one := MomentsOf(plane[y*width+left : y*width+right])
		m = Moments{m.N + one.N, m.Sum + one.Sum, m.Squares + one.Squares}
	}
	return m
}
