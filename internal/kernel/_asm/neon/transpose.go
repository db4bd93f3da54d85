package main

const transposeSignature = "(dst, src *float32, dstStride, srcStride, dstBlock, srcBlock, blocks, rows, columns int)"

// transpositions emits the function that transposes blocks of at least four rows
// and columns, four by four; where less than four are left, they are done together
// with those before them.
func transpositions(out *file) {
	f := out.function("transpose", transposeSignature, "computes transposeGeneric.")
	dst, src := f.value("dst"), f.value("src")
	toStride, fromStride, toBlock, fromBlock := f.multiples("dstStride"), f.multiples("srcStride"), f.bytes("dstBlock"), f.bytes("srcBlock")
	four, blocks := f.gp(), f.value("blocks")
	f.op("MOVD", immediate(4), four)
	f.label("block")
	from, to, rows := f.pointerTo(src), f.pointerTo(dst), f.value("rows")
	f.label("rows")
	source, target, columns := f.pointerTo(from), f.pointerTo(to), f.value("columns")
	f.label("columns")
	f.transpose(source, target, fromStride, toStride)
	f.nextFour(columns, source, target, four, toStride[1], "columns")
	f.nextFour(rows, to, from, four, fromStride[1], "rows")
	f.op("ADD", fromBlock, src)
	f.op("ADD", toBlock, dst)
	f.countDown(blocks, "block")
	f.end()
}

// multiples returns 1, 2 and 3 times a parameter that counts float32 values, in
// bytes, at these indexes.
func (f *function) multiples(name string) [4]gp {
	one, two, three := f.bytes(name), f.gp(), f.gp()
	f.op("ADD", one, one, two)
	f.op("ADD", two, one, three)
	return [4]gp{1: one, 2: two, 3: three}
}

// pointerTo returns a pointer of its own to where another points.
func (f *function) pointerTo(r gp) gp {
	c := f.gp()
	f.op("MOVD", r, c)
	return c
}

// fourRows are the memory of four rows below each other.
func fourRows(from gp, strides [4]gp) [4]memory {
	rows := [4]memory{at(from, 0)}
	for i := range rows[1:] {
		rows[i+1] = memory{base: from, index: &strides[i+1]}
	}
	return rows
}

// transpose transposes four rows of four columns.
func (f *function) transpose(from, to gp, fromStrides, toStrides [4]gp) {
	var v [4]vec
	for i, m := range fourRows(from, fromStrides) {
		v[i] = f.load(m, lanes)
	}
	v = f.transposed(v)
	for i, m := range fourRows(to, toStrides) {
		f.store(v[i], lanes, m)
	}
}

// transposed returns the columns of four rows.
func (f *function) transposed(v [4]vec) [4]vec {
	apply := func(mnemonic, arrangement string, a, b vec) vec {
		r := f.vec()
		f.op(mnemonic, as{b, arrangement}, as{a, arrangement}, as{r, arrangement})
		return r
	}
	even01, odd01 := apply("VTRN1", "S4", v[0], v[1]), apply("VTRN2", "S4", v[0], v[1])
	even23, odd23 := apply("VTRN1", "S4", v[2], v[3]), apply("VTRN2", "S4", v[2], v[3])
	return [4]vec{
		apply("VTRN1", "D2", even01, even23), apply("VTRN1", "D2", odd01, odd23),
		apply("VTRN2", "D2", even01, even23), apply("VTRN2", "D2", odd01, odd23),
	}
}

// nextFour takes four from what is left of rows or columns and goes on with the
// next of them, or with the last four where fewer are left: along is a pointer to
// neighbours, and across to what lies stride bytes apart.
func (f *function) nextFour(left, along, across, four, stride gp, loop string) {
	step := f.gp()
	f.op("SUBS", immediate(4), left)
	f.branch("BLE", loop+"Done")
	f.op("CMP", four, left)
	f.op("CSEL", text("LT"), left, four, step)
	f.op("CSEL", text("LT"), four, left, left)
	f.op("ADD", shifted{step, 2}, along)
	f.op("MADD", stride, across, step, across)
	f.branch("JMP", loop)
	f.label(loop + "Done")
}
