package main

import (
	"bytes"
	"fmt"
	"go/format"
	"slices"

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
	pieces        int  // of rows that are neighbours
	masked        bool // the last vector is cut
}

func (t shape) name(kind string, s isa) string {
	name := fmt.Sprintf("%s%dx%d", kind, t.rows, t.vectors)
	if t.pieces > 1 {
		name = fmt.Sprintf("%s%dx%dx%d", kind, t.pieces, t.rows/t.pieces, t.vectors)
	}
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
	joined    map[isa]int   // largest number of rows in several pieces, of one vector
	emit      func(isa, shape)
}

var kinds = []kind{
	{"gather", "gather", map[isa][]int{avx512: {8, 8, 8, 6}, avx512Half: {8}, avx2: {8, 6}}, nil, gatherTile},
	{"outer", "outer", map[isa][]int{avx512: {12, 12, 8, 6}, avx512Half: {12}, avx2: {12, 6}}, map[isa]int{avx512Half: 28, avx2: 12}, outerTile},
}

// Tiles of several pieces are for kernels of up to 7x7 on an image of one channel.
const (
	mostPieces    = 7
	mostPieceRows = 7
)

// table lists tiles by vectors less one and by rows less one.
func (k kind) table(s isa) [][]shape {
	var table [][]shape
	for i, most := range k.rows[s] {
		var list []shape
		for rows := range most {
			list = append(list, shape{rows: rows + 1, vectors: i + 1, pieces: 1})
		}
		table = append(table, list)
	}
	return table
}

// joinedTable lists tiles of several pieces, by rows of a piece less two and by pieces
// less two. There are so few columns that they are always taken as cut.
func (k kind) joinedTable(s isa) [][]shape {
	var table [][]shape
	for rows := 2; rows <= min(k.joined[s]/2, mostPieceRows); rows++ {
		var list []shape
		for pieces := 2; pieces <= min(k.joined[s]/rows, mostPieces); pieces++ {
			list = append(list, shape{rows: rows * pieces, vectors: 1, pieces: pieces, masked: true})
		}
		table = append(table, list)
	}
	return table
}

