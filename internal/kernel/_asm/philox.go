package main

import (
	"github.com/blocktrain/blocktrain/internal/kernel/_asm/numbers"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// philox emits Philox4x32-10 for package rng, a block of random numbers in each lane.
func philox(s isa) {
	s.philoxKeep()
	s.philoxBlocks()
}

// philoxKeep emits keep: bytes of bits for the blocks from index 0 on, as many at a
// time as a register has lanes.
func (s isa) philoxKeep() {
	s.function("keep", "(bits *uint8, groups int, item, epoch, lane, k0, k1, threshold uint32)",
		"computes keepGeneric for groups of as many bytes as a register has lanes.")
	bits, groups := load64(parameter("bits")), load64(parameter("groups"))
	index := s.count()
	threshold := s.fromParameter("threshold")
	Label("group")
	s.storeLowBytes(s.atLeastBits(s.philoxRounds(index), threshold), at(bits, 0))
	VPADDD(s.bits(uint32(s.width)), index, index)
	ADDQ(Imm(uint64(s.width)), bits)
	DECQ(groups)
	JNZ(LabelRef("group"))
	end()
}

// philoxBlocks emits blocks: the words of as many blocks at a time as a register has lanes.
func (s isa) philoxBlocks() {
	s.function("blocks", "(words *uint32, groups int, first, item, epoch, lane, k0, k1 uint32)",
		"computes blocksGeneric for groups of as many blocks as a register has lanes.")
	words, groups := load64(parameter("words")), load64(parameter("groups"))
	index := s.count()
	VPADDD(s.fromParameter("first"), index, index)
	Label("group")
	for i, v := range s.lanesInTurn(transposed(s.philoxRounds(index), s.register)) {
		VMOVUPS(v, at(words, 4*s.width*i))
	}
	VPADDD(s.bits(uint32(s.width)), index, index)
	ADDQ(U32(16*s.width), words)
	DECQ(groups)
	JNZ(LabelRef("group"))
	end()
}

// count returns the numbers from 0 on, one in each lane.
func (s isa) count() vec {
	v := s.register()
	if s.wide() {
		VMOVDQU32(countTable(), v)
	} else {
		VMOVDQU(countTable(), v)
	}
	return v
}

// philoxRounds returns the four words of the blocks at an index in each lane.
func (s isa) philoxRounds(index vec) [4]vec {
	counter := [4]vec{s.copyOf(index), s.fromParameter("item"), s.fromParameter("epoch"), s.fromParameter("lane")}
	key := [2]vec{s.fromParameter("k0"), s.fromParameter("k1")}
	for round := range numbers.PhiloxRounds {
		counter = s.philoxRound(counter, key)
		if round < numbers.PhiloxRounds-1 {
			VPADDD(s.bits(numbers.PhiloxW0), key[0], key[0])
			VPADDD(s.bits(numbers.PhiloxW1), key[1], key[1])
		}
	}
	return counter
}

// lanesInTurn brings quarters of lanes, of which register r has numbers r, r+4 and so on, into
// their order.
func (s isa) lanesInTurn(r [4]vec) [4]vec {
	pair := func(order uint64, a, b vec) vec {
		v := s.register()
		if s.wide() {
			VSHUFI32X4(Imm(order), b, a, v)
		} else {
			VPERM2I128(Imm(order), b, a, v)
		}
		return v
	}
	if !s.wide() {
		return [4]vec{pair(0x20, r[0], r[1]), pair(0x20, r[2], r[3]), pair(0x31, r[0], r[1]), pair(0x31, r[2], r[3])}
	}
	const even, odd = 0x88, 0xdd
	low, high := pair(even, r[0], r[1]), pair(even, r[2], r[3])
	low2, high2 := pair(odd, r[0], r[1]), pair(odd, r[2], r[3])
	return [4]vec{pair(even, low, high), pair(even, low2, high2), pair(odd, low, high), pair(odd, low2, high2)}
}

func (s isa) fromParameter(name string) vec {
	v := s.register()
	VBROADCASTSS(parameter(name), v)
	return v
}

func (s isa) philoxRound(c [4]vec, key [2]vec) [4]vec {
	high0, low0 := s.multiplyWide(c[0], s.bits(numbers.PhiloxM0))
	high1, low1 := s.multiplyWide(c[2], s.bits(numbers.PhiloxM1))
	return [4]vec{s.xor(s.xor(high1, c[1]), key[0]), low1, s.xor(s.xor(high0, c[3]), key[1]), low0}
}

// multiplyWide returns the halves of the 64-bit products of 32-bit integers.
func (s isa) multiplyWide(a, b vec) (high, low vec) {
	even, odd := s.register(), s.register()
	VPMULUDQ(b, a, even)
	VPSRLQ(Imm(32), a, odd)
	VPMULUDQ(b, odd, odd)
	highs, lows := s.register(), s.register()
	VPSRLQ(Imm(32), even, highs)
	VPSLLQ(Imm(32), odd, lows)
	return s.oddLanes(odd, highs), s.oddLanes(lows, even)
}

// oddLanes returns the odd lanes of one register and the even ones of another.
func (s isa) oddLanes(odd, even vec) vec {
	v := s.register()
	if s.wide() {
		VMOVDQA32(even, v)
		mask := GP32()
		MOVL(U32(0xaaaa), mask)
		k := K()
		KMOVW(mask, k)
		VPBLENDMD(odd, even, k, v)
		return v
	}
	VPBLENDD(Imm(0xaa), odd, even, v)
	return v
}

func (s isa) xor(a, b vec) vec {
	v := s.register()
	if s.wide() {
		VPXORD(b, a, v)
	} else {
		VPXOR(b, a, v)
	}
	return v
}

// atLeastBits returns, in every lane, one bit for each of the eight half words of
// four words: whether it is at least the threshold, which both halves of a lane
// repeat.
func (s isa) atLeastBits(words [4]vec, threshold vec) vec {
	all := s.register()
	s.zero(all)
	for w, word := range words {
		bit := s.bits(1<<(2*w) | 2<<(2*w+16))
		if s.wide() {
			k, kept := K(), s.register()
			VPCMPUW(Imm(5), threshold, word, k) // not less than
			VMOVDQU16_Z(bit, k, kept)
			VPORD(kept, all, all)
			continue
		}
		atLeast := s.register()
		VPMAXUW(threshold, word, atLeast)
		VPCMPEQW(word, atLeast, atLeast)
		VPAND(bit, atLeast, atLeast)
		VPOR(atLeast, all, all)
	}
	high := s.register()
	VPSRLD(Imm(16), all, high)
	return s.or(high, all)
}

// storeLowBytes stores the lowest byte of every lane, of which no other may be
// set but those of the upper half word.
func (s isa) storeLowBytes(v vec, to Mem) {
	if s.wide() {
		VPMOVDB(v, to)
		return
	}
	v = s.and(s.bits(0xff), v)
	low, high := s.split(v)
	bytes := XMM()
	VPACKUSDW(high, low, bytes)
	VPACKUSWB(bytes, bytes, bytes)
	VMOVQ(bytes, to)
}

// countTable is memory of the numbers 0 to 15.
func countTable() Mem {
	usesCount = true
	return NewDataAddr(NewStaticSymbol(countName), 0)
}
