package main

// Reductions in 16 virtual lanes, which are four registers, or eight of float64.
// The functions take whole blocks of 16 elements; Go code takes the rest and
// folds the lanes.

const virtualLanes = 16

// reduce emits a function that takes each block of its slices into the lanes,
// which are its first parameter, in a number of registers.
func (out *file) reduce(name, signature, doc string, registers int, slices []string, block func(f *function, acc []vec, from []gp)) {
	f := out.function(name, signature, doc)
	to := f.value("lanes")
	acc := make([]vec, registers)
	for i := range acc {
		acc[i] = f.load(at(to, 4*lanes*i), lanes)
	}
	var from []gp
	for _, slice := range slices {
		from = append(from, f.value(slice+"_base"))
	}
	f.whole(f.value(slices[0]+"_len"), virtualLanes, "block", func() {
		block(f, acc, from)
		for _, p := range from {
			f.op("ADD", immediate(4*virtualLanes), p)
		}
	})
	for i, v := range acc {
		f.store(v, lanes, at(to, 4*lanes*i))
	}
	f.end()
}

// part loads the elements that belong to register i.
func (f *function) part(from gp, i int) vec { return f.load(at(from, 4*lanes*i), lanes) }

func reductions(out *file) {
	const parts = virtualLanes / lanes
	one := []string{"x"}
	out.reduce("sumLanes", "(lanes *[16]float32, x []float32)", "adds x to the lanes.", parts, one, func(f *function, acc []vec, from []gp) {
		for i, a := range acc {
			f.addTo(a, f.part(from[0], i))
		}
	})
	out.reduce("dotLanes", "(lanes *[16]float32, x, y []float32)", "adds x*y to the lanes.", parts, []string{"x", "y"}, func(f *function, acc []vec, from []gp) {
		for i, a := range acc {
			f.multiplyAdd(a, f.part(from[0], i), f.part(from[1], i))
		}
	})
	out.reduce("squaredDistanceLanes", "(lanes *[16]float32, x, y []float32)", "adds the squares of x-y to the lanes.", parts, []string{"x", "y"}, func(f *function, acc []vec, from []gp) {
		for i, a := range acc {
			d := f.subtract(f.part(from[0], i), f.part(from[1], i))
			f.multiplyAdd(a, d, d)
		}
	})
	out.reduce("largestLanes", "(lanes *[16]float32, x []float32)", "keeps the larger of x and the lanes.", parts, one, func(f *function, acc []vec, from []gp) {
		for i, a := range acc {
			v := f.part(from[0], i)
			f.replace(f.apply(orNot, f.greater(v, a), f.equal(v, v)), a, v)
		}
	})
	out.reduce("sumSquaresLanes", "(lanes *[16]float64, x []float32)", "adds the squares of x to the lanes.", 2*parts, one, func(f *function, acc []vec, from []gp) {
		for i := range parts {
			v := f.part(from[0], i)
			low, high := f.apply1(lowToDouble, v), f.apply1(highToDouble, v)
			f.applyTo(acc[2*i], doubleFMA, low, low)
			f.applyTo(acc[2*i+1], doubleFMA, high, high)
		}
	})
	out.reduce("largestOffsetLanes", "(lanes *[16]int32, offsets []int32)", "keeps the larger of the offsets and the lanes.", parts, []string{"offsets"}, func(f *function, acc []vec, from []gp) {
		for i, a := range acc {
			f.applyTo(a, integerMost, a, f.part(from[0], i))
		}
	})
}
