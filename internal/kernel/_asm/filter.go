package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// filter emits filter: weighted sums of 32-bit integers in 64 bits, of which a register's
// lanes of results are under way at a time.
func filter(s isa) {
	s.function("filter", "(dst, src *int32, groups int, offsets *int, weights *int64, taps int)",
		"computes filterGeneric for groups of as many values as a register has lanes.")
	dst, src, groups := load64(parameter("dst")), load64(parameter("src")), load64(parameter("groups"))
	offsets, weights := load64(parameter("offsets")), load64(parameter("weights"))
	number, lowest, half := GP64(), XMM(), s.register()
	MOVQ(U32(1<<15), number)
	VMOVQ(number, lowest)
	VPBROADCASTQ(lowest, half)
	Label("group")
	sums := s.registers(2)
	for _, sum := range sums {
		s.zero(sum)
	}
	tap := GP64()
	XORQ(tap, tap)
	Label("tap")
	offset, weight := GP64(), s.register()
	MOVQ(Mem{Base: offsets, Index: tap, Scale: 8}, offset)
	VPBROADCASTQ(Mem{Base: weights, Index: tap, Scale: 8}, weight)
	for i, sum := range sums {
		v := s.register()
		VPMOVSXDQ(Mem{Base: src, Index: offset, Scale: 4, Disp: i * s.bytes() / 2}, v)
		VPMULDQ(weight, v, v)
		VPADDQ(v, sum, sum)
	}
	INCQ(tap)
	CMPQ(tap, parameter("taps"))
	JL(LabelRef("tap"))
	for _, sum := range sums {
		VPADDQ(half, sum, sum)
		VPSRLQ(Imm(16), sum, sum)
	}
	if s.wide() {
		for i, sum := range sums {
			VPMOVQD(sum, at(dst, i*s.bytes()/2))
		}
	} else {
		// The low halves of both, of which each half of a register comes in turn.
		VSHUFPS(Imm(0b10_00_10_00), sums[1], sums[0], sums[0])
		VPERMQ(Imm(0b11_01_10_00), sums[0], sums[0])
		VMOVDQU(sums[0], at(dst, 0))
	}
	ADDQ(Imm(uint64(s.bytes())), dst)
	ADDQ(Imm(uint64(s.bytes())), src)
	DECQ(groups)
	JNZ(LabelRef("group"))
	end()
}
