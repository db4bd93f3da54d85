package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// weighted emits addWeighted: sums of 64 bits of products of 32-bit integers.
func weighted(s isa) {
	s.function("addWeighted", "(sums *int64, values *int32, groups int, weight int64)",
		"computes addWeightedGeneric for groups of half as many values as a register has lanes.")
	sums, values, groups := load64(parameter("sums")), load64(parameter("values")), load64(parameter("groups"))
	weight := s.register()
	VPBROADCASTQ(parameter("weight"), weight)
	Label("group")
	v := s.register()
	VPMOVSXDQ(at(values, 0), v)
	VPMULDQ(weight, v, v)
	VPADDQ(at(sums, 0), v, v)
	if s.wide() {
		VMOVDQU64(v, at(sums, 0))
	} else {
		VMOVDQU(v, at(sums, 0))
	}
	ADDQ(Imm(uint64(s.bytes())), sums)
	ADDQ(Imm(uint64(s.bytes()/2)), values)
	DECQ(groups)
	JNZ(LabelRef("group"))
	end()
}
