package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peak emits independent chains of multiply-adds, as many as it takes to keep
// the multipliers busy.
func peak(s isa) {
	s.function("multiplyAdd", "(rounds int)", "does rounds of 12 fused multiply-adds on whole vectors.")
	chains := s.registers(12)
	for _, v := range chains {
		s.zero(v)
	}
	factor := s.register()
	s.zero(factor)
	rounds := load64(parameter("rounds"))
	Label("round")
	for _, v := range chains {
		VFMADD231PS(factor, factor, v)
	}
	DECQ(rounds)
	JNZ(LabelRef("round"))
	end()
}
