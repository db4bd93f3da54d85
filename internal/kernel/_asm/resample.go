package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// resample emits what images are resampled by, for AVX2 alone. Numbers are integers of 32 bits.
func resample(s isa) {
	if s.wide() {
		return
	}
	s.resampleColumns()
	s.resamplePixels()
}

// resampleColumns emits the sums of columns of bytes, 16 of them at a time.
func (s isa) resampleColumns() {
	s.function("resampleColumns", "(dst, src *uint8, groups, stride int, weights *int32, taps int)",
		"computes resampleColumnsGeneric for groups of 16 columns.")
	dst, src, groups, stride := load64(parameter("dst")), load64(parameter("src")), load64(parameter("groups")), load64(parameter("stride"))
	half := s.resampleHalf()
	Label("group")
	sums := s.registers(2)
	for _, sum := range sums {
		VMOVDQA(half, sum)
	}
	from, weights, left := GP64(), load64(parameter("weights")), load64(parameter("taps"))
	MOVQ(src, from)
	Label("tap")
	weight := s.register()
	VPBROADCASTD(at(weights, 0), weight)
	for i, sum := range sums {
		v := s.register()
		VPMOVZXBD(at(from, i*s.width), v)
		VPMULLD(weight, v, v)
		VPADDD(v, sum, sum)
	}
	ADDQ(stride, from)
	ADDQ(Imm(4), weights)
	DECQ(left)
	JNZ(LabelRef("tap"))
	for _, sum := range sums {
		VPSRAD(Imm(22), sum, sum)
	}
	// To 16 bits, with each half of a register in turn, and then to 8.
	words, high := sums[0], XMM()
	VPACKSSDW(sums[1], sums[0], words)
	VPERMQ(Imm(0b11_01_10_00), words, words)
	VEXTRACTI128(Imm(1), words, high)
	VPACKUSWB(high, words.AsX(), words.AsX())
	VMOVDQU(words.AsX(), at(dst, 0))
	ADDQ(Imm(16), dst)
	ADDQ(Imm(16), src)
	DECQ(groups)
	JNZ(LabelRef("group"))
	end()
}

// resamplePixels emits the sums of pixels of three bytes. Four pixels are read at a time. Their
// bytes become pairs of 16 bits of a channel, two pixels in each half of a register, to be
// multiplied by pairs of weights: once by the low bits of them, and once by the rest.
func (s isa) resamplePixels() {
	s.function("resamplePixels", "(dst, row *uint8, count int, begins *int32, halves *int16, blocks int)",
		"computes count pixels of PixelResampler.Row.")
	dst, row, count := load64(parameter("dst")), load64(parameter("row")), load64(parameter("count"))
	begins, halves := load64(parameter("begins")), load64(parameter("halves"))
	half, pairs, low, high := s.resampleHalf(), s.register(), s.register(), s.register()
	VMOVDQU(resamplePairs(), pairs)
	VMOVDQU(resampleIndexes("low", 0), low)
	VMOVDQU(resampleIndexes("high", 2), high)
	Label("pixel")
	from, left := GP64(), load64(parameter("blocks"))
	MOVLQSX(at(begins, 0), from)
	ADDQ(row, from)
	sums := s.registers(2)
	for _, sum := range sums {
		s.zero(sum)
	}
	Label("block")
	pixels, weights := s.register(), s.register()
	VBROADCASTI128(at(from, 0), pixels)
	VPSHUFB(pairs, pixels, pixels)
	VBROADCASTI128(at(halves, 0), weights)
	for i, which := range []reg.VecVirtual{low, high} {
		of := s.register()
		VPERMD(weights, which, of)
		VPMADDWD(pixels, of, of)
		VPADDD(of, sums[i], sums[i])
	}
	ADDQ(Imm(12), from)
	ADDQ(Imm(16), halves)
	DECQ(left)
	JNZ(LabelRef("block"))
	VPSLLD(Imm(11), sums[1], sums[1])
	VPADDD(sums[1], sums[0], sums[0])
	rest, sum := XMM(), sums[0].AsX()
	VEXTRACTI128(Imm(1), sums[0], rest)
	VPADDD(rest, sum, sum)
	VPADDD(half.AsX(), sum, sum)
	VPSRAD(Imm(22), sum, sum)
	VPACKSSDW(sum, sum, sum)
	VPACKUSWB(sum, sum, sum)
	VMOVD(sum, at(dst, 0))
	ADDQ(Imm(3), dst)
	ADDQ(Imm(4), begins)
	DECQ(count)
	JNZ(LabelRef("pixel"))
	end()
}

// resampleHalf returns 1/2 in the fixed point of weights, in each lane.
func (s isa) resampleHalf() reg.VecVirtual {
	number, lowest, half := GP32(), XMM(), s.register()
	MOVL(U32(1<<21), number)
	VMOVD(number, lowest)
	VPBROADCASTD(lowest, half)
	return half
}

// resamplePairs defines which bytes become pairs: those of two pixels in the low half of a
// register, and of the two after them in the high one. The rest becomes 0.
func resamplePairs() Mem {
	table := GLOBL("resample_pairs", RODATA|NOPTR)
	for lane := range 2 {
		for i := range 16 {
			v := uint8(0x80)
			if of := []uint8{0, 3, 1, 4, 2, 5}; i%2 == 0 && i/2 < len(of) {
				v = of[i/2] + uint8(6*lane)
			}
			DATA(16*lane+i, U8(v))
		}
	}
	return table
}

// resampleIndexes defines which pair of weights goes to which lane: the one at first to the low
// half of a register, and the next to the high one.
func resampleIndexes(name string, first uint32) Mem {
	table := GLOBL("resample_"+name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(first+uint32(i)/4))
	}
	return table
}
