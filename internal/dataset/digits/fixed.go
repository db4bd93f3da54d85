package digits

import "math/bits"

// Lengths and factors are fixed-point numbers with 16 fractional bits. The
// square that glyphs are described in has sides of length one.
const one = 1 << 16

type point struct{ x, y int64 }

// mul is the product of two fixed-point numbers, rounded to nearest.
func mul(a, b int64) int64 { return (a*b + one/2) >> 16 }

// mix goes from a at t = 0 to b at t = one.
func mix(a, b, t int64) int64 { return a + mul(b-a, t) }

// distance between two points, rounded down.
func distance(p, q point) int64 {
	dx, dy := q.x-p.x, q.y-p.y
	return isqrt(dx*dx + dy*dy)
}

// isqrt is the integer square root by Newton's method, started above the root
// so that it falls monotonically. v must not be negative.
func isqrt(v int64) int64 {
	if v < 2 {
		return v
	}
	root := int64(1) << ((bits.Len64(uint64(v)) + 1) / 2)
	for {
		next := (root + v/root) / 2
		if next >= root {
			return root
		}
		root = next
	}
}

// wave is the sine of turn, where one is a whole turn, by Bhaskara's rational
// approximation (within 0.0017). It is a smooth oscillation and asks for no
// table.
func wave(turn int64) int64 {
	turn &= one - 1
	half := turn & (one/2 - 1)
	q := mul(2*half, one-2*half)
	s := 16 * q * one / (5*one - 4*q)
	if turn >= one/2 {
		return -s
	}
	return s
}

func abs(v int64) int64 { return max(v, -v) }
