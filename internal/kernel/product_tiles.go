package kernel

import "sync/atomic"

// gatherTile computes tiles of Product.Gather that lie below each other: strides
// are in elements, and zeros are at least k of them.
type gatherTile func(dst *float32, dstStride int, a *float32, offsets *int32, b *float32, bStride int,
	bias, zeros *float32, tiles, taps, k, columns int, accumulate bool)

// outerTile computes tiles of Outer.Sum that lie below each other. There are no zeros
// if no offset is negative and there are no bOffsets.
type outerTile func(dst *float32, dstStride int, a *float32, offsets *int32, pieceStride int, b *float32, bOffsets *int32,
	bStride int, bias, zeros *float32, tiles, k, columns int, accumulate bool)

// tiles are the functions of one family by size: by vectors less one, by rows
// less one, and for a last vector that is whole or cut.
type tiles[F any] [][][2]F

// family is the tiles of one kind.
type family[F any] struct {
	whole tiles[F]
	half  tiles[F] // of one vector half as wide, where that may be faster
	// joined are tiles of several pieces of rows, of one vector as wide as those of
	// half, or of whole without these: by rows of a piece less two, and by pieces less
	// two.
	joined [][]F
	// overlap: the last of several vectors is not cut but begins further to the
	// left, so that there must be a whole one. Fewer columns are for half, which
	// takes two or one.
	overlap bool
}

// columns returns how many of the columns that are left the next panel has.
func (t *family[F]) columns(left int) int {
	most := len(t.whole) * active.width
	switch {
	case t.overlap && left < active.width:
		return min(left, active.width/2)
	case left <= most:
		return left
	case t.overlap && left-most < active.width:
		return most - active.width
	}
	return most
}

// of returns the tiles for a number of columns: by rows less one.
func (t *family[F]) of(columns int) (byRows [][2]F, cut int) {
	list, width := t.whole, active.width
	if t.half != nil && columns <= width/2 {
		list, width = t.half, width/2
	}
	if columns%width != 0 {
		cut = 1
	}
	return list[(columns-1)/width], cut
}

// turns is the number of turns in which a product is computed, if it fetches.
func (t *family[F]) turns(rows, columns int) int {
	n := 0
	for first, panel := 0, 0; first < columns; first += panel {
		panel = t.columns(columns - first)
		byRows, _ := t.of(panel)
		n += turns(rows, len(byRows))
	}
	return n
}

// cutRows cuts a number of rows into as few tiles of at most most rows as there
// can be, of nearly equal size: first of small+1 rows, then count of small.
func cutRows(rows, most int) (first, count, small int) {
	n := (rows + most - 1) / most
	small = rows / n
	first = rows % n
	return first, n - first, small
}

// Blocks of a reduction that are worked on before the next is begun: what they
// touch of A and B stays in the caches. A chain goes on where it was stored, so
// they are free of the contract.
const (
	gatherBlock = 512
	outerBlock  = 256
)

// gatherTiles computes the product with tiles: blocks of the reduction, in each
// panels of columns, and each of these from its first row to its last. Meanwhile, the
// same panel of the next block is fetched.
func (p *Product) gatherTiles(t *family[gatherTile]) {
	p.check()
	zeros := &zeroRow(p.K)[0]
	block := p.K
	if p.Taps == 1 {
		block = gatherBlock
	}
	var f *fetches
	if block < p.K || p.Next[0].Count > 0 {
		f = new(fetches).begin(&p.Next, (p.K+block-1)/block*t.turns(p.Rows, p.N))
	}
	for k := 0; k < p.K; k += block {
		for first, columns := 0, 0; first < p.N; first += columns {
			columns = t.columns(p.N - first)
			if f != nil {
				f.panel = p.panel(first, columns, k+block, block).over(t.turns(p.Rows, columns))
			}
			p.gatherPanel(t, zeros, first, columns, k, min(block, p.K-k), f)
		}
	}
}

// panel is what of B a panel of columns has in a block of the reduction.
func (p *Product) panel(first, columns, firstK, k int) Rows {
	if firstK >= p.K {
		return Rows{}
	}
	return Rows{Data: p.B[firstK*p.BStride+first:], Stride: p.BStride, Count: min(k, p.K-firstK), Columns: columns}
}

// gatherPanel computes a panel of columns, for reduction indexes firstK to
// firstK+k-1 of each tap.
func (p *Product) gatherPanel(t *family[gatherTile], zeros *float32, first, columns, firstK, k int, f *fetches) {
	var bias *float32
	if p.Bias != nil {
		bias = &p.Bias[first]
	}
	byRows, cut := t.of(columns)
	larger, count, small := cutRows(p.Rows, len(byRows))
	row := 0
	run := func(rows, tiles int) {
		byRows[rows-1][cut](&p.Dst[row*p.DstStride+first], p.DstStride, &p.A[firstK], &p.Offsets[row*p.Taps],
			&p.B[firstK*p.BStride+first], p.BStride, bias, zeros, tiles, p.Taps, k, columns, p.Accumulate || firstK > 0)
		row += rows * tiles
	}
	for n := 0; larger > 0; larger -= n {
		n = f.turn(larger)
		run(small+1, n)
	}
	for n := 0; count > 0; count -= n {
		n = f.turn(count)
		run(small, n)
	}
}

