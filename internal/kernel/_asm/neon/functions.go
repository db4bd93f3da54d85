package main

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/kernel/_asm/numbers"
)

// The elementary functions: the operations of math.go and math_activation.go,
// one after the other.

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
	t := f.fma(x, f.number(numbers.Log2E), f.number(numbers.RoundMagic))
	whole := f.subtract(t, f.number(numbers.RoundMagic))
	high := f.fma(whole, f.number(-numbers.Ln2High), x)
	low := f.multiply(whole, f.number(numbers.Ln2Low))
	r := f.subtract(high, low)
	q := f.polynomial(r, numbers.Exp...)
	n = f.minus(t, f.bits(numbers.MagicBits))
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
	q := f.polynomial(f.multiply(a, a), numbers.ErfNear...)
	small := f.fma(q, a, a)
	q = f.polynomial(a, numbers.ErfFar...)
	n, p := f.expSplit(f.negative(f.fma(q, a, a)))
	power := f.power2(n)
	large := f.fmaNegated(power, p, f.subtract(f.number(1), power))
	return f.withSign(f.pick(f.greater(a, f.number(numbers.ErfSmall)), large, small), x)
}

func (f *function) sigmoid(x vec) vec {
	e := f.exp(f.or(f.bits(signBit), x))
	numerator := f.pick(f.greater(f.number(0), x), e, f.number(1))
	return f.divide(numerator, f.add(f.number(1), e))
}

func (f *function) sigmoidSlope(y vec) vec { return f.multiply(y, f.subtract(f.number(1), y)) }

func (f *function) silu(x vec) vec { return f.multiply(x, f.sigmoid(x)) }

func (f *function) siluSlope(x vec) vec {
	v := f.sigmoid(x)
	return f.fma(f.multiply(x, v), f.subtract(f.number(1), v), v)
}

// normal is the distribution function of the standard normal distribution.
func (f *function) normal(x vec) vec {
	e := f.erf(f.multiply(f.number(numbers.SqrtHalf), x))
	return f.fma(f.number(0.5), e, f.number(0.5))
}

func (f *function) gelu(x vec) vec { return f.multiply(x, f.normal(x)) }

func (f *function) geluSlope(x vec) vec {
	e := f.exp(f.multiply(f.multiply(f.number(-0.5), x), x))
	density := f.multiply(f.number(numbers.InverseSqrt2Pi), e)
	return f.fma(x, density, f.normal(x))
}

func (f *function) hardSwish(x vec) vec {
	h := f.atLeast(f.number(0), f.fma(x, f.number(numbers.Sixth), f.number(0.5)))
	return f.multiply(x, f.atMost(f.number(1), h))
}

func (f *function) hardSwishSlope(x vec) vec {
	d := f.fma(x, f.number(2*numbers.Sixth), f.number(0.5))
	d = f.drop(f.greater(f.number(-3), x), d)
	return f.pick(f.greater(x, f.number(3)), f.number(1), d)
}
