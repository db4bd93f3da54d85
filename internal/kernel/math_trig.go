package kernel

import "math"

const (
	twoOverPi = 0x1.45f306p-1
	// The three terms of pi/2. A whole number below 2^23 times the first leaves
	// an exact difference from an x near it.
	halfPiHigh   = 0x1.921fb6p+0
	halfPiMiddle = -0x1.777a5cp-25
	halfPiLow    = -0x1.ee59dap-50
	// From here on, float32 does not hold enough of 2/pi to round well.
	trigLarge = 0x1p16
)

// Sin returns the sine of x, an angle in radians; NaN for infinities.
func Sin(x float32) float32 {
	quadrant, r, rest := trigReduce(magnitude(x))
	y := trigValue(quadrant, r, rest)
	return math.Float32frombits(math.Float32bits(y) ^ math.Float32bits(x)&(1<<31))
}

// Cos returns the cosine of x, an angle in radians; NaN for infinities.
func Cos(x float32) float32 {
	quadrant, r, rest := trigReduce(magnitude(x))
	return trigValue(quadrant+1, r, rest)
}

// trigReduce returns the multiple of pi/2 nearest to a, modulo 4 in its low two
// bits, and the difference as r + rest, where rest is what r has no room for.
func trigReduce(a float32) (quadrant uint32, r, rest float32) {
	if !(a < trigLarge) {
		// Rare: a vector implementation hands such lanes to this function.
		return trigReduceLarge(a)
	}
	t := FMA32(a, twoOverPi, roundMagic)
	n := t - roundMagic
	d := FMA32(n, -halfPiHigh, a) // exact
	// r + rest = d - n*halfPiMiddle, exactly up to here (TwoProduct, TwoSum).
	product := float32(n * halfPiMiddle)
	r = d - product
	back := r - d
	rest = (d - (r - back)) - (product + back)
	rest -= FMA32(n, halfPiMiddle, -product)
	return math.Float32bits(t), r, FMA32(n, -halfPiLow, rest)
}

// trigValue returns sin(r + rest + quadrant*pi/2).
func trigValue(quadrant uint32, r, rest float32) float32 {
	s := float32(r * r)
	q := FMA32(0x1.7c2738p-19, s, -0x1.a0594ap-13)
	q = FMA32(q, s, 0x1.111174p-7)
	q = FMA32(q, s, -0x1.555556p-3)
	sin := r + FMA32(q, float32(s*r), rest)

	q = FMA32(0x1.99e706p-16, s, -0x1.6c0c26p-10)
	q = FMA32(q, s, 0x1.55554ap-5)
	// 1 - s/2 in two terms, with what s lacks of the square of r + rest.
	high := 1 - float32(0.5*s)
	low := (1 - high) - float32(0.5*s)
	lost := FMA32(r, r, -s)
	low = FMA32(-0.5, lost, FMA32(-r, rest, low))
	cos := high + FMA32(q, float32(s*s), low)

	if quadrant&1 != 0 {
		sin = cos
	}
	return math.Float32frombits(math.Float32bits(sin) ^ quadrant>>1<<31)
}

// twoOverPiBits are the first 224 bits of 2/pi after 32 zeros.
var twoOverPiBits = [...]uint32{0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab}

// trigReduceLarge is trigReduce by Payne and Hanek's method, for a of at least
// 2^16: of the product of a and 2/pi, only the bits just above and below the
// point are worked out.
func trigReduceLarge(a float32) (quadrant uint32, r, rest float32) {
	if !(a <= math.MaxFloat32) {
		return 0, a - a, 0
	}
	u := math.Float32bits(a)
	mantissa := uint64(u&0x7fffff | 0x800000)
	start := u>>23 - 150 + 30 // the bit of the table that has weight 2 in the product
	word, shift := start/32, start%32
	window := func(i uint32) uint64 {
		pair := uint64(twoOverPiBits[word+i])<<32 | uint64(twoOverPiBits[word+i+1])
		return pair << shift >> 32
	}
	// Units of 2^-62 of a quadrant, modulo 4.
	product := mantissa*window(0)<<32 + mantissa*window(1) + mantissa*window(2)>>32
	nearest := (product + 1<<61) >> 62
	turn := float64(float64(int64(product-nearest<<62)) * (0x1p-62 * math.Pi / 2))
	r = float32(turn)
	return uint32(nearest), r, float32(turn - float64(r))
}
