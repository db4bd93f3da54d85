package main

import (
	"fmt"
	"strings"
)

// stream is a loop over slices of one length.
type stream struct {
	*function
	bases       map[string]gp
	lanes, skip int // skip elements lie between the bases and the present vector
}

func (l *stream) memory(slice string) memory {
	return at(l.bases[slice], l.skip*l.elements[slice])
}

func (l *stream) load(slice string) vec     { return l.function.load(l.memory(slice), l.lanes) }
func (l *stream) store(slice string, v vec) { l.function.store(v, l.lanes, l.memory(slice)) }

// each emits a function whose body is run on every vector of its slices, which
// are as long as the first one: on several vectors at a time, on one, and on
// single elements. begin is emitted in front of the loops.
func (out *file) each(name, signature, slices string, vectors int, begin func(f *function) func(l *stream)) {
	f := out.function(name, signature, "computes "+name+"Generic.")
	names := strings.Fields(slices)
	l := &stream{function: f, bases: map[string]gp{}}
	for _, slice := range names {
		l.bases[slice] = f.value(slice + "_base")
	}
	n := f.value(names[0] + "_len")
	body := begin(f)
	for i, size := range []struct{ vectors, lanes int }{{vectors, lanes}, {1, lanes}, {1, 1}} {
		if i == 0 && vectors == 1 {
			continue
		}
		l.lanes = size.lanes
		f.whole(n, size.vectors*size.lanes, []string{"several", "vector", "single"}[i], func() {
			for u := range size.vectors {
				l.skip = u * size.lanes
				body(l)
			}
			for _, slice := range names {
				f.op("ADD", immediate(size.vectors*size.lanes*f.elements[slice]), l.bases[slice])
			}
		})
	}
	f.end()
}

// whole emits body for as many times as there are n elements of the counter, and
// leaves the rest in it.
func (f *function) whole(counter gp, n int, label string, body func()) {
	f.op("SUBS", immediate(n), counter)
	f.branch("BLT", label+"End")
	f.label(label)
	body()
	f.op("SUBS", immediate(n), counter)
	f.branch("BGE", label)
	f.label(label + "End")
	f.op("ADD", immediate(n), counter)
}

// Numbers of vectors at a time: where little is done, the loop itself counts.
const (
	fewInstructions  = 4
	manyInstructions = 1
)

// simple emits a function without anything in front of its loops.
func (out *file) simple(name, signature, slices string, vectors int, body func(l *stream)) {
	out.each(name, signature, slices, vectors, func(*function) func(l *stream) { return body })
}

// withParameter emits a function that reads a parameter in front of its loops.
func (out *file) withParameter(name, signature, slices, parameter string, vectors int, body func(l *stream, v vec)) {
	out.each(name, signature, slices, vectors, func(f *function) func(l *stream) {
		v := f.constant(parameter)
		return func(l *stream) { body(l, v) }
	})
}

func elementwise(out *file) {
	out.withParameter("axpy", "(c, b []float32, a float32)", "c b", "a", fewInstructions, func(l *stream, a vec) {
		l.store("c", l.fma(a, l.load("b"), l.load("c")))
	})
	out.simple("mulAdd", "(dst, a, b []float32)", "dst a b", fewInstructions, func(l *stream) {
		l.store("dst", l.fma(l.load("a"), l.load("b"), l.load("dst")))
	})
	out.simple("add", "(dst, src []float32)", "dst src", fewInstructions, func(l *stream) {
		l.store("dst", l.add(l.load("dst"), l.load("src")))
	})
	out.withParameter("scale", "(x []float32, a float32)", "x", "a", fewInstructions, func(l *stream, a vec) {
		l.store("x", l.multiply(l.load("x"), a))
	})
	out.withParameter("movingAverage", "(average, p []float32, rate float32)", "average p", "rate", fewInstructions, func(l *stream, rate vec) {
		average := l.load("average")
		l.store("average", l.fma(rate, l.subtract(l.load("p"), average), average))
	})
	fromBytes(out)
	mask(out)
	rectifiers(out)
	activations(out)
	softmaxes(out)
	updates(out)
}

// fromBytes emits a loop that loads as many bytes at once as a vector has lanes.
func fromBytes(out *file) {
	out.simple("fromBytes", "(dst []float32, x []uint8)", "dst x", manyInstructions, func(l *stream) {
		l.store("dst", l.apply1(floatOfNatural, l.loadBytes(l.memory("x"), l.lanes)))
	})
}

// mask emits a loop over bytes of 8 bits. The slices are multiples of 16 long.
func mask(out *file) {
	f := out.function("mask", "(dst, x []float32, keep []uint8, scale float32)", "computes maskGeneric.")
	dst, x, keep, n := f.value("dst_base"), f.value("x_base"), f.value("keep_base"), f.value("dst_len")
	scale := f.constant("scale")
	low, high := f.patterns([lanes]uint32{1, 2, 4, 8}), f.patterns([lanes]uint32{16, 32, 64, 128})
	f.whole(n, 2*lanes, "byte", func() {
		b := f.gp()
		f.op("MOVBU.P", at(keep, 1), b)
		bits := f.everyLane(b)
		for i, bit := range []vec{low, high} {
			kept := f.keep(f.simple("VCMTST", "S4", bits, bit), f.load(at(x, 4*lanes*i), lanes))
			f.store(f.multiply(kept, scale), lanes, at(dst, 4*lanes*i))
		}
		f.op("ADD", immediate(8*lanes), x)
		f.op("ADD", immediate(8*lanes), dst)
	})
	f.end()
}

