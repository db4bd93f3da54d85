package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const transposeSignature = "(dst, src *float32, dstStride, srcStride, dstBlock, srcBlock, blocks, rows, columns int)"

// transpositions emits the function that transposes blocks of at least four rows
// and columns, four by four; where less than four are left, they are done together
// with those before them. It is the same for all instruction sets: wider registers
// would need many more instructions to exchange their parts.
func transpositions(s isa) {
	if s.opmasks {
		return
	}
	s.function("transpose", transposeSignature, "computes transposeGeneric.")
	dstStride, srcStride := loadBytes(parameter("dstStride")), loadBytes(parameter("srcStride"))
	dst3, src3 := times3(dstStride), times3(srcStride)
	Label("block")
	from, to, rows := load64(parameter("src")), load64(parameter("dst")), load64(parameter("rows"))
	four := GP64()
	MOVQ(U32(4), four)
	Label("rows")
	source, target, columns := copyOf(from), copyOf(to), load64(parameter("columns"))
	Label("columns")
	transpose(source, target, srcStride, dstStride, src3, dst3)
	nextFour(columns, source, target, four, dstStride, "columns")
	nextFour(rows, to, from, four, srcStride, "rows")
	ADDQ(loadBytes(parameter("srcBlock")), parameter("src"))
	ADDQ(loadBytes(parameter("dstBlock")), parameter("dst"))
	DECQ(parameter("blocks"))
	JNZ(LabelRef("block"))
	end()
}

func copyOf(r reg.GPVirtual) reg.GPVirtual {
	c := GP64()
	MOVQ(r, c)
	return c
}

// transpose transposes four rows of four columns.
func transpose(from, to, fromStride, toStride, fromStride3, toStride3 reg.GPVirtual) {
	var v [4]vec
	for i, m := range fourRows(from, fromStride, fromStride3) {
		v[i] = XMM()
		VMOVUPS(m, v[i])
	}
	v = transposed(v, XMM)
	for i, m := range fourRows(to, toStride, toStride3) {
		VMOVUPS(v[i], m)
	}
}

// times3 returns three times n.
func times3(n reg.GPVirtual) reg.GPVirtual {
	r := GP64()
	LEAQ(Mem{Base: n, Index: n, Scale: 2}, r)
	return r
}

// fourRows are the memory of four rows below each other.
func fourRows(from, stride, stride3 reg.GPVirtual) [4]Mem {
	return [4]Mem{
		{Base: from}, {Base: from, Index: stride, Scale: 1},
		{Base: from, Index: stride, Scale: 2}, {Base: from, Index: stride3, Scale: 1},
	}
}

// transposed returns the columns of four rows: of each quarter of registers for itself.
func transposed(v [4]vec, register func() reg.VecVirtual) [4]vec {
	apply := func(instruction func(...Op), a, b vec) vec {
		r := register()
		instruction(b, a, r)
		return r
	}
	low01, high01 := apply(VUNPCKLPS, v[0], v[1]), apply(VUNPCKHPS, v[0], v[1])
	low23, high23 := apply(VUNPCKLPS, v[2], v[3]), apply(VUNPCKHPS, v[2], v[3])
	return [4]vec{
		apply(VUNPCKLPD, low01, low23), apply(VUNPCKHPD, low01, low23),
		apply(VUNPCKLPD, high01, high23), apply(VUNPCKHPD, high01, high23),
	}
}

// nextFour takes four from what is left of rows or columns and goes on with the
// next of them, or with the last four where fewer are left: along is a pointer to
// neighbours, and across to what lies stride bytes apart.
func nextFour(left, along, across, four, stride reg.GPVirtual, loop string) {
	step := GP64()
	SUBQ(four, left)
	JLE(LabelRef(loop + "Done"))
	MOVQ(left, step)
	CMPQ(left, four)
	CMOVQGT(four, step)
	CMOVQLT(four, left)
	LEAQ(Mem{Base: along, Index: step, Scale: 4}, along)
	IMULQ(stride, step)
	ADDQ(step, across)
	JMP(LabelRef(loop))
	Label(loop + "Done")
}