// check panics if the product reaches outside of its slices.
func (p *Product) check() {
	_ = p.Dst[(p.Rows-1)*p.DstStride:][:p.N]
	_ = p.B[(p.Taps*p.K-1)*p.BStride:][:p.N]
	if p.Bias != nil {
		_ = p.Bias[:p.N]
	}
	checkOffsets(p.A, p.Offsets[:p.Rows*p.Taps], p.K)
}

// sumTiles computes the sum with tiles: blocks of the reduction, in each panels
// of columns.
func (o *Outer) sumTiles(t *family[outerTile]) {
	o.check()
	zeros := o.zeros()
	steps := len(o.Offsets)
	var f *fetches
	if o.Next[0].Count > 0 {
		f = new(fetches).begin(&o.Next, (steps+outerBlock-1)/outerBlock*t.turns(o.M, o.N))
	}
	for k := 0; k < steps; k += outerBlock {
		for first, columns := 0, 0; first < o.N; first += columns {
			columns = t.columns(o.N - first)
			for piece, n := 0, 0; piece < o.pieces(); piece += n {
				n = o.joined(t, columns, o.pieces()-piece)
				o.sumPanel(t, zeros, piece, n, first, columns, k, min(outerBlock, steps-k), f)
			}
		}
	}
}

// zeros returns the row that negative offsets stand for, or nil where it is known that
// there are none: tiles then spare themselves the question.
func (o *Outer) zeros() *float32 {
	if o.BOffsets == nil && active.smallestOffset != nil && active.smallestOffset(o.Offsets) == 0 {
		return nil
	}
	return &zeroRow(max(o.extent(), o.N))[0]
}

// joined returns how many of the pieces that are left the next tile has: several where
// one would be too few chains.
func (o *Outer) joined(t *family[outerTile], columns, left int) int {
	width := active.width
	if t.half != nil {
		width /= 2
	}
	if o.BOffsets != nil || columns > width || o.M < 2 || o.M-2 >= len(t.joined) {
		return 1
	}
	return min(left, len(t.joined[o.M-2])+1)
}

// sumPanel adds the terms firstK to firstK+k-1 to a panel of columns of some pieces.
func (o *Outer) sumPanel(t *family[outerTile], zeros *float32, piece, pieces, first, columns, firstK, k int, f *fetches) {
	byRows, cut := t.of(columns)
	row := 0
	b, bOffsets := first+firstK*o.BStride, (*int32)(nil)
	if o.BOffsets != nil {
		b, bOffsets = first, &o.BOffsets[firstK]
	}
	run := func(tile outerTile, rows, tiles int) {
		var bias *float32
		if o.Bias != nil {
			bias = &o.Bias[piece*o.M+row]
		}
		tile(&o.Dst[(piece*o.M+row)*o.DstStride+first], o.DstStride, &o.A[piece*o.PieceStride+row], &o.Offsets[firstK],
			o.PieceStride, &o.B[b], bOffsets, o.BStride, bias, zeros, tiles, k, columns, o.Accumulate || firstK > 0)
		row += rows * tiles
	}
	if pieces > 1 {
		run(t.joined[o.M-2][pieces-2], o.M*pieces, 1)
		return
	}
	larger, count, small := cutRows(o.M, len(byRows))
	if f == nil { // spelt out, for sums that are so small that it shows
		if larger > 0 {
			run(byRows[small][cut], small+1, larger)
		}
		run(byRows[small-1][cut], small, count)
		return
	}
	for n := 0; larger > 0; larger -= n {
		n = f.turn(larger)
		run(byRows[small][cut], small+1, n)
	}
	for n := 0; count > 0; count -= n {
		n = f.turn(count)
		run(byRows[small-1][cut], small, n)
	}
}

// check panics if the sum reaches outside of its slices.
func (o *Outer) check() {
	rows := o.pieces() * o.M
	_ = o.Dst[(rows-1)*o.DstStride:][:o.N]
	if o.Bias != nil {
		_ = o.Bias[:rows]
	}
	checkOffsets(o.A, o.Offsets, o.extent())
	if o.BOffsets == nil {
		_ = o.B[(len(o.Offsets)-1)*o.BStride:][:o.N]
		return
	}
	checkOffsets(o.B, o.BOffsets[:len(o.Offsets)], o.N)
}

// zeroRows is a row of zeros that grows with what is asked of it.
var zeroRows atomic.Pointer[[]float32]

// zeroRow returns a row of n zeros, which nothing may write to.
func zeroRow(n int) []float32 {
	row := zeroRows.Load()
	if row == nil || len(*row) < n {
		grown := make([]float32, max(n, 4096))
		row = &grown
		zeroRows.Store(row)
	}
	return (*row)[:n]
}
