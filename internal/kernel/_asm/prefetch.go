package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// cacheLine is the number of bytes that come into a cache at once.
const cacheLine = 64

// prefetch emits the function that fetches rows into the second-level cache, without
// waiting for them.
func prefetch(s isa) {
	if s.opmasks {
		return
	}
	s.function("prefetch", "(p *float32, stride, rows, columns int)", "fetches rows into the second-level cache.")
	p, stride, rows := load64(parameter("p")), loadBytes(parameter("stride")), load64(parameter("rows"))
	columns := loadBytes(parameter("columns"))
	Label("row")
	i := GP64()
	XORQ(i, i)
	Label("line")
	PREFETCHT1(Mem{Base: p, Index: i, Scale: 1})
	ADDQ(Imm(cacheLine), i)
	CMPQ(i, columns)
	JLT(LabelRef("line"))
	ADDQ(stride, p)
	DECQ(rows)
	JNZ(LabelRef("row"))
	RET()
}
