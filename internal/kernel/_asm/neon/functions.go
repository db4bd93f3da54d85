package main

import "fmt"

// The elementary functions: the operations of math.go and math_activation.go,
// one after the other.

const (
	log2e      = 0x1.715476p+0
	ln2High    = 0x1.62e430p-1
	ln2Low     = -0x1.05c610p-29
	roundMagic = 0x1.8p23
	magicBits  = 0x4b400000

	sqrtHalf       = 0x1.6a09e6p-1
	inverseSqrt2Pi = 0x1.988454p-2
	sixth          = 0x1.555556p-3
)

// power2 returns 2 to the power n.
func (f *function) power2(n vec) vec {
	v := f.plus(n, f.bits(127))
	f.op("VSHL", immediate(23), v.s4(), v.s4())
	return v
}

// half returns n >> 1.
func (f *function) half(n vec) vec {
	v := f.vec()
	f.word(
		func() uint32 { return sshrOne.word(v.number, n.number, 0) },
		func() string { return fmt.Sprintf("sshr v%d.4s, v%d.4s, #1", v.number, n.number) },
		v.register, n.register)
	return v
}

// expSplit returns n and p so that exp(x) = 2^n (1+p).
func (f *function) expSplit(x vec) (n, p vec) {
	t := f.fma(x, f.number(log2e), f.number(roundMagic))
	whole := f.subtract(t, f.number(roundMagic))
	high := f.fma(whole, f.number(-ln2High), x)
	low := f.multiply(whole, f.number(ln2Low))
	r := f.subtract(high, low)
	q := f.polynomial(r, 0x1.6a491ep-10, 0x1.123994p-7, 0x1.5558b4p-5, 0x1.555492p-3, 0x1.fffffcp-2)
	n = f.minus(t, f.bits(magicBits))
	return n, f.add(high, f.fmaMinus(f.multiply(r, r), q, low))
}

func (f *function) exp(x vec) vec {
	x = f.atMost(f.number(89), f.atLeast(f.number(-104), x))
	n, p := f.expSplit(x)
	half := f.half(n)
	v := f.multiply(f.add(f.number(1), p), f.power2(half))
	return f.multiply(v, f.power2(f.minus(n, half)))
}

func (f *function) erf(x vec) vec {
	a := f.atMost(f.number(4), f.magnitude(x))
	q := f.polynomial(f.multiply(a, a), 0x1.4f48a2p-14, -0x1.a603eep-11, 0x1.5449b4p-8, -0x1.b80116p-6,
		0x1.ce2d64p-4, -0x1.812740p-2, 0x1.06eba8p-3)
	small := f.fma(q, a, a)
	q = f.polynomial(a, -0x1.328bdcp-19, 0x1.3193dep-15, -0x1.e49376p-13, 0x1.25b81ep-11, 0x1.bf2706p-10,
		-0x1.5a4a96p-6, 0x1.aa5118p-4, 0x1.45b336p-1, 0x1.071520p-3)
	n, p := f.expSplit(f.negative(f.fma(q, a, a)))
	power := f.power2(n)
	large := f.fmaNegated(power, p, f.subtract(f.number(1), power))
	return f.withSign(f.pick(f.greater(a, f.number(0.92)), large, small), x)
}

func (f *function) sigmoid(x vec) vec {
	e := f.exp(f.or(f.bits(signBit), x))
	numerator := f.pick(f.greater(f.number(0), x), e, f.number(1))
	return f.divide(numerator, f.add(f.number(1), e))
}

func (f *function) silu(x vec) vec { return f.multiply(x, f.sigmoid(x)) }

func (f *function) siluSlope(x vec) vec {
	v := f.sigmoid(x)
	return f.fma(f.multiply(x, v), f.subtract(f.number(1), v), v)
}

// normal is the distribution function of the standard normal distribution.
func (f *function) normal(x vec) vec {
	e := f.erf(f.multiply(f.number(sqrtHalf), x))
	return f.fma(f.number(0.5), e, f.number(0.5))
}

func (f *function) gelu(x vec) vec { return f.multiply(x, f.normal(x)) }

func (f *function) geluSlope(x vec) vec {
	e := f.exp(f.multiply(f.multiply(f.number(-0.5), x), x))
	density := f.multiply(f.number(inverseSqrt2Pi), e)
	return f.fma(x, density, f.normal(x))
}

func (f *function) hardSwish(x vec) vec {
	h := f.atLeast(f.number(0), f.fma(x, f.number(sixth), f.number(0.5)))
	return f.multiply(x, f.atMost(f.number(1), h))
}

func (f *function) hardSwishSlope(x vec) vec {
	d := f.fma(x, f.number(2*sixth), f.number(0.5))
	d = f.drop(f.greater(f.number(-3), x), d)
	return f.pick(f.greater(x, f.number(3)), f.number(1), d)
}
