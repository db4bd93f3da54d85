package main

import (
	"bytes"
	"fmt"
)

// The tiles of Product and Outer. A tile keeps rows x vectors accumulators in
// registers, one chain of fused multiply-adds in each lane, for the whole of the
// reduction. There is a function for each size of tile.
//
// NEON has no masks. A last vector that would reach beyond the columns begins
// further to the left instead: what it shares with its neighbour is computed
// twice, to the same bits. Less than a vector of columns is left to tiles of two
// columns and of one, which load no more than these.
//
// Instructions of the inner loops for multiply-adds of a vector: gather 6x16 takes
// 124 for 96 in four steps of k (22 loads), outer 6x16 37 for 24 in one step (7
// loads). Processors that decode four instructions and begin two multiply-adds in
// a cycle, such as Neoverse N1, are then limited by multiply-adds alone. Those that
// begin four in a cycle decode eight.

// shape is a size of tile.
type shape struct {
	rows, vectors int
	lanes         int // of each vector that count: 4, or 2 or 1 in tiles of one vector
}

func (t shape) name(kind string) string {
	return fmt.Sprintf("%s%dx%d", kind, t.rows, t.vectors*t.lanes)
}

// kind is a family of tiles. The numbers of rows are what registers have room
// for: accumulators, rows of B, and the factors of A, four in a register.
type kind struct {
	name      string
	signature string
	rows      []int // largest number of rows by number of vectors less one
	emit      func(*file, shape)
}

var kinds = []kind{
	{"gather", "gather", []int{12, 10, 7, 6}, gatherTile},
	{"outer", "outer", []int{16, 12, 8, 6}, outerTile},
}

func products(out *file) {
	for _, k := range kinds {
		for i, most := range k.rows {
			for rows := range most {
				k.emit(out, shape{rows + 1, i + 1, lanes})
			}
		}
		for rows := range k.rows[0] {
			k.emit(out, shape{rows + 1, 1, 2})
			k.emit(out, shape{rows + 1, 1, 1})
		}
	}
}

// tile is what the emitters of one function share.
type tile struct {
	*function
	shape
	accumulators []vec // [rows,vectors]
	last         gp    // where the last of several vectors begins, in bytes
}

func newTile(f *function, t shape) *tile {
	e := &tile{function: f, shape: t, accumulators: f.vecs(t.rows * t.vectors)}
	if t.vectors > 1 {
		e.last = f.value("columns")
		f.op("SUB", immediate(lanes), e.last)
		f.op("LSL", immediate(2), e.last)
	}
	return e
}

// vector is vector i of the row at base.
func (e *tile) vector(base gp, i int) memory {
	if i > 0 && i == e.vectors-1 {
		return memory{base: base, index: &e.last}
	}
	return at(base, 4*lanes*i)
}

// loadRow loads the vectors of a row.
func (e *tile) loadRow(base gp, row []vec) {
	for i, v := range row {
		e.loadTo(e.vector(base, i), e.lanes, v)
	}
}

// eachRow walks pointer over the rows of Dst.
func (e *tile) eachRow(pointer gp, f func(row []vec)) {
	stride := e.bytes("dstStride")
	for m := range e.rows {
		f(e.accumulators[m*e.vectors:][:e.vectors])
		e.op("ADD", stride, pointer)
	}
}

// start gives the accumulators their first values: Dst, the bias as startBias
// loads it, or zeros.
func (e *tile) start(startBias func(bias gp)) {
	e.branchIf("accumulate", "accumulated")
	bias := e.value("bias")
	e.branch("CBNZ", "biased", bias)
	for _, v := range e.accumulators {
		e.zero(v)
	}
	e.branch("JMP", "started")
	e.label("biased")
	startBias(bias)
	e.branch("JMP", "started")
	e.label("accumulated")
	dst := e.value("dst")
	e.eachRow(dst, func(row []vec) { e.loadRow(dst, row) })
	e.label("started")
}

