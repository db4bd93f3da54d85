package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

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
func (s isa) power2(n vec) vec {
	v := s.register()
	VPADDD(n, s.bits(127), v)
	VPSLLD(Imm(23), v, v)
	return v
}

// expSplit returns n and p so that exp(x) = 2^n (1+p).
func (s isa) expSplit(x vec) (n, p vec) {
	t := s.fma(x, s.number(log2e), s.number(roundMagic))
	whole := s.subtract(t, s.number(roundMagic))
	high := s.fma(whole, s.number(-ln2High), x)
	low := s.multiply(whole, s.number(ln2Low))
	r := s.subtract(high, low)
	q := s.polynomial(r, 0x1.6a491ep-10, 0x1.123994p-7, 0x1.5558b4p-5, 0x1.555492p-3, 0x1.fffffcp-2)
	n = s.register()
	VPSUBD(s.bits(magicBits), t, n)
	return n, s.add(high, s.fmaMinus(s.multiply(r, r), q, low))
}

func (s isa) exp(x vec) vec {
	x = s.atMost(s.number(89), s.atLeast(s.number(-104), x))
	n, p := s.expSplit(x)
	half, rest := s.register(), s.register()
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, rest)
	v := s.multiply(s.add(s.number(1), p), s.power2(half))
	return s.multiply(v, s.power2(rest))
}

func (s isa) erf(x vec) vec {
	a := s.atMost(s.number(4), s.magnitude(x))
	q := s.polynomial(s.multiply(a, a), 0x1.4f48a2p-14, -0x1.a603eep-11, 0x1.5449b4p-8, -0x1.b80116p-6,
		0x1.ce2d64p-4, -0x1.812740p-2, 0x1.06eba8p-3)
	small := s.fma(q, a, a)
	q = s.polynomial(a, -0x1.328bdcp-19, 0x1.3193dep-15, -0x1.e49376p-13, 0x1.25b81ep-11, 0x1.bf2706p-10,
		-0x1.5a4a96p-6, 0x1.aa5118p-4, 0x1.45b336p-1, 0x1.071520p-3)
	negated := s.register()
	VXORPS(s.bits(signBit), s.fma(q, a, a), negated)
	n, p := s.expSplit(negated)
	power := s.power2(n)
	large := s.fmaNegated(power, p, s.subtract(s.number(1), power))
	return s.withSign(s.compare(greater, a, s.number(0.92)).pick(large, small), x)
}

func (s isa) sigmoid(x vec) vec {
	e := s.exp(s.or(s.bits(signBit), x))
	zero := s.register()
	s.zero(zero)
	numerator := s.compare(less, x, zero).pick(e, s.number(1))
	return s.divide(numerator, s.add(s.number(1), e))
}

func (s isa) silu(x vec) vec { return s.multiply(x, s.sigmoid(x)) }

func (s isa) siluSlope(x vec) vec {
	v := s.sigmoid(x)
	return s.fma(s.multiply(x, v), s.subtract(s.number(1), v), v)
}

// normal is the distribution function of the standard normal distribution.
func (s isa) normal(x vec) vec {
	e := s.erf(s.multiply(s.number(sqrtHalf), x))
	return s.fma(s.number(0.5), e, s.number(0.5))
}

func (s isa) gelu(x vec) vec { return s.multiply(x, s.normal(x)) }

func (s isa) geluSlope(x vec) vec {
	e := s.exp(s.multiply(s.multiply(s.number(-0.5), x), x))
	density := s.multiply(s.number(inverseSqrt2Pi), e)
	return s.fma(x, density, s.normal(x))
}

func (s isa) hardSwish(x vec) vec {
	zero := s.register()
	s.zero(zero)
	h := s.atLeast(zero, s.fma(x, s.number(sixth), s.number(0.5)))
	return s.multiply(x, s.atMost(s.number(1), h))
}

func (s isa) hardSwishSlope(x vec) vec {
	d := s.fma(x, s.number(2*sixth), s.number(0.5))
	d = s.compare(notLess, x, s.number(-3)).keep(d)
	return s.compare(greater, x, s.number(3)).pick(s.number(1), d)
}
