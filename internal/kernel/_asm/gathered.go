package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Kernels that gather pixels, and treat every channel on its own: depthwise
// convolution and max-pooling.

// strip is a block of neighbouring channels of one pixel.
type strip struct {
	isa
	label   string
	vectors int
	mask    mask
	left    reg.GPVirtual // channels from here on
	column  reg.GPVirtual // the first channel's, in bytes
}

func (p *strip) load(from Mem) vec {
	v := p.register()
	p.mask.load(from, v)
	return v
}

// each calls f for every vector, disp bytes behind the first.
func (p *strip) each(f func(i, disp int)) {
	for i := range p.vectors {
		f(i, i*p.bytes())
	}
}

// pointer returns a parameter's address moved on to the present column.
func (p *strip) pointer(name string) reg.GPVirtual {
	r := load64(parameter(name))
	ADDQ(p.column, r)
	return r
}

// strips emits body for strips of several vectors, of one, and of a last one
// that is cut, until all channels are done.
func (s isa) strips(vectors int, body func(p *strip)) {
	left, column := load64(parameter("channels")), GP64()
	XORQ(column, column)
	sizes := []strip{{label: "wide", vectors: vectors}, {label: "narrow", vectors: 1}}
	if vectors == 1 {
		sizes = sizes[1:]
	}
	for _, p := range sizes {
		p.isa, p.left, p.column = s, left, column
		size := p.vectors * s.width
		Label(p.label)
		CMPQ(left, Imm(uint64(size)))
		JL(LabelRef(p.label + "End"))
		body(&p)
		ADDQ(U32(uint32(4*size)), column)
		SUBQ(Imm(uint64(size)), left)
		JMP(LabelRef(p.label))
		Label(p.label + "End")
	}
	TESTQ(left, left)
	JZ(LabelRef("channelsEnd"))
	count := GP64()
	MOVQ(left, count)
	body(&strip{isa: s, label: "cut", vectors: 1, left: left, column: column, mask: newMask(s, count)})
	Label("channelsEnd")
}

// pixels emits body for every output pixel. What moves on with the pixels are
// parameters: offsets by taps, and the rows of channels named.
func (s isa) pixels(body func(), rows ...string) {
	CMPQ(parameter("rows"), Imm(0))
	JE(LabelRef("done"))
	Label("pixel")
	body()
	size := loadBytes(parameter("channels"))
	for _, name := range rows {
		ADDQ(size, parameter(name))
	}
	ADDQ(loadBytes(parameter("taps")), parameter("offsets"))
	DECQ(parameter("rows"))
	JNZ(LabelRef("pixel"))
	Label("done")
	end()
}

func gathered(s isa) {
	s.function("depthwise", depthwiseSignature, "computes Depthwise.Convolve.")
	s.pixels(func() { s.strips(4, depthwise) }, "dst")
	depthwiseNine(s)
	depthwiseSeveral(s)
	depthwiseGradient(s, "depthwiseTapsGradient", depthwiseTaps, s.stripVectors())
	depthwiseGradient(s, "depthwiseFiveGradient", 5, 2)
	depthwiseGradient(s, "depthwiseTapGradient", 1, 4)
	maxPools(s)
}

const depthwiseSignature = "(dst, a *float32, offsets *int32, w, bias, zeros *float32, rows, taps, channels int, accumulate bool)"

// depthwise emits one strip of channels of one pixel.
func depthwise(p *strip) {
	acc := p.startStrip()
	w, table, a := p.pointer("w"), load64(parameter("offsets")), load64(parameter("a"))
	zeros, stride := zeroOffset(a), loadBytes(parameter("channels"))
	taps := load64(parameter("taps"))
	Label(p.label + "Tap")
	offset := GP64()
	loadOffset(at(table, 0), zeros, offset)
	LEAQ(Mem{Base: a, Index: offset, Scale: 4}, offset)
	ADDQ(p.column, offset)
	p.each(func(i, disp int) {
		VFMADD231PS(p.load(at(w, disp)), p.load(at(offset, disp)), acc[i])
	})
	ADDQ(stride, w)
	ADDQ(Imm(4), table)
	DECQ(taps)
	JNZ(LabelRef(p.label + "Tap"))
	dst := p.pointer("dst")
	p.each(func(i, disp int) { p.mask.store(acc[i], at(dst, disp)) })
}