// startColumns starts every column with a bias of its own.
func (e *tile) startColumns(bias gp) {
	e.loadRow(bias, e.accumulators[:e.vectors])
	for i := e.vectors; i < len(e.accumulators); i++ {
		e.move(e.accumulators[i%e.vectors], e.accumulators[i])
	}
}

// startRows starts every row with a bias of its own, and moves the bias to the
// rows of the next tile.
func (e *tile) startRows(bias gp) {
	for i, v := range e.accumulators {
		if i%e.vectors == 0 {
			value := e.gp()
			e.op("MOVWU.P", at(bias, 4), value)
			e.op("VDUP", value, v.s4())
		} else {
			e.move(e.accumulators[i-1], v)
		}
	}
	e.setValue("bias", bias)
}

// storeTile writes the accumulators to Dst and moves dst to the next tile.
func (e *tile) storeTile() {
	dst := e.value("dst")
	e.eachRow(dst, func(row []vec) {
		for i, v := range row {
			e.store(v, e.lanes, e.vector(dst, i))
		}
	})
	e.setValue("dst", dst)
}

// factor is a factor from A: a lane of a register.
type factor struct {
	vec
	lane int
}

// step adds the products of the factors, one for each row of the tile, and the
// row of B at b. A vector of B is loaded while the
// one before is in use: no more than two take registers.
func (e *tile) step(b gp, factors []factor) {
	next := e.load(e.vector(b, 0), e.lanes)
	for i := range e.vectors {
		vector := next
		if i+1 < e.vectors {
			next = e.load(e.vector(b, i+1), e.lanes)
		}
		for m, a := range factors {
			e.multiplyLane(e.accumulators[m*e.vectors+i], vector, a.vec, a.lane)
		}
	}
}

// zeroOffset is the distance of the row of zeros from a, in elements.
func (f *function) zeroOffset(a gp) gp {
	zeros := f.value("zeros")
	f.op("SUB", a, zeros)
	f.op("ASR", immediate(2), zeros)
	return zeros
}

// nextRows moves the parameter offsets to the rows of the next tile.
func (e *tile) nextRows() {
	offsets, taps, rows := e.value("offsets"), e.bytes("taps"), e.gp()
	e.op("MOVD", immediate(e.rows), rows)
	e.op("MADD", taps, offsets, rows, offsets)
	e.setValue("offsets", offsets)
}

const gatherSignature = "(dst *float32, dstStride int, a *float32, offsets *int32, b *float32, bStride int, bias, zeros *float32, tiles, taps, k, columns int, accumulate bool)"

// beginTiles begins the loop over tiles of rows.
func (e *tile) beginTiles(startBias func(bias gp)) {
	e.label("tile")
	e.start(startBias)
}

// endTiles stores a tile and goes to the next.
func (e *tile) endTiles() {
	e.storeTile()
	tiles := e.value("tiles")
	e.op("SUBS", immediate(1), tiles)
	e.setValue("tiles", tiles)
	e.branch("BNE", "tile")
	e.end()
}

// gatherTile emits a tile of Product.Gather: a pointer to each gathered row
// walks along the reduction.
func gatherTile(out *file, t shape) {
	f := out.function(t.name("gather"), gatherSignature, "computes tiles of Product.Gather below each other.")
	e := newTile(f, t)
	e.beginTiles(e.startColumns)
	b, stride := e.value("b"), e.bytes("bStride")
	table, taps := e.value("offsets"), e.value("taps")
	e.label("tap")
	e.gatherLoop(e.rowPointers(table), b, stride)
	e.op("ADD", immediate(4), table)
	e.countDown(taps, "tap")
	e.nextRows()
	e.endTiles()
}

// rowPointers returns pointers to the gathered rows of one tap.
func (e *tile) rowPointers(table gp) []gp {
	from, taps := e.gp(), e.bytes("taps")
	a, zeros := e.value("a"), e.value("zeros")
	e.op("MOVD", table, from)
	rows := make([]gp, e.rows)
	for m := range rows {
		rows[m] = e.gathered(a, e.loadOffset(at(from, 0)), zeros)
		if m < e.rows-1 {
			e.op("ADD", taps, from)
		}
	}
	return rows
}

