package kernel

import "math"

// Bit patterns of the float64 sums in which rounding twice could go wrong.
const (
	belowFloat32 = 1<<29 - 1 // the bits of a float64 that a float32 has no room for
	midpoint     = 1 << 28   // ... and their value half-way between two float32s
	smallest     = 897       // biased float64 exponent of the smallest normal float32
)

// FMA32 returns a*b + c rounded once, as a fused multiply-add instruction does,
// on every architecture. Signs of zeros, subnormal numbers, infinities and NaN
// come out as the hardware gives them, NaN payloads excepted.
//
// The product is exact in float64, so the float64 sum is rounded once and its
// conversion to float32 a second time. The second rounding can only err where
// the sum looks like a tie between two float32s, or where the result is
// subnormal; fma32Exact deals with both.
func FMA32(a, b, c float32) float32 { return fma32(fma32Exact, a, b, c) }

// fma32 takes the rare path as a parameter because the compiler then finds the
// body cheap enough to inline; it still sees that the callee is constant.
func fma32(exact func(a, b, c float32) float32, a, b, c float32) float32 {
	s := float64(a)*float64(b) + float64(c) // fused or not is the same: the product is exact
	if roundsTwice(s) {
		return exact(a, b, c)
	}
	return float32(s)
}

// roundsTwice reports whether float32(s) may differ from the exact sum rounded
// once. A zero sum is exact, and does not count as subnormal here.
func roundsTwice(s float64) bool {
	u := math.Float64bits(s)
	return uint32(u)<<3 == midpoint<<3 || u<<1-1 < smallest<<53-1
}

// fma32Exact rounds the float64 sum to odd, from where rounding to float32 is
// right whatever was cut off (Boldo and Melquiond, 2008).
func fma32Exact(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	rest := s - p
	lost := (p - (s - rest)) + (q - rest) // what s lacks of p + q, exactly (Knuth's TwoSum)
	u := math.Float64bits(s)
	if lost == 0 || u&1 == 1 {
		return float32(s)
	}
	if (lost > 0) == (s > 0) {
		return float32(math.Float64frombits(u + 1))
	}
	return float32(math.Float64frombits(u - 1))
}

// Axpy adds a multiple of one row to another, each element rounded once:
//
//	for i := range c {
//	    c[i] = fma(a, b[i], c[i])
//	}
//
// b has at least the length of c.
func Axpy(c, b []float32, a float32) { active.axpy(c, b[:len(c)], a) }

// axpyGeneric is the definition of Axpy, fast where the sum need not be rounded
// with care.
func axpyGeneric(c, b []float32, a float32) {
	b = b[:len(c)]
	if a == 0 {
		axpyZero(c, b, a)
		return
	}
	x := float64(a)
	for len(c) >= 8 {
		b8, c8 := (*[8]float32)(b), (*[8]float32)(c)
		s0 := x*float64(b8[0]) + float64(c8[0])
		s1 := x*float64(b8[1]) + float64(c8[1])
		s2 := x*float64(b8[2]) + float64(c8[2])
		s3 := x*float64(b8[3]) + float64(c8[3])
		s4 := x*float64(b8[4]) + float64(c8[4])
		s5 := x*float64(b8[5]) + float64(c8[5])
		s6 := x*float64(b8[6]) + float64(c8[6])
		s7 := x*float64(b8[7]) + float64(c8[7])
		if roundsTwice(s0) || roundsTwice(s1) || roundsTwice(s2) || roundsTwice(s3) ||
			roundsTwice(s4) || roundsTwice(s5) || roundsTwice(s6) || roundsTwice(s7) {
			axpyEach(c8[:], b8[:], a)
		} else {
			c8[0], c8[1], c8[2], c8[3] = float32(s0), float32(s1), float32(s2), float32(s3)
			c8[4], c8[5], c8[6], c8[7] = float32(s4), float32(s5), float32(s6), float32(s7)
		}
		b, c = b[8:], c[8:]
	}
	if len(c) > 0 {
		axpyRest(c, b, a)
	}
}

// axpyRest is Axpy for up to 7 elements. Like the blocks of 8 above, it keeps
// several conversions under way at once: one after the other, each would wait
// for the one before it.
func axpyRest(c, b []float32, a float32) {
	x := float64(a)
	if len(c) >= 4 {
		b4, c4 := (*[4]float32)(b), (*[4]float32)(c)
		s0 := x*float64(b4[0]) + float64(c4[0])
		s1 := x*float64(b4[1]) + float64(c4[1])
		s2 := x*float64(b4[2]) + float64(c4[2])
		s3 := x*float64(b4[3]) + float64(c4[3])
		if roundsTwice(s0) || roundsTwice(s1) || roundsTwice(s2) || roundsTwice(s3) {
			axpyEach(c4[:], b4[:], a)
		} else {
			c4[0], c4[1], c4[2], c4[3] = float32(s0), float32(s1), float32(s2), float32(s3)
		}
		b, c = b[4:], c[4:]
	}
	if len(c) >= 2 {
		b2, c2 := (*[2]float32)(b), (*[2]float32)(c)
		s0 := x*float64(b2[0]) + float64(c2[0])
		s1 := x*float64(b2[1]) + float64(c2[1])
		if roundsTwice(s0) || roundsTwice(s1) {
			axpyEach(c2[:], b2[:], a)
		} else {
			c2[0], c2[1] = float32(s0), float32(s1)
		}
		b, c = b[2:], c[2:]
	}
	if len(c) > 0 {
		c[0] = FMA32(a, b[0], c[0])
	}
}

func axpyEach(c, b []float32, a float32) {
	b = b[:len(c)]
	for i := range c {
		c[i] = FMA32(a, b[i], c[i])
	}
}

// axpyZero is Axpy for a of either zero, which is most of what follows a ReLU:
// the product is a zero or NaN, so that adding it rounds once. It cannot be
// left out, as it turns -0 into +0 and meets infinities in b.
func axpyZero(c, b []float32, a float32) {
	for len(c) >= 4 && len(b) >= 4 {
		b4, c4 := (*[4]float32)(b), (*[4]float32)(c)
		c4[0] += float32(a * b4[0])
		c4[1] += float32(a * b4[1])
		c4[2] += float32(a * b4[2])
		c4[3] += float32(a * b4[3])
		b, c = b[4:], c[4:]
	}
	for i := range c {
		c[i] += float32(a * b[i])
	}
}