// startStrip gives the accumulators their first values: Dst, the bias or zeros.
func (p *strip) startStrip() []vec {
	acc := p.registers(p.vectors)
	from := p.pointer("dst")
	CMPB(parameter("accumulate"), Imm(0))
	JNE(LabelRef(p.label + "Load"))
	MOVQ(parameter("bias"), from)
	TESTQ(from, from)
	JZ(LabelRef(p.label + "Zero"))
	ADDQ(p.column, from)
	Label(p.label + "Load")
	p.each(func(i, disp int) { p.mask.load(at(from, disp), acc[i]) })
	JMP(LabelRef(p.label + "Started"))
	Label(p.label + "Zero")
	p.each(func(i, _ int) { p.zero(acc[i]) })
	Label(p.label + "Started")
	return acc
}

// depthwiseNine emits the convolution with 9 taps: a strip of channels goes
// through all pixels with its weights in registers.
func depthwiseNine(s isa) {
	s.function("depthwiseNine", depthwiseSignature, "computes Depthwise.Convolve for 9 taps.")
	s.strips(s.stripVectors(), func(p *strip) {
		w := make([][]vec, depthwiseTaps)
		from, stride := p.pointer("w"), loadBytes(parameter("channels"))
		for t := range w {
			w[t] = p.registers(p.vectors)
			p.each(func(i, disp int) { p.mask.load(at(from, disp), w[t][i]) })
			ADDQ(stride, from)
		}
		p.weighPixels(w, p.bias())
	})
	end()
}

// bias loads the bias of a strip, which is zero where there is none.
func (p *strip) bias() []vec {
	bias, from := p.zeros(p.vectors), load64(parameter("bias"))
	TESTQ(from, from)
	JZ(LabelRef(p.label + "Unbiased"))
	ADDQ(p.column, from)
	p.each(func(i, disp int) { p.mask.load(at(from, disp), bias[i]) })
	Label(p.label + "Unbiased")
	return bias
}

// depthwiseSeveral emits the convolution of several pixels at a time: each weight is
// loaded once for all of them. Rows are a multiple of severalPixels.
func depthwiseSeveral(s isa) {
	s.function("depthwiseSeveral", depthwiseSignature, "computes Depthwise.Convolve for rows that are a multiple of severalPixels.")
	s.strips(2, func(p *strip) { p.weighSeveral(p.bias()) })
	end()
}

// severalPixels is the number of pixels of depthwiseSeveral.
const severalPixels = 4

// weighSeveral emits the loop over pixels.
func (p *strip) weighSeveral(bias []vec) {
	g := p.newGather("dst")
	acc := make([][]vec, severalPixels)
	for m := range acc {
		acc[m] = p.registers(p.vectors)
	}
	last := GP64() // from the first pixel's offsets to the last's
	LEAQ(Mem{Base: g.step, Index: g.step, Scale: 2}, last)
	Label(p.label + "Rows")
	for m := range acc {
		p.each(func(i, _ int) { VMOVAPS(bias[i], acc[m][i]) })
	}
	CMPB(parameter("accumulate"), Imm(0))
	JE(LabelRef(p.label + "Taps"))
	p.eachPixel(g, func(m int, row reg.GPVirtual) {
		p.each(func(i, disp int) { p.mask.load(at(row, disp), acc[m][i]) })
	})
	Label(p.label + "Taps")
	w, taps := p.pointer("w"), load64(parameter("taps"))
	Label(p.label + "Tap")
	weights := make([]vec, p.vectors)
	p.each(func(i, disp int) { weights[i] = p.load(at(w, disp)) })
	for m, table := range []Mem{
		{Base: g.table}, {Base: g.table, Index: g.step, Scale: 1}, {Base: g.table, Index: g.step, Scale: 2}, {Base: g.table, Index: last, Scale: 1},
	} {
		offset := GP64()
		loadOffset(table, g.zeros, offset)
		p.each(func(i, disp int) { p.weigh(g.memory(offset, disp), weights[i], acc[m][i]) })
	}
	ADDQ(g.stride, w)
	ADDQ(Imm(4), g.table)
	DECQ(taps)
	JNZ(LabelRef(p.label + "Tap"))
	p.eachPixel(g, func(m int, row reg.GPVirtual) {
		p.each(func(i, disp int) { p.mask.store(acc[m][i], at(row, disp)) })
	})
	LEAQ(Mem{Base: g.row, Index: g.stride, Scale: severalPixels}, g.row)
	ADDQ(last, g.table)
	SUBQ(Imm(severalPixels), g.rows)
	JNZ(LabelRef(p.label + "Rows"))
}

// eachPixel calls f for the rows of several pixels.
func (p *strip) eachPixel(g gather, f func(m int, row reg.GPVirtual)) {
	row := GP64()
	MOVQ(g.row, row)
	for m := range severalPixels {
		f(m, row)
		if m < severalPixels-1 {
			ADDQ(g.stride, row)
		}
	}
}