// gatherLoop runs along the reduction: four steps at a time, whose factors are
// the lanes of a register for each row, and then single steps.
func (e *tile) gatherLoop(rows []gp, b, stride gp) {
	k := e.value("k")
	steps := func(n int) {
		factors := make([]factor, len(rows))
		for m, r := range rows {
			factors[m].vec = e.loadNext(r, n)
		}
		for lane := range n {
			for m := range factors {
				factors[m].lane = lane
			}
			e.step(b, factors)
			e.op("ADD", stride, b)
		}
	}
	e.op("SUBS", immediate(lanes), k)
	e.branch("BLT", "rest")
	e.label("several")
	steps(lanes)
	e.op("SUBS", immediate(lanes), k)
	e.branch("BGE", "several")
	e.label("rest")
	e.op("ADDS", immediate(lanes), k)
	e.branch("BEQ", "tapDone")
	e.label("one")
	steps(1)
	e.countDown(k, "one")
	e.label("tapDone")
}

const outerSignature = "(dst *float32, dstStride int, a *float32, offsets *int32, pieceStride int, b *float32, bOffsets *int32, bStride int, bias, zeros *float32, tiles, k, columns int, accumulate bool)"

// outerTile emits a tile of Outer.Sum: a gathered pointer for each step of the
// reduction to the tile's rows, which are neighbours, and one to the columns, which is
// gathered as well if there are offsets for it.
func outerTile(out *file, t shape) {
	f := out.function(t.name("outer"), outerSignature, "computes tiles of Outer.Sum below each other.")
	e := newTile(f, t)
	e.beginTiles(e.startRows)
	a, table, b, columns := e.value("a"), e.value("offsets"), e.value("b"), e.value("bOffsets")
	zeros, k, stride := e.value("zeros"), e.value("k"), e.bytes("bStride")
	e.branch("CBZ", "step", columns)
	e.label("gatheredStep")
	factors := e.neighbours(e.gathered(a, e.nextOffset(table), zeros))
	e.step(e.gathered(b, e.nextOffset(columns), zeros), factors)
	e.countDown(k, "gatheredStep")
	e.branch("JMP", "done")
	e.label("step")
	e.step(b, e.neighbours(e.gathered(a, e.nextOffset(table), zeros)))
	e.op("ADD", stride, b)
	e.countDown(k, "step")
	e.label("done")
	e.op("ADD", immediate(4*t.rows), a)
	e.setValue("a", a)
	e.endTiles()
}

// neighbours loads a factor for each row of the tile.
func (e *tile) neighbours(from gp) []factor {
	var factors []factor
	for len(factors) < e.rows {
		n, left := lanes, e.rows-len(factors)
		for n > left {
			n /= 2
		}
		v := e.load(at(from, 4*len(factors)), n)
		for lane := range n {
			factors = append(factors, factor{v, lane})
		}
	}
	return factors
}

// tileTables returns the Go file that lists the tiles by size.
func tileTables() []byte {
	var b bytes.Buffer
	b.WriteString(header() + "package kernel\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\nvar %sNEON = family[%sTile]{\nwhole: tiles[%sTile]{\n", k.name, k.signature, k.signature)
		for i, most := range k.rows {
			k.writeTable(&b, shape{most, i + 1, lanes}, shape{most, i + 1, lanes})
		}
		fmt.Fprintf(&b, "},\nhalf: tiles[%sTile]{\n", k.signature)
		k.writeTable(&b, shape{k.rows[0], 1, 2}, shape{k.rows[0], 1, 1})
		b.WriteString("},\noverlap: true,\n}\n")
	}
	return formatted(b.Bytes())
}

// writeTable writes tiles by their number of rows, for columns that fill the
// last vector and for less.
func (k kind) writeTable(b *bytes.Buffer, whole, cut shape) {
	b.WriteString("{\n")
	for rows := range whole.rows {
		whole.rows, cut.rows = rows+1, rows+1
		fmt.Fprintf(b, "{%sNEON, %sNEON},\n", whole.name(k.name), cut.name(k.name))
	}
	b.WriteString("},\n")
}