// rectifiers emits ReLU and ReLU6 with their gradients.
func rectifiers(out *file) {
	const vectors = fewInstructions
	out.simple("relu", "(dst, x []float32)", "dst x", vectors, func(l *stream) {
		x := l.load("x")
		l.store("dst", l.drop(l.notLess(l.number(0), x), x))
	})
	out.simple("reluGradient", "(dx, dy, y []float32)", "dx dy y", vectors, func(l *stream) {
		l.store("dx", l.drop(l.equal(l.load("y"), l.number(0)), l.load("dy")))
	})
	out.simple("relu6", "(dst, x []float32)", "dst x", vectors, func(l *stream) {
		x := l.load("x")
		l.store("dst", l.atMost(l.number(6), l.drop(l.notLess(l.number(0), x), x)))
	})
	out.simple("relu6Gradient", "(dx, dy, y []float32)", "dx dy y", vectors, func(l *stream) {
		y := l.load("y")
		l.store("dx", l.drop(l.or(l.equal(y, l.number(0)), l.equal(y, l.number(6))), l.load("dy")))
	})
}

func activations(out *file) {
	for _, a := range []struct {
		name, seen   string // seen by the gradient: the input or the output
		value, slope func(*function, vec) vec
	}{
		{"silu", "x", (*function).silu, (*function).siluSlope},
		{"gelu", "x", (*function).gelu, (*function).geluSlope},
		{"hardSwish", "x", (*function).hardSwish, (*function).hardSwishSlope},
		{"sigmoid", "y", (*function).sigmoid, (*function).sigmoidSlope},
	} {
		out.simple(a.name, "(dst, x []float32)", "dst x", manyInstructions, func(l *stream) {
			l.store("dst", a.value(l.function, l.load("x")))
		})
		out.simple(a.name+"Gradient", "(dx, dy, "+a.seen+" []float32)", "dx dy "+a.seen, manyInstructions, func(l *stream) {
			l.store("dx", l.multiply(a.slope(l.function, l.load(a.seen)), l.load("dy")))
		})
	}
}

// softmaxes emits the elementwise parts of softmax.
func softmaxes(out *file) {
	out.withParameter("expMinus", "(dst, x []float32, top float32)", "dst x", "top", manyInstructions, func(l *stream, top vec) {
		l.store("dst", l.exp(l.subtract(l.load("x"), top)))
	})
	out.withParameter("divide", "(x []float32, by float32)", "x", "by", manyInstructions, func(l *stream, by vec) {
		l.store("x", l.divide(l.load("x"), by))
	})
	out.withParameter("centered", "(dx, dy, y []float32, dot float32)", "dx dy y", "dot", fewInstructions, func(l *stream, dot vec) {
		l.store("dx", l.multiply(l.load("y"), l.subtract(l.load("dy"), dot)))
	})
}

const (
	tinyAverage  = 1e-30
	tinyVariance = 1e-36
)

// updates emits the optimizers.
func updates(out *file) {
	out.each("sgd", "(p, g []float32, rate, decay float32)", "p g", fewInstructions, func(f *function) func(l *stream) {
		rate, decay := f.constant("rate"), f.constant("decay")
		return func(l *stream) {
			p := l.load("p")
			l.store("p", l.fmaNegated(rate, l.fma(decay, p, l.load("g")), p))
		}
	})
	for _, name := range []string{"momentum", "nesterov"} {
		out.each(name, "(p, b, g []float32, rate, momentum, decay float32)", "p b g", manyInstructions, func(f *function) func(l *stream) {
			rate, momentum, decay := f.constant("rate"), f.constant("momentum"), f.constant("decay")
			return func(l *stream) {
				p := l.load("p")
				g := l.fma(decay, p, l.load("g"))
				step := l.flush(l.fma(momentum, l.load("b"), g), tinyAverage)
				l.store("b", step)
				if name == "nesterov" {
					step = l.fma(momentum, step, g)
				}
				l.store("p", l.fmaNegated(rate, step, p))
			}
		})
	}
	out.each("adam", "(p, m, v, g []float32, k [9]float32)", "p m v g", manyInstructions, adamStep)
	out.each("lion", "(p, m, g []float32, k [6]float32)", "p m g", manyInstructions, lionStep)
}

// parameters returns the elements of a parameter that is an array.
func (f *function) parameters(name string, n int) []vec {
	v := make([]vec, n)
	for i := range v {
		v[i] = f.constant(fmt.Sprintf("%s_%d", name, i))
	}
	return v
}

// adamStep takes its constants in the order of AdamConstants.
func adamStep(f *function) func(l *stream) {
	k := f.parameters("k", 9)
	return func(l *stream) {
		p := l.load("p")
		g := l.fma(k[7], p, l.load("g"))
		average := l.flush(l.fma(k[0], l.load("m"), l.multiply(k[1], g)), tinyAverage)
		variance := l.fma(g, l.multiply(k[3], g), l.multiply(k[2], l.load("v")))
		variance = l.drop(l.greater(l.number(tinyVariance), variance), variance)
		l.store("m", average)
		l.store("v", variance)
		d := l.fma(l.root(variance), k[4], k[5])
		l.store("p", l.fmaNegated(l.divide(average, d), k[6], l.multiply(k[8], p)))
	}
}

// lionStep takes its constants in the order of LionConstants.
func lionStep(f *function) func(l *stream) {
	k := f.parameters("k", 6)
	return func(l *stream) {
		g, m := l.load("g"), l.load("m")
		c := l.fma(k[1], m, l.multiply(k[2], g))
		l.store("m", l.flush(l.fma(k[3], m, l.multiply(k[4], g)), tinyAverage))
		zero, rate := l.number(0), k[0]
		step := l.subtract(l.keep(l.greater(c, zero), rate), l.keep(l.greater(zero, c), rate))
		l.store("p", l.subtract(l.multiply(k[5], l.load("p")), step))
	}
}
