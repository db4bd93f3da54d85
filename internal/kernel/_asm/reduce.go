package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Reductions in 16 virtual lanes: with AVX-512 one register, with AVX2 two, or
// four and eight for float64. Lanes that the last block lacks take part as
// zeros, which change no sum that began at zero.

const lanes = 16

// row is a loop over blocks of 16 elements of slices of one length.
type row struct {
	isa
	bases []reg.GPVirtual
	index reg.GPVirtual
	masks []mask // of the parts of the last block; nil for whole blocks
}

// parts is the number of registers that 16 float32 values take.
func (s isa) parts() int { return lanes / s.width }

// load loads part i of the present block of a slice.
func (r *row) load(slice, i int) vec {
	v := r.register()
	from := Mem{Base: r.bases[slice], Index: r.index, Scale: 4, Disp: i * r.bytes()}
	m := mask{}
	if r.masks != nil {
		m = r.masks[i]
	}
	m.load(from, v)
	return v
}

// loadOr is load with a value for the elements that the last block lacks.
func (r *row) loadOr(slice, i int, missing vec) vec {
	v := r.load(slice, i)
	switch {
	case r.masks == nil:
		return v
	case r.opmasks:
		return condition{r.isa, reg.K1}.pick(v, missing)
	}
	return condition{r.isa, r.masks[i].ymm}.pick(v, missing)
}

// lastMasks makes the masks of a block of n < 16 elements.
func (s isa) lastMasks(n reg.GPVirtual) []mask {
	var masks []mask
	for i := range s.parts() {
		here, limit := GP64(), GP64()
		MOVQ(n, here)
		if s.parts() > 1 {
			XORQ(limit, limit)
			SUBQ(Imm(uint64(i*s.width)), here)
			CMOVQLT(limit, here)
			MOVQ(U32(uint32(s.width)), limit)
			CMPQ(here, limit)
			CMOVQGT(limit, here)
		}
		masks = append(masks, newMask(s, here))
	}
	return masks
}

// reduce emits a function whose body takes in every block of its slices.
func (s isa) reduce(name, signature string, slices []string, begin func() (block func(r *row), finish func())) {
	s.function(name, signature, "computes "+name+"Generic.")
	r := &row{isa: s, index: GP64()}
	for _, slice := range slices {
		r.bases = append(r.bases, Load(Param(slice).Base(), GP64()).(reg.GPVirtual))
	}
	n := Load(Param(slices[0]).Len(), GP64()).(reg.GPVirtual)
	block, finish := begin()
	XORQ(r.index, r.index)
	SUBQ(Imm(lanes), n)
	JL(LabelRef("rest"))
	Label("whole")
	block(r)
	ADDQ(Imm(lanes), r.index)
	SUBQ(Imm(lanes), n)
	JGE(LabelRef("whole"))
	Label("rest")
	ADDQ(Imm(lanes), n)
	JZ(LabelRef("done"))
	r.masks = s.lastMasks(n)
	block(r)
	Label("done")
	finish()
}

// joined is what fold joins lanes with: it leaves the result in a.
type joined func(b, a reg.Register)

// fold joins lane j+8 to lane j, then j+4, j+2 and j+1, and returns lane 0.
func (s isa) fold(partial []vec, join joined) reg.Register {
	low, high := YMM(), YMM()
	if s.wide() {
		VEXTRACTF64X4(Imm(1), partial[0], high)
		VMOVAPS(partial[0].AsY(), low)
	} else {
		low, high = partial[0], partial[1]
	}
	join(high, low)
	a, b := low.AsX(), XMM()
	VEXTRACTF128(Imm(1), low, b)
	join(b, a)
	VPSHUFD(Imm(0x4e), a, b)
	join(b, a)
	VPSHUFD(Imm(0xb1), a, b)
	join(b, a)
	return a
}

func result(index int) Mem {
	r, err := ReturnIndex(index).Resolve()
	if err != nil {
		panic(err)
	}
	return r.Addr
}

func (s isa) zeros(n int) []vec {
	v := s.registers(n)
	for _, z := range v {
		s.zero(z)
	}
	return v
}

