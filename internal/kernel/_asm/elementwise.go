package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stream is a loop over slices of one length: whole vectors, and a last one that
// is cut.
type stream struct {
	isa
	index reg.GPVirtual // in elements
	bases map[string]reg.GPVirtual
	mask  mask
}

func (l *stream) memory(slice string) Mem {
	return Mem{Base: l.bases[slice], Index: l.index, Scale: 4}
}

func (l *stream) load(slice string) vec {
	v := l.register()
	l.mask.load(l.memory(slice), v)
	return v
}

func (l *stream) store(slice string, v vec) { l.mask.store(v, l.memory(slice)) }

// constant broadcasts a parameter, or element i of one that is an array.
func (s isa) constant(name string) vec { return s.broadcast(parameter(name)) }

func (s isa) element(name string, i int) vec {
	p, err := Param(name).Index(i).Resolve()
	if err != nil {
		panic(err)
	}
	return s.broadcast(p.Addr)
}

// each emits a function whose body is run on every vector of its slices, which
// are as long as the first one. begin is emitted in front of the loop.
func (s isa) each(name, signature, slices string, begin func() (body func(l *stream))) {
	s.function(name, signature, "computes "+name+"Generic.")
	names := strings.Fields(slices)
	l := &stream{isa: s, bases: map[string]reg.GPVirtual{}}
	for _, slice := range names {
		l.bases[slice] = Load(Param(slice).Base(), GP64()).(reg.GPVirtual)
	}
	n := Load(Param(names[0]).Len(), GP64()).(reg.GPVirtual)
	body := begin()
	l.index = GP64()
	XORQ(l.index, l.index)
	SUBQ(Imm(uint64(s.width)), n)
	JL(LabelRef("rest"))
	Label("whole")
	body(l)
	ADDQ(Imm(uint64(s.width)), l.index)
	SUBQ(Imm(uint64(s.width)), n)
	JGE(LabelRef("whole"))
	Label("rest")
	ADDQ(Imm(uint64(s.width)), n)
	JZ(LabelRef("done"))
	l.mask = newMask(s, n)
	body(l)
	Label("done")
	end()
}

// simple emits a function without anything in front of its loop.
func (s isa) simple(name, signature, slices string, body func(l *stream)) {
	s.each(name, signature, slices, func() func(l *stream) { return body })
}

func elementwise(s isa) {
	s.each("axpy", "(c, b []float32, a float32)", "c b", func() func(l *stream) {
		a := s.constant("a")
		return func(l *stream) { l.store("c", s.fma(a, l.load("b"), l.load("c"))) }
	})
	s.simple("mulAdd", "(dst, a, b []float32)", "dst a b", func(l *stream) {
		l.store("dst", s.fma(l.load("a"), l.load("b"), l.load("dst")))
	})
	s.simple("add", "(dst, src []float32)", "dst src", func(l *stream) {
		l.store("dst", s.add(l.load("dst"), l.load("src")))
	})
	s.each("scale", "(x []float32, a float32)", "x", func() func(l *stream) {
		a := s.constant("a")
		return func(l *stream) { l.store("x", s.multiply(l.load("x"), a)) }
	})
	s.each("movingAverage", "(average, p []float32, rate float32)", "average p", func() func(l *stream) {
		rate := s.constant("rate")
		return func(l *stream) {
			average := l.load("average")
			l.store("average", s.fma(rate, s.subtract(l.load("p"), average), average))
		}
	})
	bytesKernels(s)
	activations(s)
	softmaxes(s)
	updates(s)
}

func activations(s isa) {
	s.rectifiers()
	for _, f := range []struct {
		name, seen   string // seen by the gradient: the input or the output
		value, slope func(isa, vec) vec
	}{
		{"silu", "x", isa.silu, isa.siluSlope}, {"gelu", "x", isa.gelu, isa.geluSlope},
		{"hardSwish", "x", isa.hardSwish, isa.hardSwishSlope}, {"sigmoid", "y", isa.sigmoid, isa.sigmoidSlope},
	} {
		s.simple(f.name, "(dst, x []float32)", "dst x", func(l *stream) { l.store("dst", f.value(s, l.load("x"))) })
		s.simple(f.name+"Gradient", "(dx, dy, "+f.seen+" []float32)", "dx dy "+f.seen, func(l *stream) {
			l.store("dx", s.multiply(f.slope(s, l.load(f.seen)), l.load("dy")))
		})
	}
}

// rectifiers emits ReLU and ReLU6 with their gradients.
func (s isa) rectifiers() {
	withZero := func(name, signature, slices string, body func(l *stream, zero vec)) {
		s.each(name, signature, slices, func() func(l *stream) {
			zero := s.register()
			s.zero(zero)
			return func(l *stream) { body(l, zero) }
		})
	}
	withZero("relu", "(dst, x []float32)", "dst x", func(l *stream, zero vec) {
		x := l.load("x")
		l.store("dst", s.compare(notAtMost, x, zero).keep(x))
	})
	withZero("reluGradient", "(dx, dy, y []float32)", "dx dy y", func(l *stream, zero vec) {
		l.store("dx", s.compare(notEqual, l.load("y"), zero).keep(l.load("dy")))
	})
	withZero("relu6", "(dst, x []float32)", "dst x", func(l *stream, zero vec) {
		x := l.load("x")
		l.store("dst", s.atMost(s.number(6), s.compare(notAtMost, x, zero).keep(x)))
	})
	withZero("relu6Gradient", "(dx, dy, y []float32)", "dx dy y", func(l *stream, zero vec) {
		y := l.load("y")
		inside := s.compare(notEqual, y, zero).andCompare(notEqual, y, s.number(6))
		l.store("dx", inside.keep(l.load("dy")))
	})
}

