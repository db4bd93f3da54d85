package main

import "github.com/blocktrain/blocktrain/internal/kernel/_asm/numbers"

// philox emits Philox4x32-10 for package rng, a block of random numbers in each lane.
func philox(out *file) {
	philoxKeep(out)
	philoxBlocks(out)
}

// philoxKeep emits keep: bytes of bits for the blocks from index 0 on, four at a time.
func philoxKeep(out *file) {
	f := out.function("keep", "(bits *uint8, groups int, item, epoch, lane, k0, k1, threshold uint32)",
		"computes keepGeneric for groups of four bytes.")
	bits, groups := f.value("bits"), f.value("groups")
	index, step := f.patterns([lanes]uint32{0, 1, 2, 3}), f.bits(lanes)
	rounds := f.philoxRounds(index)
	threshold := f.constant("threshold")
	f.label("group")
	f.storeBytes(f.halfWordBits(rounds(), threshold), lanes, at(bits, 0))
	f.op("VADD", step.s4(), index.s4(), index.s4())
	f.op("ADD", immediate(lanes), bits)
	f.countDown(groups, "group")
	f.end()
}

// philoxBlocks emits blocks: the words of four blocks at a time.
func philoxBlocks(out *file) {
	f := out.function("blocks", "(words *uint32, groups int, first, item, epoch, lane, k0, k1 uint32)",
		"computes blocksGeneric for groups of four blocks.")
	words, groups := f.value("words"), f.value("groups")
	index, step := f.plus(f.patterns([lanes]uint32{0, 1, 2, 3}), f.constant("first")), f.bits(lanes)
	rounds := f.philoxRounds(index)
	f.label("group")
	for i, block := range f.transposed(rounds()) {
		f.store(block, lanes, at(words, 4*lanes*i))
	}
	f.op("VADD", step.s4(), index.s4(), index.s4())
	f.op("ADD", immediate(16*lanes), words)
	f.countDown(groups, "group")
	f.end()
}

// philoxRounds loads what the rounds need, and returns what emits them: the four words of the
// blocks at an index in each lane.
func (f *function) philoxRounds(index vec) func() [4]vec {
	item, epoch, lane := f.constant("item"), f.constant("epoch"), f.constant("lane")
	k0, k1 := f.constant("k0"), f.constant("k1")
	m0, m1, w0, w1 := f.bits(numbers.PhiloxM0), f.bits(numbers.PhiloxM1), f.bits(numbers.PhiloxW0), f.bits(numbers.PhiloxW1)
	return func() [4]vec {
		c, key0, key1 := [4]vec{index, item, epoch, lane}, k0, k1
		for round := range numbers.PhiloxRounds {
			if round > 0 {
				key0, key1 = f.plus(key0, w0), f.plus(key1, w1)
			}
			high0, low0 := f.multiplyWide(c[0], m0)
			high1, low1 := f.multiplyWide(c[2], m1)
			c = [4]vec{f.xor(f.xor(high1, c[1]), key0), low1, f.xor(f.xor(high0, c[3]), key1), low0}
		}
		return c
	}
}

// multiplyWide returns the halves of the 64-bit products of 32-bit integers.
func (f *function) multiplyWide(a, b vec) (high, low vec) {
	products01, products23 := f.apply(lowProducts, a, b), f.apply(highProducts, a, b)
	return f.simple("VUZP2", "S4", products01, products23), f.simple("VUZP1", "S4", products01, products23)
}

func (f *function) xor(a, b vec) vec { return f.simple("VEOR", "B16", a, b) }

// halfWordBits returns, in every lane, one bit for each of the eight half words
// of four words: whether it is at least the threshold, which both halves of a lane
// repeat.
func (f *function) halfWordBits(words [4]vec, threshold vec) vec {
	var all vec
	for w, word := range words {
		bit := f.bits(1<<(2*w) | 2<<(2*w+16))
		kept := f.keep(f.apply(halfWordNotLess, word, threshold), bit)
		if w == 0 {
			all = kept
		} else {
			all = f.or(all, kept)
		}
	}
	high := f.vec()
	f.op("VUSHR", immediate(16), all.s4(), high.s4())
	return f.or(high, all)
}
