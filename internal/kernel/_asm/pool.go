package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maxPools emits max-pooling and its gradient: a strip of channels goes through
// all pixels before the next strip is begun.
func maxPools(s isa) {
	s.function("maxPool", "(dst *float32, index *uint8, x *float32, offsets *int32, rows, taps, channels int)", "computes maxPoolGeneric.")
	s.strips(2, maxPool)
	end()
	for _, apart := range []bool{false, true} {
		name, doc := "maxPoolGradient", "computes maxPoolGradientGeneric."
		if apart {
			name, doc = "maxPoolGradientApart", "computes MaxPoolGradientApart."
		}
		s.function(name, "(dx *float32, index *uint8, dy *float32, offsets *int32, rows, taps, channels int)", doc)
		s.strips(1, func(p *strip) { maxPoolGradient(p, apart) })
		end()
	}
}

// poolWalk walks over output pixels and the taps of each.
type poolWalk struct {
	of                      *strip
	row, index, in          reg.GPVirtual // of the present pixel; of the image
	table, tap, taps        reg.GPVirtual // table moves on with the taps
	offset, channels, count reg.GPVirtual
}

func (p *strip) newPoolWalk(row, in string) *poolWalk {
	return &poolWalk{
		of: p, row: p.pointer(row), index: p.bytePointer(), in: p.pointer(in),
		table: load64(parameter("offsets")), tap: GP64(), taps: load64(parameter("taps")),
		offset: GP64(), channels: load64(parameter("channels")), count: load64(parameter("rows")),
	}
}

// begin begins the taps of a pixel.
func (w *poolWalk) begin() {
	Label(w.of.label + "Pixel")
	XORQ(w.tap, w.tap)
}

// next goes to the next tap inside of the image, or on at the label otherwise if
// there is none.
func (w *poolWalk) next(label, otherwise string) {
	Label(w.of.label + label)
	CMPQ(w.tap, w.taps)
	JGE(LabelRef(w.of.label + otherwise))
	MOVLQSX(Mem{Base: w.table}, w.offset)
	ADDQ(Imm(4), w.table)
	INCQ(w.tap)
	TESTQ(w.offset, w.offset)
	JLT(LabelRef(w.of.label + label))
}

// end goes to the next pixel.
func (w *poolWalk) end() {
	LEAQ(Mem{Base: w.row, Index: w.channels, Scale: 4}, w.row)
	ADDQ(w.channels, w.index)
	DECQ(w.count)
	JNZ(LabelRef(w.of.label + "Pixel"))
}

// memory is what lies disp bytes behind the present tap's first channel.
func (w *poolWalk) memory(disp int) Mem {
	return Mem{Base: w.in, Index: w.offset, Scale: 4, Disp: disp}
}

// maxPool emits one strip of channels.
func maxPool(p *strip) {
	w := p.newPoolWalk("dst", "x")
	top, won := p.registers(p.vectors), p.registers(p.vectors)
	w.begin()
	w.next("First", "Skip") // a window without any pixel leaves its output as it was
	first := p.everyLane(w.tap)
	p.each(func(i, disp int) {
		p.mask.load(w.memory(disp), top[i])
		VMOVAPS(first, won[i])
	})
	w.next("Next", "Store")
	index := p.everyLane(w.tap)
	p.each(func(i, disp int) {
		v := p.load(w.memory(disp))
		beats := p.compare(notAtMost, v, top[i]).andCompare(isOrdered, top[i], top[i])
		VMOVAPS(beats.pick(v, top[i]), top[i])
		VMOVAPS(beats.pick(index, won[i]), won[i])
	})
	JMP(LabelRef(p.label + "Next"))
	Label(p.label + "Store")
	p.each(func(i, disp int) {
		p.mask.store(top[i], at(w.row, disp))
		VPSUBD(p.bits(1), won[i], won[i]) // taps were counted from 1
		p.storeBytes(won[i], at(w.index, disp/4))
	})
	Label(p.label + "Skip")
	w.end()
}

// maxPoolGradient emits one strip of channels; apart overwrites instead of adding.
func maxPoolGradient(p *strip, apart bool) {
	w := p.newPoolWalk("dy", "dx")
	dy, zero, one := p.register(), p.register(), p.bits(1)
	p.zero(zero)
	w.begin()
	p.mask.load(at(w.row, 0), dy)
	if apart {
		VADDPS(zero, dy, dy) // as if it were added to a cleared gradient
	}
	won := p.loadBytes(at(w.index, 0))
	VPADDD(one, won, won)
	w.next("Tap", "Through")
	chosen := p.equalBits(won, p.everyLane(w.tap))
	if apart {
		p.mask.store(chosen.keep(dy), w.memory(0))
	} else {
		before := p.load(w.memory(0))
		p.mask.store(chosen.pick(p.add(before, dy), before), w.memory(0))
	}
	JMP(LabelRef(p.label + "Tap"))
	Label(p.label + "Through")
	w.end()
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
	XORQ(left, left)
	to.Index, to.Scale = left, 1
	Label(p.label + "Byte")
	MOVB(all.As8(), to)
	SHRQ(Imm(8), all)
	INCQ(left)
	CMPQ(left, p.left)
	JL(LabelRef(p.label + "Byte"))
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