// weigh adds the product of what lies in memory and a weight.
func (p *strip) weigh(from Mem, weight, acc vec) {
	if p.mask.some {
		VFMADD231PS(p.load(from), weight, acc)
	} else {
		VFMADD231PS(from, weight, acc)
	}
}

// stripVectors is the number of vectors of 9 taps that registers have room for.
func (s isa) stripVectors() int {
	if s.wide() {
		return 2
	}
	return 1
}

// weighPixels emits the loop over pixels.
func (p *strip) weighPixels(w [][]vec, bias []vec) {
	g := p.newGather("dst")
	Label(p.label + "Row")
	acc := p.registers(p.vectors)
	CMPB(parameter("accumulate"), Imm(0))
	JNE(LabelRef(p.label + "Load"))
	p.each(func(i, _ int) { VMOVAPS(bias[i], acc[i]) })
	JMP(LabelRef(p.label + "Taps"))
	Label(p.label + "Load")
	p.each(func(i, disp int) { p.mask.load(at(g.row, disp), acc[i]) })
	Label(p.label + "Taps")
	for t := range w {
		offset := g.offset(t)
		p.each(func(i, disp int) { p.weigh(g.memory(offset, disp), w[t][i], acc[i]) })
	}
	p.each(func(i, disp int) { p.mask.store(acc[i], at(g.row, disp)) })
	g.next(p.label + "Row")
}

// gather walks over pixels, and the offsets of what they gather from a.
type gather struct {
	row, table, a, zeros reg.GPVirtual
	stride, step, rows   reg.GPVirtual
}

// newGather begins with the first row of the named parameter.
func (p *strip) newGather(row string) gather {
	a := load64(parameter("a"))
	zeros := zeroOffset(a)
	ADDQ(p.column, a)
	SUBQ(p.columnInElements(), zeros)
	return gather{
		row: p.pointer(row), table: load64(parameter("offsets")), a: a, zeros: zeros,
		stride: loadBytes(parameter("channels")), step: loadBytes(parameter("taps")), rows: load64(parameter("rows")),
	}
}

// offset returns the offset of tap t of the present pixel.
func (g gather) offset(t int) reg.GPVirtual {
	offset := GP64()
	loadOffset(at(g.table, 4*t), g.zeros, offset)
	return offset
}

func (g gather) memory(offset reg.GPVirtual, disp int) Mem {
	return Mem{Base: g.a, Index: offset, Scale: 4, Disp: disp}
}

// next goes to the next pixel, and on at the label if there is one.
func (g gather) next(label string) {
	ADDQ(g.stride, g.row)
	ADDQ(g.step, g.table)
	DECQ(g.rows)
	JNZ(LabelRef(label))
}

// depthwiseTaps is the number of taps whose gradients are formed at once.
const depthwiseTaps = 9

// depthwiseGradient emits the gradient of a number of neighbouring taps: a strip
// of channels goes through all pixels with its gradients in registers.
func depthwiseGradient(s isa, name string, taps, vectors int) {
	s.function(name, "(dw, a, dy *float32, offsets *int32, zeros *float32, rows, taps, channels int)",
		"adds to the gradients of neighbouring taps, the first of which offsets and dw point to.")
	s.strips(vectors, func(p *strip) {
		acc := make([][]vec, taps)
		eachTap := func(f func(acc []vec, dw reg.GPVirtual)) {
			dw, stride := p.pointer("dw"), loadBytes(parameter("channels"))
			for t := range acc {
				f(acc[t], dw)
				ADDQ(stride, dw)
			}
		}
		for t := range acc {
			acc[t] = p.registers(p.vectors)
		}
		eachTap(func(acc []vec, dw reg.GPVirtual) {
			p.each(func(i, disp int) { p.mask.load(at(dw, disp), acc[i]) })
		})
		p.gradientRows(acc)
		eachTap(func(acc []vec, dw reg.GPVirtual) {
			p.each(func(i, disp int) { p.mask.store(acc[i], at(dw, disp)) })
		})
	})
	end()
}

// gradientRows emits the loop over pixels.
func (p *strip) gradientRows(acc [][]vec) {
	g := p.newGather("dy")
	Label(p.label + "Row")
	gradient := make([]vec, p.vectors)
	p.each(func(i, disp int) { gradient[i] = p.load(at(g.row, disp)) })
	for t := range acc {
		offset := g.offset(t)
		p.each(func(i, disp int) { p.weigh(g.memory(offset, disp), gradient[i], acc[t][i]) })
	}
	g.next(p.label + "Row")
}

func (p *strip) columnInElements() reg.GPVirtual {
	c := GP64()
	MOVQ(p.column, c)
	SHRQ(Imm(2), c)
	return c
}
