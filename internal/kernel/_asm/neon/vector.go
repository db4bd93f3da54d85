package main

import (
	"fmt"
	"math"
)

// The operations below put their result into a new register, unless they say
// otherwise. A comparison gives all bits of the lanes that it holds for; none
// holds for NaN.

// apply emits an operation that Go's assembler lacks.
func (f *function) apply(o operation, a, b vec) vec {
	d := f.vec()
	f.applyTo(d, o, a, b)
	return d
}

func (f *function) applyTo(d vec, o operation, a, b vec) {
	f.word(
		func() uint32 { return o.word(d.number, a.number, b.number) },
		func() string {
			return fmt.Sprintf("%s v%d.%s, v%d.%s, v%d.%s", o.name, d.number, o.result, a.number, o.operands, b.number, o.operands)
		},
		d.register, a.register, b.register)
}

// apply1 emits an operation with one operand.
func (f *function) apply1(o operation, a vec) vec {
	d := f.vec()
	f.apply1To(d, o, a)
	return d
}

func (f *function) apply1To(d vec, o operation, a vec) {
	f.word(
		func() uint32 { return o.word(d.number, a.number, 0) },
		func() string {
			return fmt.Sprintf("%s v%d.%s, v%d.%s", o.name, d.number, o.result, a.number, o.operands)
		},
		d.register, a.register)
}

// simple emits an operation on four integers or on bits that Go's assembler
// knows.
func (f *function) simple(mnemonic, arrangement string, a, b vec) vec {
	d := f.vec()
	f.op(mnemonic, as{b, arrangement}, as{a, arrangement}, as{d, arrangement})
	return d
}

func (f *function) add(a, b vec) vec      { return f.apply(floatAdd, a, b) }
func (f *function) subtract(a, b vec) vec { return f.apply(floatSubtract, a, b) }
func (f *function) multiply(a, b vec) vec { return f.apply(floatMultiply, a, b) }
func (f *function) divide(a, b vec) vec   { return f.apply(floatDivide, a, b) }
func (f *function) and(a, b vec) vec      { return f.simple("VAND", "B16", a, b) }
func (f *function) or(a, b vec) vec       { return f.simple("VORR", "B16", a, b) }
func (f *function) plus(a, b vec) vec     { return f.simple("VADD", "S4", a, b) }
func (f *function) minus(a, b vec) vec    { return f.simple("VSUB", "S4", a, b) }

func (f *function) magnitude(v vec) vec { return f.apply1(floatMagnitude, v) }
func (f *function) negative(v vec) vec  { return f.apply1(floatNegate, v) }
func (f *function) root(v vec) vec      { return f.apply1(floatRoot, v) }

// addTo adds a to acc.
func (f *function) addTo(acc, a vec) { f.applyTo(acc, floatAdd, acc, a) }

// multiplyAdd adds a*b to acc, rounded once.
func (f *function) multiplyAdd(acc, a, b vec) { f.op("VFMLA", b.s4(), a.s4(), acc.s4()) }

// fma returns a*b + c.
func (f *function) fma(a, b, c vec) vec {
	v := f.copyOf(c)
	f.multiplyAdd(v, a, b)
	return v
}

// fmaNegated returns -a*b + c.
func (f *function) fmaNegated(a, b, c vec) vec {
	v := f.copyOf(c)
	f.op("VFMLS", b.s4(), a.s4(), v.s4())
	return v
}

// fmaMinus returns a*b - c.
func (f *function) fmaMinus(a, b, c vec) vec {
	v := f.negative(c)
	f.multiplyAdd(v, a, b)
	return v
}

func (f *function) copyOf(a vec) vec {
	v := f.vec()
	f.move(a, v)
	return v
}

func (f *function) equal(a, b vec) vec   { return f.apply(floatEqual, a, b) }
func (f *function) greater(a, b vec) vec { return f.apply(floatGreater, a, b) }
func (f *function) notLess(a, b vec) vec { return f.apply(floatNotLess, a, b) }

// keep returns v where the condition holds, else 0.
func (f *function) keep(condition, v vec) vec { return f.and(condition, v) }

// drop returns 0 where the condition holds, else v.
func (f *function) drop(condition, v vec) vec { return f.apply(andNot, v, condition) }

// pick returns yes where the condition holds, else no.
func (f *function) pick(condition, yes, no vec) vec {
	v := f.copyOf(condition)
	f.op("VBSL", no.b16(), yes.b16(), v.b16())
	return v
}

// replace puts v into to where the condition holds.
func (f *function) replace(condition, to, v vec) {
	f.op("VBIT", condition.b16(), v.b16(), to.b16())
}

// atLeast returns limit where v is less, else v, NaN included.
func (f *function) atLeast(limit, v vec) vec { return f.pick(f.greater(limit, v), limit, v) }

// atMost returns limit where v is greater, else v, NaN included.
func (f *function) atMost(limit, v vec) vec { return f.pick(f.greater(v, limit), limit, v) }

// number returns v in every lane. It is read where it is used, which costs one
// load: most numbers are addends, which a fused multiply-add overwrites.
func (f *function) number(v float64) vec { return f.bits(math.Float32bits(float32(v))) }

// bits returns a pattern of 32 bits in every lane.
func (f *function) bits(pattern uint32) vec {
	return f.patterns([lanes]uint32{pattern, pattern, pattern, pattern})
}

// patterns returns a pattern for each lane.
func (f *function) patterns(p [lanes]uint32) vec {
	if f.constants == nil {
		base := f.gp()
		address := line{
			text:      func() string { return fmt.Sprintf("MOVD $%s(SB), %v", constantsName, base) },
			registers: base.registers(),
		}
		f.constants, f.lines = &base, append([]line{address}, f.lines...)
	}
	return f.load(at(*f.constants, f.file.constant(p)), lanes)
}

// constant returns a parameter, or part of one, in every lane.
func (f *function) constant(name string) vec {
	v := f.vec()
	f.op("FMOVS", f.variable(name), v)
	f.op("VDUP", as{v, "S[0]"}, v.s4())
	return v
}

// polynomial returns the polynomial of x with these coefficients, the highest
// power's first, by Horner's rule.
func (f *function) polynomial(x vec, coefficients ...float64) vec {
	q := f.number(coefficients[0])
	for _, c := range coefficients[1:] {
		q = f.fma(q, x, f.number(c))
	}
	return q
}

const signBit = 1 << 31

// withSign returns v, which is not negative, with the sign of the other.
func (f *function) withSign(v, sign vec) vec { return f.or(v, f.and(f.bits(signBit), sign)) }

// flush returns 0 for v of a magnitude below the limit.
func (f *function) flush(v vec, limit float64) vec {
	return f.drop(f.greater(f.number(limit), f.magnitude(v)), v)
}
