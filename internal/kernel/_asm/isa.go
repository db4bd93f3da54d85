package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one of the two instruction sets that a kernel is written for.
type isa struct {
	suffix  string // of the names of functions
	width   int    // float32 values in a register
	opmasks bool   // mask registers choose lanes
}

var (
	avx512 = isa{"AVX512", 16, true}
	avx2   = isa{"AVX2", 8, false}
	// avx512Half is AVX-512 on half a register: twice as fast for rows of up to 8
	// values on processors that compute a register's halves one after the other.
	avx512Half = isa{"AVX512Half", 8, true}
)

func (s isa) wide() bool { return s.width == 16 }

// allRegisters is the number of vector registers.
func (s isa) allRegisters() int {
	if s.wide() {
		return 32
	}
	return 16
}

// bytes is the size of a register.
func (s isa) bytes() int { return 4 * s.width }

// register returns a new register of float32 values.
func (s isa) register() reg.VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

func (s isa) registers(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = s.register()
	}
	return v
}

func (s isa) zero(v reg.Register) { VXORPS(v, v, v) }

// function begins a function that does not keep its pointers.
func (s isa) function(name, signature, doc string) {
	TEXT(name+s.suffix, NOSPLIT, "func"+signature)
	Doc(name + s.suffix + " " + doc)
	Pragma("noescape")
}

// end ends a function.
func end() {
	VZEROUPPER()
	RET()
}

// parameter is where a parameter of the present function lies in memory.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(fmt.Sprintf("parameter %s: %v", name, err))
	}
	return p.Addr
}

// load64 copies 64 bits of memory to a new register.
func load64(m Mem) reg.GPVirtual {
	r := GP64()
	MOVQ(m, r)
	return r
}

// loadBytes loads a number of float32 values and turns it into bytes.
func loadBytes(m Mem) reg.GPVirtual {
	r := load64(m)
	SHLQ(Imm(2), r)
	return r
}

// at is the memory disp bytes from base.
func at(base reg.Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// mask selects the lanes of a vector that are inside of a row. Its zero value
// selects all.
type mask struct {
	isa  isa
	some bool
	ymm  reg.VecVirtual // AVX2: lanes with their highest bit set; AVX-512: K1
}

// newMask returns a mask of the first n lanes; n is changed.
func newMask(s isa, n reg.GPVirtual) mask {
	m := mask{isa: s, some: true}
	if s.opmasks {
		all := GP32()
		MOVL(U32(0xffff), all)
		BZHIL(n.As32(), all, all)
		KMOVW(all, reg.K1)
		return m
	}
	m.ymm = YMM()
	table := GP64()
	LEAQ(lanesTable(), table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 4 * s.width}, m.ymm)
	return m
}

// load loads the selected lanes and makes the others zero.
func (m mask) load(from Mem, to reg.Register) {
	switch {
	case !m.some:
		VMOVUPS(from, to)
	case m.isa.opmasks:
		VMOVUPS_Z(from, reg.K1, to)
	default:
		VMASKMOVPS(from, m.ymm, to)
	}
}

// store stores the selected lanes.
func (m mask) store(from reg.Register, to Mem) {
	switch {
	case !m.some:
		VMOVUPS(from, to)
	case m.isa.opmasks:
		VMOVUPS(from, reg.K1, to)
	default:
		VMASKMOVPS(from, m.ymm, to)
	}
}

// constants are the 32-bit patterns that functions of the present file read from
// memory, each repeated for a whole AVX2 register.
var (
	constants []uint32
	usesLanes bool
	usesBits  bool
	usesCount bool
)

const (
	lanesName = "lanes"
	bitsName  = "bits"
	countName = "count"
)

// bitsTable is memory of 8 lanes with one bit each.
func bitsTable() Mem {
	usesBits = true
	return NewDataAddr(NewStaticSymbol(bitsName), 0)
}

// lanesTable is memory of 8 selected lanes and 8 others.
func lanesTable() Mem {
	usesLanes = true
	return NewDataAddr(NewStaticSymbol(lanesName), 0)
}

// pattern is the memory that repeats a 32-bit pattern.
func pattern(bits uint32) Mem {
	if !slices.Contains(constants, bits) {
		constants = append(constants, bits)
	}
	return NewDataAddr(NewStaticSymbol(fmt.Sprintf("x%08x", bits)), 0)
}

// number is the memory that repeats a float32.
func number(v float64) Mem { return pattern(math.Float32bits(float32(v))) }

// broadcast returns a new register with a float32 in every lane.
func (s isa) broadcast(m Mem) reg.VecVirtual {
	v := s.register()
	VBROADCASTSS(m, v)
	return v
}

// defineConstants writes the memory that the functions refer to.
func defineConstants() {
	if usesLanes {
		GLOBL(lanesName, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(uint32(int32(i-8)>>31)))
		}
	}
	if usesBits {
		GLOBL(bitsName, RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(1<<i))
		}
	}
	if usesCount {
		GLOBL(countName, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(i))
		}
	}
	for _, bits := range constants {
		GLOBL(fmt.Sprintf("x%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
	}
}
