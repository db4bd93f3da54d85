package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maxPool emits one strip of channels of one pixel.
func maxPool(p *strip) {
	x, table, taps := p.pointer("x"), load64(parameter("offsets")), load64(parameter("taps"))
	tap, offset := GP64(), GP64()
	XORQ(tap, tap)
	next := func(label, otherwise string) {
		Label(p.label + label)
		CMPQ(tap, taps)
		JGE(LabelRef(p.label + otherwise))
		MOVLQSX(Mem{Base: table, Index: tap, Scale: 4}, offset)
		INCQ(tap)
		TESTQ(offset, offset)
		JLT(LabelRef(p.label + label))
	}
	load := func(disp int) vec { return p.load(Mem{Base: x, Index: offset, Scale: 4, Disp: disp}) }
	top, won := make([]vec, p.vectors), make([]vec, p.vectors)

	next("First", "Skip") // a window without any pixel leaves its output as it was
	p.each(func(i, disp int) { top[i], won[i] = load(disp), p.everyLane(tap) })
	next("Next", "Store")
	index := p.everyLane(tap)
	p.each(func(i, disp int) {
		v := load(disp)
		beats := p.compare(notAtMost, v, top[i]).and(p.compare(isOrdered, top[i], top[i]))
		VMOVAPS(beats.pick(v, top[i]), top[i])
		VMOVAPS(beats.pick(index, won[i]), won[i])
	})
	JMP(LabelRef(p.label + "Next"))
	Label(p.label + "Store")
	dst, to := p.pointer("dst"), p.bytePointer()
	p.each(func(i, disp int) {
		p.mask.store(top[i], at(dst, disp))
		VPSUBD(p.bits(1), won[i], won[i]) // taps were counted from 1
		p.storeBytes(won[i], at(to, disp/4))
	})
	Label(p.label + "Skip")
}

// bytePointer returns the parameter index moved on to the present column.
func (p *strip) bytePointer() reg.GPVirtual {
	r := load64(parameter("index"))
	ADDQ(p.columnInElements(), r)
	return r
}

// storeBytes stores the lowest byte of every lane.
func (p *strip) storeBytes(v vec, to Mem) {
	if p.wide() {
		if p.mask.some {
			VPMOVDB(v, reg.K1, to)
		} else {
			VPMOVDB(v, to)
		}
		return
	}
	low, high := p.split(v)
	bytes := XMM()
	VPACKUSDW(high, low, bytes)
	VPACKUSWB(bytes, bytes, bytes)
	if !p.mask.some {
		VMOVQ(bytes, to)
		return
	}
	all, left := GP64(), GP64()
	VMOVQ(bytes, all)
	MOVQ(p.left, left)
	Label(p.label + "Byte")
	MOVB(all.As8(), to)
	SHRQ(Imm(8), all)
	INCQ(to.Base)
	DECQ(left)
	JNZ(LabelRef(p.label + "Byte"))
}

// loadBytes loads a byte into every lane.
func (p *strip) loadBytes(from Mem) vec {
	v := p.register()
	switch {
	case !p.mask.some:
		VPMOVZXBD(from, v)
	case p.wide():
		VPMOVZXBD_Z(from, reg.K1, v)
	default:
		all, left, b := GP64(), GP64(), GP64()
		XORQ(all, all)
		MOVQ(p.left, left)
		from.Index, from.Scale, from.Disp = left, 1, -1
		Label(p.label + "Byte")
		SHLQ(Imm(8), all)
		MOVBQZX(from, b)
		ORQ(b, all)
		DECQ(left)
		JNZ(LabelRef(p.label + "Byte"))
		x := XMM()
		VMOVQ(all, x)
		VPMOVZXBD(x, v)
	}
	return v
}

// maxPoolGradient emits one strip of channels of one pixel.
func maxPoolGradient(p *strip) {
	dy := p.load(at(p.pointer("dy"), 0))
	won := p.loadBytes(at(p.bytePointer(), 0))
	dx, table, taps := p.pointer("dx"), load64(parameter("offsets")), load64(parameter("taps"))
	tap, offset := GP64(), GP64()
	XORQ(tap, tap)
	Label(p.label + "Tap")
	MOVLQSX(Mem{Base: table, Index: tap, Scale: 4}, offset)
	TESTQ(offset, offset)
	JLT(LabelRef(p.label + "Next"))
	to := Mem{Base: dx, Index: offset, Scale: 4}
	before := p.load(to)
	p.mask.store(p.equalBits(won, p.everyLane(tap)).pick(p.add(before, dy), before), to)
	Label(p.label + "Next")
	INCQ(tap)
	CMPQ(tap, taps)
	JLT(LabelRef(p.label + "Tap"))
}
