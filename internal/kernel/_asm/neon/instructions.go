package main

import "fmt"

// lanes is the number of float32 values in a vector register.
const lanes = 4

// scalarMove moves 4, 2 or 1 lanes between memory and a vector register; a load
// makes the other lanes zero.
var scalarMove = map[int]string{4: "FMOVQ", 2: "FMOVD", 1: "FMOVS"}

// load loads n lanes.
func (f *function) load(from memory, n int) vec {
	v := f.vec()
	f.loadTo(from, n, v)
	return v
}

func (f *function) loadTo(from memory, n int, v vec) {
	if n == lanes && from.index != nil {
		f.indexed("ldr", ldrQ, v, from)
		return
	}
	f.op(scalarMove[n], from, v)
}

// store stores n lanes.
func (f *function) store(v vec, n int, to memory) {
	if n == lanes && to.index != nil {
		f.indexed("str", strQ, v, to)
		return
	}
	f.op(scalarMove[n], v, to)
}

// loadNext loads n lanes and moves the pointer behind them.
func (f *function) loadNext(from gp, n int) vec {
	v := f.vec()
	f.op(scalarMove[n]+".P", at(from, 4*n), v)
	return v
}

// indexed emits a load or store of a whole register at an index in bytes.
func (f *function) indexed(mnemonic string, e encoding, v vec, m memory) {
	f.word(
		func() uint32 { return e.word(v.number, m.base.number, m.index.number) },
		func() string {
			return fmt.Sprintf("%s q%d, [x%d, x%d]", mnemonic, v.number, m.base.number, m.index.number)
		},
		v.register, m.base.register, m.index.register)
}

// storeBytes stores the lowest byte of each of n lanes, 4 or 1. It changes v.
func (f *function) storeBytes(v vec, n int, to memory) {
	if n == 1 {
		b := f.gp()
		f.op("VMOV", as{v, "B[0]"}, b)
		f.op("MOVB", b, to)
		return
	}
	f.op("VUZP1", v.b16(), v.b16(), v.b16())
	f.op("VUZP1", v.b16(), v.b16(), v.b16())
	f.op("FMOVS", v, to)
}

// loadBytes loads a byte into each of n lanes, 4 or 1.
func (f *function) loadBytes(from memory, n int) vec {
	if n == 1 {
		b := f.gp()
		f.op("MOVBU", from, b)
		return f.everyLane(b)
	}
	v := f.vec()
	f.op("FMOVS", from, v)
	f.op("VUXTL", as{v, "B8"}, as{v, "H8"})
	f.op("VUXTL", as{v, "H4"}, as{v, "S4"})
	return v
}

func (f *function) zero(v vec) { f.op("VEOR", v.b16(), v.b16(), v.b16()) }

// zeros returns n new registers of zeros.
func (f *function) zeros(n int) []vec {
	v := f.vecs(n)
	for _, z := range v {
		f.zero(z)
	}
	return v
}

func (f *function) move(from, to vec) {
	f.op("VMOV", from.b16(), to.b16())
	f.lines[len(f.lines)-1].move = true
}

// everyLane returns a number of a general register in every lane.
func (f *function) everyLane(n gp) vec {
	v := f.vec()
	f.op("VDUP", n, v.s4())
	return v
}

// multiplyLane adds a times one lane of b to acc, rounded once.
func (f *function) multiplyLane(acc, a, b vec, lane int) {
	f.word(
		func() uint32 { return fmlaLane.word(acc.number, a.number, b.number) | laneBits(lane) },
		func() string {
			return fmt.Sprintf("fmla v%d.4s, v%d.4s, v%d.s[%d]", acc.number, a.number, b.number, lane)
		},
		acc.register, a.register, b.register)
}

// value loads a parameter of 64 bits.
func (f *function) value(name string) gp {
	r := f.gp()
	f.op("MOVD", f.variable(name), r)
	return r
}

// bytes loads a parameter that counts float32 values, in bytes.
func (f *function) bytes(name string) gp {
	r := f.value(name)
	f.op("LSL", immediate(2), r)
	return r
}

// setValue stores a parameter of 64 bits.
func (f *function) setValue(name string, r gp) { f.op("MOVD", r, f.variable(name)) }

// branchIf branches where the parameter, a bool, is true.
func (f *function) branchIf(name, target string) {
	r := f.gp()
	f.op("MOVBU", f.variable(name), r)
	f.branch("CBNZ", target, r)
}

// countDown takes one from a counter and branches until it is zero.
func (f *function) countDown(counter gp, target string) {
	f.op("SUBS", immediate(1), counter)
	f.branch("BNE", target)
}

// gathered returns a pointer to the elements at an offset of a, or to zeros if it
// is negative.
func (f *function) gathered(a, offset, zeros gp) gp {
	p := f.gp()
	f.op("ADD", shifted{offset, 2}, a, p)
	f.op("CMP", immediate(0), offset)
	f.op("CSEL", text("LT"), zeros, p, p)
	return p
}

// loadOffset loads an offset.
func (f *function) loadOffset(from memory) gp {
	offset := f.gp()
	f.op("MOVW", from, offset)
	return offset
}

// nextOffset loads an offset and moves the pointer to the next.
func (f *function) nextOffset(from gp) gp {
	offset := f.gp()
	f.op("MOVW.P", at(from, 4), offset)
	return offset
}

func (f *function) end() { f.op("RET") }
