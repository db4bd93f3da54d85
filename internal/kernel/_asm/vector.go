package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vec is a register of float32 values, or of 32-bit integers.
type vec = reg.VecVirtual

// The operations below put their result into a new register. Their operands are
// in the order of the formula, not in that of the assembler.

func (s isa) copyOf(a vec) vec {
	v := s.register()
	VMOVAPS(a, v)
	return v
}

func (s isa) add(a, b vec) vec      { return s.apply(VADDPS, a, b) }
func (s isa) subtract(a, b vec) vec { return s.apply(VSUBPS, a, b) }
func (s isa) multiply(a, b vec) vec { return s.apply(VMULPS, a, b) }
func (s isa) divide(a, b vec) vec   { return s.apply(VDIVPS, a, b) }
func (s isa) and(a, b vec) vec      { return s.apply(VANDPS, a, b) }
func (s isa) or(a, b vec) vec       { return s.apply(VORPS, a, b) }

// atLeast returns limit where v is less, else v, NaN included.
func (s isa) atLeast(limit, v vec) vec { return s.apply(VMAXPS, limit, v) }

// atMost returns limit where v is greater, else v, NaN included.
func (s isa) atMost(limit, v vec) vec { return s.apply(VMINPS, limit, v) }

func (s isa) apply(instruction func(...Op), a, b vec) vec {
	v := s.register()
	instruction(b, a, v)
	return v
}

// fma returns a*b + c.
func (s isa) fma(a, b, c vec) vec {
	v := s.copyOf(c)
	VFMADD231PS(b, a, v)
	return v
}

// fmaNegated returns -a*b + c.
func (s isa) fmaNegated(a, b, c vec) vec {
	v := s.copyOf(c)
	VFNMADD231PS(b, a, v)
	return v
}

// fmaMinus returns a*b - c.
func (s isa) fmaMinus(a, b, c vec) vec {
	v := s.copyOf(c)
	VFMSUB231PS(b, a, v)
	return v
}

// number returns v in every lane.
func (s isa) number(v float64) vec { return s.broadcast(number(v)) }

// bits returns a pattern of 32 bits in every lane.
func (s isa) bits(pattern32 uint32) vec { return s.broadcast(pattern(pattern32)) }

// polynomial returns the polynomial of x with these coefficients, the highest
// power's first, by Horner's rule.
func (s isa) polynomial(x vec, coefficients ...float64) vec {
	q := s.number(coefficients[0])
	for _, c := range coefficients[1:] {
		if s.wide() {
			VFMADD213PS_BCST(number(c), x, q)
		} else {
			VFMADD213PS(number(c), x, q)
		}
	}
	return q
}

// magnitude returns |v|.
func (s isa) magnitude(v vec) vec { return s.and(s.bits(0x7fffffff), v) }

// withSign returns v, which is not negative, with the sign of the other.
func (s isa) withSign(v, sign vec) vec { return s.or(v, s.and(s.bits(1<<31), sign)) }

// Predicates of comparisons. All but isUnordered and those that begin with "not"
// are false for NaN.
const (
	isUnordered = 0x03
	notEqual    = 0x04
	isOrdered   = 0x07
	less        = 0x11
	notLess     = 0x15
	notAtMost   = 0x16
	notAtLeast  = 0x19
	greater     = 0x1e
)

const signBit = 1 << 31

// condition is a choice in each lane.
type condition struct {
	isa isa
	in  reg.Register // a mask register, or all bits of a lane
}

// compare compares a with b in each lane.
func (s isa) compare(predicate int, a, b vec) condition {
	c := condition{isa: s}
	if s.wide() {
		c.in = K()
	} else {
		c.in = YMM()
	}
	VCMPPS(Imm(uint64(predicate)), b, a, c.in)
	return c
}

// keep returns v where the condition holds, else 0.
func (c condition) keep(v vec) vec {
	kept := c.isa.register()
	if c.isa.wide() {
		VMOVAPS_Z(v, c.in, kept)
	} else {
		VANDPS(c.in, v, kept)
	}
	return kept
}

// load returns what is in memory where the condition holds, else 0.
func (c condition) load(from Mem) vec {
	v := c.isa.register()
	if c.isa.wide() {
		VMOVUPS_Z(from, c.in, v)
	} else {
		VANDPS(from, c.in, v)
	}
	return v
}

// pick returns yes where the condition holds, else no.
func (c condition) pick(yes, no vec) vec {
	v := c.isa.register()
	if c.isa.wide() {
		VBLENDMPS(yes, no, c.in, v)
	} else {
		VBLENDVPS(c.in, yes, no, v)
	}
	return v
}

// and returns the condition that both hold.
func (c condition) and(d condition) condition {
	if c.isa.wide() {
		KANDW(c.in, d.in, c.in)
	} else {
		VANDPS(c.in, d.in, c.in)
	}
	return c
}

// andCompare returns the condition that it holds and a compares with b.
func (c condition) andCompare(predicate int, a, b vec) condition {
	if !c.isa.wide() {
		return c.and(c.isa.compare(predicate, a, b))
	}
	both := condition{isa: c.isa, in: K()}
	VCMPPS(Imm(uint64(predicate)), b, a, c.in, both.in)
	return both
}

// equalBits is the condition that two integers are equal.
func (s isa) equalBits(a, b vec) condition {
	c := condition{isa: s}
	if s.wide() {
		c.in = K()
	} else {
		c.in = YMM()
	}
	VPCMPEQD(b, a, c.in)
	return c
}

// everyLane returns a number of a general register in every lane.
func (s isa) everyLane(n reg.GPVirtual) vec {
	v := s.register()
	if s.wide() {
		VPBROADCASTD(n.As32(), v)
	} else {
		x := XMM()
		VMOVD(n.As32(), x)
		VPBROADCASTD(x, v)
	}
	return v
}
