package main

import (
	"github.com/blocktrain/blocktrain/internal/kernel/_asm/numbers"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The elementary functions: the operations of math.go and math_activation.go,
// one after the other.

// power2 returns 2 to the power n.
func (s isa) power2(n vec) vec {
	v := s.register()
	VPADDD(n, s.bits(127), v)
	VPSLLD(Imm(23), v, v)
	return v
}

// expSplit returns n and p so that exp(x) = 2^n (1+p).
func (s isa) expSplit(x vec) (n, p vec) {
	t := s.fma(x, s.number(numbers.Log2E), s.number(numbers.RoundMagic))
	whole := s.subtract(t, s.number(numbers.RoundMagic))
	high := s.fma(whole, s.number(-numbers.Ln2High), x)
	low := s.multiply(whole, s.number(numbers.Ln2Low))
	r := s.subtract(high, low)
	q := s.polynomial(r, numbers.Exp...)
	n = s.register()
	VPSUBD(s.bits(numbers.MagicBits), t, n)
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
	q := s.polynomial(s.multiply(a, a), numbers.ErfNear...)
	small := s.fma(q, a, a)
	q = s.polynomial(a, numbers.ErfFar...)
	negated := s.register()
	VXORPS(s.bits(signBit), s.fma(q, a, a), negated)
	n, p := s.expSplit(negated)
	power := s.power2(n)
	large := s.fmaNegated(power, p, s.subtract(s.number(1), power))
	return s.withSign(s.compare(greater, a, s.number(numbers.ErfSmall)).pick(large, small), x)
}

func (s isa) sigmoid(x vec) vec {
	e := s.exp(s.or(s.bits(signBit), x))
	zero := s.register()
	s.zero(zero)
	numerator := s.compare(less, x, zero).pick(e, s.number(1))
	return s.divide(numerator, s.add(s.number(1), e))
}

func (s isa) sigmoidSlope(y vec) vec { return s.multiply(y, s.subtract(s.number(1), y)) }

func (s isa) silu(x vec) vec { return s.multiply(x, s.sigmoid(x)) }

func (s isa) siluSlope(x vec) vec {
	v := s.sigmoid(x)
	return s.fma(s.multiply(x, v), s.subtract(s.number(1), v), v)
}

// normal is the distribution function of the standard normal distribution.
func (s isa) normal(x vec) vec {
	e := s.erf(s.multiply(s.number(numbers.SqrtHalf), x))
	return s.fma(s.number(0.5), e, s.number(0.5))
}

func (s isa) gelu(x vec) vec { return s.multiply(x, s.normal(x)) }

func (s isa) geluSlope(x vec) vec {
	e := s.exp(s.multiply(s.multiply(s.number(-0.5), x), x))
	density := s.multiply(s.number(numbers.InverseSqrt2Pi), e)
	return s.fma(x, density, s.normal(x))
}

func (s isa) hardSwish(x vec) vec {
	zero := s.register()
	s.zero(zero)
	h := s.atLeast(zero, s.fma(x, s.number(numbers.Sixth), s.number(0.5)))
	return s.multiply(x, s.atMost(s.number(1), h))
}

func (s isa) hardSwishSlope(x vec) vec {
	d := s.fma(x, s.number(2*numbers.Sixth), s.number(0.5))
	d = s.compare(notLess, x, s.number(-3)).keep(d)
	return s.compare(greater, x, s.number(3)).pick(s.number(1), d)
}