// softmaxes emits the elementwise parts of softmax.
func softmaxes(s isa) {
	s.each("expMinus", "(dst, x []float32, top float32)", "dst x", func() func(l *stream) {
		top := s.constant("top")
		return func(l *stream) { l.store("dst", s.exp(s.subtract(l.load("x"), top))) }
	})
	s.each("divide", "(x []float32, by float32)", "x", func() func(l *stream) {
		by := s.constant("by")
		return func(l *stream) { l.store("x", s.divide(l.load("x"), by)) }
	})
	s.each("centered", "(dx, dy, y []float32, dot float32)", "dx dy y", func() func(l *stream) {
		dot := s.constant("dot")
		return func(l *stream) {
			l.store("dx", s.multiply(l.load("y"), s.subtract(l.load("dy"), dot)))
		}
	})
}

// flush returns 0 for v of a magnitude below the limit.
func (s isa) flush(v vec, limit float64) vec {
	return s.compare(notLess, s.magnitude(v), s.number(limit)).keep(v)
}

const (
	tinyAverage  = 1e-30
	tinyVariance = 1e-36
)

// updates emits the optimizers. Their constants are read where they are used:
// there are more than AVX2 has registers.
func updates(s isa) {
	s.simple("sgd", "(p, g []float32, rate, decay float32)", "p g", func(l *stream) {
		p := l.load("p")
		g := s.fma(s.constant("decay"), p, l.load("g"))
		l.store("p", s.fmaNegated(s.constant("rate"), g, p))
	})
	for _, nesterov := range []bool{false, true} {
		name := map[bool]string{false: "momentum", true: "nesterov"}[nesterov]
		s.simple(name, "(p, b, g []float32, rate, momentum, decay float32)", "p b g", func(l *stream) {
			p := l.load("p")
			g := s.fma(s.constant("decay"), p, l.load("g"))
			step := s.flush(s.fma(s.constant("momentum"), l.load("b"), g), tinyAverage)
			l.store("b", step)
			if nesterov {
				step = s.fma(s.constant("momentum"), step, g)
			}
			l.store("p", s.fmaNegated(s.constant("rate"), step, p))
		})
	}
	s.simple("adam", "(p, m, v, g []float32, k [9]float32)", "p m v g", s.adamStep)
	s.simple("lion", "(p, m, g []float32, k [6]float32)", "p m g", s.lionStep)
}

// adamStep takes its constants in the order of AdamConstants.
func (s isa) adamStep(l *stream) {
	k := func(i int) vec { return s.element("k", i) }
	p := l.load("p")
	g := s.fma(k(7), p, l.load("g"))
	average := s.flush(s.fma(k(0), l.load("m"), s.multiply(k(1), g)), tinyAverage)
	variance := s.fma(g, s.multiply(k(3), g), s.multiply(k(2), l.load("v")))
	variance = s.compare(notLess, variance, s.number(tinyVariance)).keep(variance)
	l.store("m", average)
	l.store("v", variance)
	root := s.register()
	VSQRTPS(variance, root)
	d := s.fma(root, k(4), k(5))
	l.store("p", s.fmaNegated(s.divide(average, d), k(6), s.multiply(k(8), p)))
}

// lionStep takes its constants in the order of LionConstants.
func (s isa) lionStep(l *stream) {
	k := func(i int) vec { return s.element("k", i) }
	g, m, zero := l.load("g"), l.load("m"), s.register()
	s.zero(zero)
	c := s.fma(k(1), m, s.multiply(k(2), g))
	l.store("m", s.flush(s.fma(k(3), m, s.multiply(k(4), g)), tinyAverage))
	rate := k(0)
	step := s.subtract(s.compare(greater, c, zero).keep(rate), s.compare(less, c, zero).keep(rate))
	l.store("p", s.subtract(s.multiply(k(5), l.load("p")), step))
}

// bytesKernels emits what reads bytes or bits beside float32 values. The slices
// are multiples of 16 long: nothing is cut.
func bytesKernels(s isa) {
	s.simple("fromBytes", "(dst []float32, x []uint8)", "dst x", func(l *stream) {
		v := s.register()
		VPMOVZXBD(Mem{Base: l.bases["x"], Index: l.index, Scale: 1}, v)
		VCVTDQ2PS(v, v)
		l.store("dst", v)
	})
	s.each("mask", "(dst, x []float32, keep []uint8, scale float32)", "dst x keep", func() func(l *stream) {
		scale := s.constant("scale")
		return func(l *stream) { l.store("dst", s.multiply(l.bits("keep").keep(l.load("x")), scale)) }
	})
}

// bits returns the condition that a lane's bit of a slice is set.
func (l *stream) bits(slice string) condition {
	at := GP64()
	MOVQ(l.index, at)
	SHRQ(Imm(3), at)
	from := Mem{Base: l.bases[slice], Index: at, Scale: 1}
	if l.wide() {
		k := K()
		KMOVW(from, k)
		return condition{l.isa, k}
	}
	lanes, bit := YMM(), YMM()
	VPBROADCASTB(from, lanes)
	VMOVUPS(bitsTable(), bit)
	VPAND(bit, lanes, lanes)
	return l.equalBits(lanes, bit)
}