func reductions(s isa) {
	plus := func(b, a reg.Register) { VADDPS(b, a, a) }
	s.reduce("sum", "(x []float32) float32", []string{"x"}, func() (func(r *row), func()) {
		partial := s.zeros(s.parts())
		block := func(r *row) {
			for i, p := range partial {
				VADDPS(r.load(0, i), p, p)
			}
		}
		return block, func() { s.finish(partial, plus) }
	})
	s.reduce("dot", "(x, y []float32) float32", []string{"x", "y"}, func() (func(r *row), func()) {
		partial := s.zeros(s.parts())
		block := func(r *row) {
			for i, p := range partial {
				VFMADD231PS(r.load(0, i), r.load(1, i), p)
			}
		}
		return block, func() { s.finish(partial, plus) }
	})
	s.reduce("squaredDistance", "(x, y []float32) float32", []string{"x", "y"}, func() (func(r *row), func()) {
		partial := s.zeros(s.parts())
		block := func(r *row) {
			for i, p := range partial {
				d := s.subtract(r.load(0, i), r.load(1, i))
				VFMADD231PS(d, d, p)
			}
		}
		return block, func() { s.finish(partial, plus) }
	})
	s.reduce("largest", "(x []float32) float32", []string{"x"}, s.largest)
	s.reduce("sumSquares", "(x []float32) float64", []string{"x"}, s.squares)
	s.offsets("largestOffset", func(b, a reg.Register) { VPMAXSD(b, a, a) })
	if !s.opmasks {
		s.offsets("smallestOffset", func(b, a reg.Register) { VPMINSD(b, a, a) })
	}
}

// offsets emits a function that joins offsets and zero.
func (s isa) offsets(name string, join joined) {
	s.reduce(name, "(offsets []int32) int32", []string{"offsets"}, func() (func(r *row), func()) {
		partial := s.zeros(s.parts())
		block := func(r *row) {
			for i, p := range partial {
				join(r.load(0, i), p)
			}
		}
		return block, func() { s.finish(partial, join) }
	})
}

// finish stores the joined lanes as the function's result.
func (s isa) finish(partial []vec, join joined) {
	VMOVSS(s.fold(partial, join), result(0))
	end()
}

// largest keeps the largest of each lane.
func (s isa) largest() (func(r *row), func()) {
	lowest := s.number(math.Inf(-1))
	partial := make([]vec, s.parts())
	for i := range partial {
		partial[i] = s.copyOf(lowest)
	}
	block := func(r *row) {
		for i, p := range partial {
			larger(r.loadOr(0, i, lowest), p)
		}
	}
	return block, func() { s.finish(partial, larger) }
}

// larger leaves in a what the function larger returns for a and b.
func larger(b, a reg.Register) {
	unordered, most := sameSize(a), sameSize(a)
	VMAXPS(a, b, most) // a if they are equal or one is NaN
	if a.Size() == 64 {
		VCMPPS(Imm(isUnordered), b, b, reg.K2)
		VBLENDMPS(b, most, reg.K2, a)
		return
	}
	VCMPPS(Imm(isUnordered), b, b, unordered)
	VBLENDVPS(unordered, b, most, a)
}

// sameSize returns a new register as large as r.
func sameSize(r reg.Register) reg.Register {
	switch r.Size() {
	case 64:
		return ZMM()
	case 32:
		return YMM()
	}
	return XMM()
}

// squares adds up exact squares in float64. Each register of float32 values
// becomes two of float64.
func (s isa) squares() (func(r *row), func()) {
	partial := s.zeros(2 * s.parts())
	block := func(r *row) {
		for i := range s.parts() {
			low, high := s.split(r.load(0, i))
			for j, half := range []reg.VecVirtual{low, high} {
				d := s.register()
				VCVTPS2PD(half, d)
				VFMADD231PD(d, d, partial[2*i+j])
			}
		}
	}
	return block, func() {
		s.foldPairs(partial)
		end()
	}
}

// split returns the two halves of a register.
func (s isa) split(v vec) (low, high reg.VecVirtual) {
	if s.wide() {
		high = YMM()
		VEXTRACTF64X4(Imm(1), v, high)
		return v.AsY().(reg.VecVirtual), high
	}
	high = XMM()
	VEXTRACTF128(Imm(1), v, high)
	return v.AsX().(reg.VecVirtual), high
}

// foldPairs folds lanes of float64 and stores the function's result.
func (s isa) foldPairs(partial []vec) {
	for len(partial) > 1 {
		half := len(partial) / 2
		for i := range half {
			VADDPD(partial[half+i], partial[i], partial[i])
		}
		partial = partial[:half]
	}
	y := YMM()
	if s.wide() {
		low, high := s.split(partial[0])
		VADDPD(high, low, y)
	} else {
		VMOVAPD(partial[0], y)
	}
	a, b := y.AsX(), XMM()
	VEXTRACTF128(Imm(1), y, b)
	VADDPD(b, a, a)
	VPSHUFD(Imm(0x4e), a, b)
	VADDPD(b, a, a)
	VMOVSD(a, result(0))
}
