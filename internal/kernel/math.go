package kernel

import "math"

// The elementary functions are written in float32 with fused multiply-adds,
// the four basic operations, integer operations on bits and selections, lane by
// lane: no table, no branch that one lane takes and another does not. A vector
// implementation executes the same operations and gives the same bits. Errors
// are at most one unit in the last place for every input; the polynomials come
// from testdata/minimax.py.

const (
	log2e = 0x1.715476p+0
	// ln2High + ln2Low is log(2). A whole number times ln2High leaves an exact
	// difference from an x near it.
	ln2High = 0x1.62e430p-1
	ln2Low  = -0x1.05c610p-29
	// roundMagic has a unit in the last place of 1: added to a small number it
	// rounds it to a whole one, which then stands in the low bits.
	roundMagic     = 0x1.8p23
	roundMagicBits = 0x4b400000
)

// Exp returns e to the power x. Results below the smallest normal number are
// subnormal; below half the smallest subnormal number, 0.
func Exp(x float32) float32 {
	// The comparisons let NaN through.
	if x < -104 {
		x = -104
	}
	if x > 89 {
		x = 89
	}
	n, p := expSplit(x)
	// Two factors, since 2^n may be out of range where the result is not.
	return float32((1+p)*power2(n>>1)) * power2(n-n>>1)
}

// expSplit returns n and p so that exp(x) = 2^n (1+p), |log(1+p)| <= log(2)/2,
// for |x| up to 104.
func expSplit(x float32) (n int32, p float32) {
	t := FMA32(x, log2e, roundMagic)
	high := FMA32(t-roundMagic, -ln2High, x) // exact
	low := float32((t - roundMagic) * ln2Low)
	r := high - low
	q := FMA32(0x1.6a491ep-10, r, 0x1.123994p-7)
	q = FMA32(q, r, 0x1.5558b4p-5)
	q = FMA32(q, r, 0x1.555492p-3)
	q = FMA32(q, r, 0x1.fffffcp-2)
	return int32(math.Float32bits(t) - roundMagicBits), high + FMA32(float32(r*r), q, -low)
}

// power2 returns 2 to the power n, for n from -126 to 127.
func power2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// Log returns the natural logarithm of x: negative infinity for either zero,
// NaN for what is below.
func Log(x float32) float32 {
	y, exponent := x, float32(0)
	if y < 0x1p-126 {
		y, exponent = float32(y*0x1p23), -23
	}
	// y = 2^e m with m from 2/3 to 4/3.
	e := int32(math.Float32bits(y)-0x3f2aaaab) & -0x800000
	f := math.Float32frombits(math.Float32bits(y)-uint32(e)) - 1
	exponent += float32(e >> 23)
	square := float32(f * f)
	q := FMA32(-0x1.07e5f4p-3, f, 0x1.1e73a0p-3)
	q = FMA32(q, f, -0x1.f32078p-4)
	q = FMA32(q, f, 0x1.1ed424p-3)
	q = FMA32(q, f, -0x1.559d36p-3)
	q = FMA32(q, f, 0x1.99d05ep-3)
	q = FMA32(q, f, -0x1.fffef4p-3)
	q = FMA32(q, f, 0x1.555506p-2)
	q = FMA32(q, f, -0.5)
	r := FMA32(exponent, ln2High, FMA32(q, square, f))
	if x == 0 {
		r = float32(math.Inf(-1))
	}
	if x < 0 {
		r = float32(math.NaN())
	}
	if !(x <= math.MaxFloat32) { // infinity and NaN
		r = x
	}
	return r
}

// Tanh returns the hyperbolic tangent of x.
func Tanh(x float32) float32 {
	a := magnitude(x)
	s := float32(a * a)
	q := FMA32(-0x1.753152p-8, s, 0x1.51ffcep-6)
	q = FMA32(q, s, -0x1.b8367cp-5)
	q = FMA32(q, s, 0x1.1106fap-3)
	q = FMA32(q, s, -0x1.555532p-2)
	small := FMA32(q, float32(s*a), a)
	if a > 10 {
		a = 10
	}
	// 1 - 2/(exp(2a) + 1); what the sum, the quotient and the difference were
	// rounded by is put back.
	n, p := expSplit(2 * a)
	sum := FMA32(p, power2(n), power2(n)+1)
	lost := FMA32(p, power2(n), (power2(n)+1)-sum)
	w := 2 / sum
	lost = FMA32(-w, lost, FMA32(-w, sum, 2))
	large := 1 - w
	large += FMA32(float32(-0.5*w), lost, (1-large)-w)
	if a > 0.625 {
		small = large
	}
	return withSign(small, x)
}

// Erf returns the error function of x.
func Erf(x float32) float32 {
	a := magnitude(x)
	if a > 4 {
		a = 4
	}
	s := float32(a * a)
	q := FMA32(0x1.4f48a2p-14, s, -0x1.a603eep-11)
	q = FMA32(q, s, 0x1.5449b4p-8)
	q = FMA32(q, s, -0x1.b80116p-6)
	q = FMA32(q, s, 0x1.ce2d64p-4)
	q = FMA32(q, s, -0x1.812740p-2)
	q = FMA32(q, s, 0x1.06eba8p-3)
	small := FMA32(q, a, a)
	q = FMA32(-0x1.328bdcp-19, a, 0x1.3193dep-15)
	q = FMA32(q, a, -0x1.e49376p-13)
	q = FMA32(q, a, 0x1.25b81ep-11)
	q = FMA32(q, a, 0x1.bf2706p-10)
	q = FMA32(q, a, -0x1.5a4a96p-6)
	q = FMA32(q, a, 0x1.aa5118p-4)
	q = FMA32(q, a, 0x1.45b336p-1)
	q = FMA32(q, a, 0x1.071520p-3)
	n, p := expSplit(-FMA32(q, a, a))
	large := FMA32(-power2(n), p, 1-power2(n))
	if a > 0.92 {
		small = large
	}
	return withSign(small, x)
}

func magnitude(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// withSign returns x, which is not negative, with the sign of y.
func withSign(x, y float32) float32 {
	return math.Float32frombits(math.Float32bits(x) | math.Float32bits(y)&(1<<31))
}

// PowInt returns x to the power n, for n of at least 0, by squaring and
// multiplying in float64. For x from 0 to 1 its relative error is below n times
// 2^-52.
func PowInt(x float64, n int) float64 {
	power := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			power = float64(power * x)
		}
		x = float64(x * x)
	}
	return power
}
