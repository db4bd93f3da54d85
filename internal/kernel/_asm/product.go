package main

import (
	"bytes"
	"fmt"
	"go/format"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The tiles of Product and Outer. A tile keeps rows x vectors accumulators in
// registers, one chain of fused multiply-adds in each lane, for the whole of the
// reduction. There is a function for each size of tile; those for AVX2 come
// with and without a mask for the last vector, those for AVX-512 always mask it.

// shape is a size of tile.
type shape struct {
	rows, vectors int
	masked        bool // the last vector is cut
}

func (t shape) name(kind string, s isa) string {
	name := fmt.Sprintf("%s%dx%d", kind, t.rows, t.vectors)
	if t.masked && !s.opmasks {
		name += "Cut"
	}
	return name
}

// kind is a family of tiles.
type kind struct {
	name      string
	signature string
	rows      map[isa][]int // largest number of rows by number of vectors less one
	emit      func(isa, shape)
}

var kinds = []kind{
	{"gather", "gather", map[isa][]int{avx512: {8, 8, 8, 6}, avx512Half: {8}, avx2: {8, 6}}, gatherTile},
	{"outer", "outer", map[isa][]int{avx512: {12, 12, 8, 6}, avx512Half: {12}, avx2: {12, 6}}, outerTile},
}

// shapes lists the tiles of a kind.
func (k kind) shapes(s isa) []shape {
	var list []shape
	for i, most := range k.rows[s] {
		for rows := 1; rows <= most; rows++ {
			if !s.opmasks {
				list = append(list, shape{rows, i + 1, false})
			}
			list = append(list, shape{rows, i + 1, true})
		}
	}
	return list
}

func products(s isa) {
	for _, k := range kinds {
		for _, t := range k.shapes(s) {
			k.emit(s, t)
		}
	}
}

// tile is what the emitters of one function share.
type tile struct {
	isa
	shape
	accumulators []reg.VecVirtual // [rows,vectors]
	b            []reg.VecVirtual // a row of B
	last         mask
}

func newTile(s isa, t shape) *tile {
	e := &tile{isa: s, shape: t, accumulators: s.registers(t.rows * t.vectors), b: s.registers(t.vectors)}
	if t.masked {
		columns := load64(parameter("columns"))
		if skip := (t.vectors - 1) * s.width; skip > 0 {
			SUBQ(Imm(uint64(skip)), columns)
		}
		e.last = newMask(s, columns)
	}
	return e
}

// each visits the vectors of a row; m is the mask of the vector.
func (e *tile) each(f func(i, disp int, m mask)) {
	for i := range e.vectors {
		m := mask{}
		if i == e.vectors-1 {
			m = e.last
		}
		f(i, i*e.bytes(), m)
	}
}

// eachRow walks pointer over the rows of Dst.
func (e *tile) eachRow(pointer, stride reg.GPVirtual, f func(row []reg.VecVirtual)) {
	for m := range e.rows {
		f(e.accumulators[m*e.vectors:][:e.vectors])
		ADDQ(stride, pointer)
	}
}

// start gives the accumulators their first values: Dst, the bias or zeros. The
// gradients of weights have no bias.
func (e *tile) start(biased bool) {
	CMPB(parameter("accumulate"), Imm(0))
	JNE(LabelRef("accumulated"))
	bias := GP64()
	if biased {
		MOVQ(parameter("bias"), bias)
		TESTQ(bias, bias)
		JNZ(LabelRef("biased"))
	}
	for _, v := range e.accumulators {
		e.zero(v)
	}
	JMP(LabelRef("started"))
	if biased {
		Label("biased")
		e.startBias(bias)
		JMP(LabelRef("started"))
	}
	Label("accumulated")
	dst, stride := load64(parameter("dst")), loadBytes(parameter("dstStride"))
	e.eachRow(dst, stride, func(row []reg.VecVirtual) {
		e.each(func(i, disp int, m mask) { m.load(at(dst, disp), row[i]) })
	})
	Label("started")
}

func (e *tile) startBias(bias reg.GPVirtual) {
	e.each(func(i, disp int, m mask) { m.load(at(bias, disp), e.accumulators[i]) })
	for i := e.vectors; i < len(e.accumulators); i++ {
		VMOVAPS(e.accumulators[i%e.vectors], e.accumulators[i])
	}
}

// store writes the accumulators to Dst and moves dst to the next tile.
func (e *tile) store() {
	dst, stride := load64(parameter("dst")), loadBytes(parameter("dstStride"))
	e.eachRow(dst, stride, func(row []reg.VecVirtual) {
		e.each(func(i, disp int, m mask) { m.store(row[i], at(dst, disp)) })
	})
	MOVQ(dst, parameter("dst"))
}

// loadB loads a row of B and moves to the next.
func (e *tile) loadB(b, stride reg.GPVirtual) {
	e.each(func(i, disp int, m mask) { m.load(at(b, disp), e.b[i]) })
	ADDQ(stride, b)
}

// multiply adds to row m of the accumulators a times the row of B.
func (e *tile) multiply(m int, a Mem) {
	if e.vectors == 1 && e.opmasks {
		VFMADD231PS_BCST(a, e.b[0], e.accumulators[m])
		return
	}
	factor := e.broadcast(a)
	for i, b := range e.b {
		VFMADD231PS(b, factor, e.accumulators[m*e.vectors+i])
	}
}

// zeroOffset is the distance of the row of zeros from a, in elements.
func zeroOffset(a reg.GPVirtual) reg.GPVirtual {
	z := load64(parameter("zeros"))
	SUBQ(a, z)
	SARQ(Imm(2), z)
	return z
}

// loadOffset loads an offset, or that of the row of zeros if it is negative.
func loadOffset(from Mem, zeros reg.GPVirtual, to reg.GPVirtual) {
	MOVLQSX(from, to)
	TESTQ(to, to)
	CMOVQLT(zeros, to)
}

// nextRows moves the parameter offsets to the rows of the next tile.
func nextRows(stride reg.GPVirtual, rows int) {
	skip := GP64()
	IMUL3Q(Imm(uint64(rows)), stride, skip)
	ADDQ(skip, parameter("offsets"))
}

const gatherSignature = "(dst *float32, dstStride int, a *float32, offsets *int32, b *float32, bStride int, bias, zeros *float32, tiles, taps, k, columns int, accumulate bool)"

// beginTiles begins the loop over tiles of rows.
func (e *tile) beginTiles(biased bool) {
	Label("tile")
	e.start(biased)
}

// endTiles stores a tile and goes to the next.
func (e *tile) endTiles() {
	e.store()
	DECQ(parameter("tiles"))
	JNZ(LabelRef("tile"))
	end()
}

// gatherTile emits a tile of Product.Gather: a pointer to each gathered row
// walks along the reduction. These pointers take most of the registers, so that
// some parameters stay in memory in the form they are used in: taps in bytes, a
// as the end of a row at offset 0, and zeros as an offset from a, in elements.
func gatherTile(s isa, t shape) {
	s.function(t.name("gather", s), gatherSignature, "computes tiles of Product.Gather below each other.")
	a := load64(parameter("a"))
	MOVQ(zeroOffset(a), parameter("zeros"))
	ADDQ(loadBytes(parameter("k")), a)
	MOVQ(a, parameter("a"))
	SHLQ(Imm(2), parameter("taps"))
	e := newTile(s, t)
	e.beginTiles(true)
	stride, b := loadBytes(parameter("bStride")), load64(parameter("b"))
	table, taps := load64(parameter("offsets")), load64(parameter("taps"))
	Label("tap")
	rows := e.rowPointers(table)
	i := loadBytes(parameter("k"))
	NEGQ(i)
	e.gatherLoop(rows, i, b, stride)
	ADDQ(Imm(4), table)
	SUBQ(Imm(4), taps)
	JNZ(LabelRef("tap"))
	nextRows(load64(parameter("taps")), t.rows)
	e.endTiles()
}

// rowPointers returns pointers to the ends of the gathered rows of one tap.
func (e *tile) rowPointers(table reg.GPVirtual) []reg.GPVirtual {
	from := GP64()
	MOVQ(table, from)
	rows := make([]reg.GPVirtual, e.rows)
	for m := range rows {
		r := GP64()
		MOVLQSX(at(from, 0), r)
		TESTQ(r, r)
		CMOVQLT(parameter("zeros"), r)
		SHLQ(Imm(2), r)
		ADDQ(parameter("a"), r)
		if m < e.rows-1 {
			ADDQ(parameter("taps"), from)
		}
		rows[m] = r
	}
	return rows
}

// gatherLoop runs along the reduction; i counts bytes from -4k to 0.
func (e *tile) gatherLoop(rows []reg.GPVirtual, i, b, stride reg.GPVirtual) {
	const unroll = 4
	step := func(disp int) {
		e.loadB(b, stride)
		for m, r := range rows {
			e.multiply(m, Mem{Base: r, Index: i, Scale: 1, Disp: disp})
		}
	}
	ADDQ(Imm(4*unroll), i)
	JG(LabelRef("rest"))
	Label("several")
	for u := range unroll {
		step(4 * (u - unroll))
	}
	ADDQ(Imm(4*unroll), i)
	JLE(LabelRef("several"))
	Label("rest")
	SUBQ(Imm(4*unroll), i)
	JZ(LabelRef("tapDone"))
	Label("one")
	step(0)
	ADDQ(Imm(4), i)
	JNZ(LabelRef("one"))
	Label("tapDone")
}

const outerSignature = "(dst *float32, dstStride int, a *float32, offsets *int32, b *float32, bStride int, zeros *float32, tiles, k, columns int, accumulate bool)"

// outerTile emits a tile of Outer.Sum: one gathered pointer for each step of the
// reduction, from which the tile's rows are neighbours.
func outerTile(s isa, t shape) {
	s.function(t.name("outer", s), outerSignature, "computes tiles of Outer.Sum below each other.")
	e := newTile(s, t)
	e.beginTiles(false)
	stride, b := loadBytes(parameter("bStride")), load64(parameter("b"))
	a := load64(parameter("a"))
	zeros := zeroOffset(a)
	table, k := load64(parameter("offsets")), load64(parameter("k"))
	Label("step")
	offset := GP64()
	loadOffset(at(table, 0), zeros, offset)
	LEAQ(Mem{Base: a, Index: offset, Scale: 4}, offset)
	e.loadB(b, stride)
	for m := range t.rows {
		e.multiply(m, at(offset, 4*m))
	}
	ADDQ(Imm(4), table)
	DECQ(k)
	JNZ(LabelRef("step"))
	ADDQ(Imm(uint64(4*t.rows)), parameter("a"))
	e.endTiles()
}

// tileTables returns the Go file that lists the tiles by size.
func tileTables() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by command: go run . -tables. DO NOT EDIT.\n\n//go:build !purego\n\npackage kernel\n")
	for _, s := range []isa{avx512, avx512Half, avx2} {
		for _, k := range kinds {
			writeTable(&b, s, k)
		}
	}
	text, err := format.Source(b.Bytes())
	if err != nil {
		panic(err)
	}
	return text
}

func writeTable(b *bytes.Buffer, s isa, k kind) {
	fmt.Fprintf(b, "\nvar %s%s = tiles[%sTile]{\n", k.name, s.suffix, k.signature)
	for i, most := range k.rows[s] {
		b.WriteString("{\n")
		for rows := 1; rows <= most; rows++ {
			whole, cut := shape{rows, i + 1, false}, shape{rows, i + 1, true}
			fmt.Fprintf(b, "{%s%s, %s%s},\n", whole.name(k.name, s), s.suffix, cut.name(k.name, s), s.suffix)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
}