// shapes lists the tiles of a kind.
func (k kind) shapes(s isa) []shape {
	var list []shape
	for _, t := range slices.Concat(k.table(s)...) {
		if !s.opmasks {
			list = append(list, t)
		}
		t.masked = true
		list = append(list, t)
	}
	return slices.Concat(list, slices.Concat(k.joinedTable(s)...))
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

// start gives the accumulators their first values: Dst, the bias as startBias
// loads it, or zeros.
func (e *tile) start(startBias func(bias reg.GPVirtual)) {
	CMPB(parameter("accumulate"), Imm(0))
	JNE(LabelRef("accumulated"))
	bias := load64(parameter("bias"))
	TESTQ(bias, bias)
	JNZ(LabelRef("biased"))
	for _, v := range e.accumulators {
		e.zero(v)
	}
	JMP(LabelRef("started"))
	Label("biased")
	startBias(bias)
	JMP(LabelRef("started"))
	Label("accumulated")
	dst, stride := load64(parameter("dst")), loadBytes(parameter("dstStride"))
	e.eachRow(dst, stride, func(row []reg.VecVirtual) {
		e.each(func(i, disp int, m mask) { m.load(at(dst, disp), row[i]) })
	})
	Label("started")
}

// startColumns starts every column with a bias of its own.
func (e *tile) startColumns(bias reg.GPVirtual) {
	e.each(func(i, disp int, m mask) { m.load(at(bias, disp), e.accumulators[i]) })
	for i := e.vectors; i < len(e.accumulators); i++ {
		VMOVAPS(e.accumulators[i%e.vectors], e.accumulators[i])
	}
}

// startRows starts every row with a bias of its own, and moves the bias to the
// rows of the next tile.
func (e *tile) startRows(bias reg.GPVirtual) {
	for i, v := range e.accumulators {
		VBROADCASTSS(at(bias, 4*(i/e.vectors)), v)
	}
	ADDQ(Imm(uint64(4*e.rows)), parameter("bias"))
}

// store writes the accumulators to Dst and moves dst to the next tile.
func (e *tile) store() {
	dst, stride := load64(parameter("dst")), loadBytes(parameter("dstStride"))
	e.eachRow(dst, stride, func(row []reg.VecVirtual) {
		e.each(func(i, disp int, m mask) { m.store(row[i], at(dst, disp)) })
	})
	MOVQ(dst, parameter("dst"))
}

// loadB loads the row of B at b.
func (e *tile) loadB(b Mem) {
	e.each(func(i, disp int, m mask) { m.load(b.Offset(disp), e.b[i]) })
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

// zeroOffset is the distance of the row of zeros from base, in elements.
func zeroOffset(base reg.GPVirtual) reg.GPVirtual {
	z := load64(parameter("zeros"))
	SUBQ(base, z)
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
func (e *tile) beginTiles(startBias func(bias reg.GPVirtual)) {
	Label("tile")
	e.start(startBias)
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
	e.beginTiles(e.startColumns)
	stride, b := loadBytes(parameter("bStride")), load64(parameter("b"))
	several := stepsOfB(b, stride)
	table, taps := load64(parameter("offsets")), load64(parameter("taps"))
	Label("tap")
	rows := e.rowPointers(table)
	i := loadBytes(parameter("k"))
	NEGQ(i)
	e.gatherLoop(rows, i, b, stride, several)
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

// unroll is the number of steps of the reduction that a loop does in one turn: fewer
// instructions besides multiply-adds, where another thread shares the core.
const unroll = 4

// stepsOfB are the rows of B for the steps of one turn, from b on.
func stepsOfB(b, stride reg.GPVirtual) [unroll]Mem { return fourRows(b, stride, times3(stride)) }

// gatherLoop runs along the reduction; i counts bytes from -4k to 0.
func (e *tile) gatherLoop(rows []reg.GPVirtual, i, b, stride reg.GPVirtual, several [unroll]Mem) {
	step := func(from Mem, disp int) {
		e.loadB(from)
		for m, r := range rows {
			e.multiply(m, Mem{Base: r, Index: i, Scale: 1, Disp: disp})
		}
	}
	ADDQ(Imm(4*unroll), i)
	JG(LabelRef("rest"))
	Label("several")
	for u, from := range several {
		step(from, 4*(u-unroll))
	}
	LEAQ(Mem{Base: b, Index: stride, Scale: unroll}, b)
	ADDQ(Imm(4*unroll), i)
	JLE(LabelRef("several"))
	Label("rest")
	SUBQ(Imm(4*unroll), i)
	JZ(LabelRef("tapDone"))
	Label("one")
	step(at(b, 0), 0)
	ADDQ(stride, b)
	ADDQ(Imm(4), i)
	JNZ(LabelRef("one"))
	Label("tapDone")
}

const outerSignature = "(dst *float32, dstStride int, a *float32, offsets *int32, pieceStride int, b *float32, bOffsets *int32, bStride int, bias, zeros *float32, tiles, k, columns int, accumulate bool)"

// outerTile emits a tile of Outer.Sum: a gathered pointer for each step of the
// reduction to the tile's rows, which are neighbours or pieces of some neighbours, and
// one to the columns, which is gathered as well if there are offsets for it. Tiles of
// pieces know no such offsets.
func outerTile(s isa, t shape) {
	s.function(t.name("outer", s), outerSignature, "computes tiles of Outer.Sum below each other.")
	e := newTile(s, t)
	e.beginTiles(e.startRows)
	a, b, i := load64(parameter("a")), load64(parameter("b")), load64(parameter("k"))
	zeros, table := zeroOffset(a), tableEnd("offsets", i)
	if t.pieces == 1 {
		CMPQ(parameter("bOffsets"), Imm(0))
		JE(LabelRef("strided"))
		e.outerLoop("gatheredStep", i, a, zeros, table, e.gatheredColumns(b, i))
		JMP(LabelRef("done"))
	}
	Label("strided")
	stride := loadBytes(parameter("bStride"))
	NEGQ(i)
	if t.pieces == 1 && !s.opmasks {
		CMPQ(parameter("zeros"), Imm(0))
		JNE(LabelRef("step"))
		e.severalOuter(i, a, b, stride, table)
	}
	e.outerLoop("step", i, a, zeros, table, e.stridedColumns(b, stride))
	Label("done")
	ADDQ(Imm(uint64(4*t.rows)), parameter("a"))
	e.endTiles()
}

// gatheredColumns returns what loads the row of B at the next of its offsets.
func (e *tile) gatheredColumns(b, i reg.GPVirtual) func() {
	zeros, table := zeroOffset(b), tableEnd("bOffsets", i)
	NEGQ(i)
	return func() {
		column := GP64()
		loadOffset(Mem{Base: table, Index: i, Scale: 4}, zeros, column)
		e.loadB(Mem{Base: b, Index: column, Scale: 4})
	}
}

// stridedColumns returns what loads the next row of B.
func (e *tile) stridedColumns(b, stride reg.GPVirtual) func() {
	return func() {
		e.loadB(at(b, 0))
		ADDQ(stride, b)
	}
}

// severalOuter is outerLoop for several steps at a time, where no offset is negative.
func (e *tile) severalOuter(i, a, b, stride, table reg.GPVirtual) {
	rows := stepsOfB(b, stride)
	ADDQ(Imm(unroll), i)
	JG(LabelRef("rest"))
	Label("several")
	for u, from := range rows {
		row := GP64()
		MOVLQSX(Mem{Base: table, Index: i, Scale: 4, Disp: 4 * (u - unroll)}, row)
		e.loadB(from)
		for m := range e.rows {
			e.multiply(m, Mem{Base: a, Index: row, Scale: 4, Disp: 4 * m})
		}
	}
	LEAQ(Mem{Base: b, Index: stride, Scale: unroll}, b)
	ADDQ(Imm(unroll), i)
	JLE(LabelRef("several"))
	Label("rest")
	SUBQ(Imm(unroll), i)
	JZ(LabelRef("done"))
}

// outerLoop runs along the reduction; i counts from -k to 0.
func (e *tile) outerLoop(label string, i, a, zeros, table reg.GPVirtual, loadColumns func()) {
	pieces, perPiece := e.piecesOfRows(), e.rows/e.pieces
	Label(label)
	row := GP64()
	loadOffset(Mem{Base: table, Index: i, Scale: 4}, zeros, row)
	LEAQ(Mem{Base: a, Index: row, Scale: 4}, row)
	loadColumns()
	for m := range e.rows {
		from := pieces[m/perPiece]
		from.Base, from.Disp = row, 4*(m%perPiece)
		e.multiply(m, from)
	}
	INCQ(i)
	JNZ(LabelRef(label))
}

// piecesOfRows returns where the pieces of a tile's rows are, but for their base.
func (e *tile) piecesOfRows() []Mem {
	pieces := make([]Mem, e.pieces)
	var odd reg.GPVirtual // the largest odd multiple of the stride, in bytes
	for i := 1; i < e.pieces; i++ {
		switch i {
		case 1:
			odd = loadBytes(parameter("pieceStride"))
			pieces[i] = Mem{Index: odd, Scale: 1}
		case 2, 4:
			pieces[i] = Mem{Index: pieces[1].Index, Scale: uint8(i)}
		case 3, 5:
			next := GP64()
			LEAQ(Mem{Base: odd, Index: pieces[1].Index, Scale: 2}, next)
			odd = next
			pieces[i] = Mem{Index: odd, Scale: 1}
		case 6:
			pieces[i] = Mem{Index: pieces[3].Index, Scale: 2}
		}
	}
	return pieces
}

// tableEnd returns a pointer behind the first n offsets of a parameter.
func tableEnd(name string, n reg.GPVirtual) reg.GPVirtual {
	end := load64(parameter(name))
	LEAQ(Mem{Base: end, Index: n, Scale: 4}, end)
	return end
}

// tileTables returns the Go file that lists the tiles by size.
func tileTables() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by command: go run . -tables. DO NOT EDIT.\n\n//go:build !purego\n\npackage kernel\n")
	for _, s := range []isa{avx512, avx512Half, avx2} {
		for _, k := range kinds {
			k.writeTable(&b, s)
			k.writeJoinedTable(&b, s)
		}
	}
	text, err := format.Source(b.Bytes())
	if err != nil {
		panic(err)
	}
	return text
}

func (k kind) writeTable(b *bytes.Buffer, s isa) {
	fmt.Fprintf(b, "\nvar %s%s = tiles[%sTile]{\n", k.name, s.suffix, k.signature)
	for _, list := range k.table(s) {
		b.WriteString("{\n")
		for _, whole := range list {
			cut := whole
			cut.masked = true
			fmt.Fprintf(b, "{%s%s, %s%s},\n", whole.name(k.name, s), s.suffix, cut.name(k.name, s), s.suffix)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
}

func (k kind) writeJoinedTable(b *bytes.Buffer, s isa) {
	if k.joined[s] == 0 {
		return
	}
	fmt.Fprintf(b, "\nvar %sJoined%s = [][]%sTile{\n", k.name, s.suffix, k.signature)
	for _, list := range k.joinedTable(s) {
		b.WriteString("{\n")
		for _, t := range list {
			fmt.Fprintf(b, "%s%s,\n", t.name(k.name, s), s.suffix)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
}
