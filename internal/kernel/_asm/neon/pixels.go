package main

import "fmt"

// pixels emits the kernels of package jpeg. Their definitions are there.
func pixels(out *file) {
	inverseTransform(out)
	doubleBoth(out)
	doubleColumns(out)
	doubleRows(out)
	convertColors(out)
}

// Constants of the inverse transform, times 2^13, as they come into it: eight of 16 bits
// to a register, which the instructions address by lane.
const (
	c0298 = 2446
	c0390 = 3196
	c0541 = 4433
	c0765 = 6270
	c0899 = 7373
	c1175 = 9633
	c1501 = 12299
	c1847 = 15137
	c1961 = 16069
	c2053 = 16819
	c2562 = 20995
	c3072 = 25172
)

var factors = [2][8]int{
	{c0541, c0541 - c1847, c0541 + c0765, c1175 - c1961, c1175, c1175 - c0390, c0298 - c0899, -c0899},
	{c1501 - c0899, c2053 - c2562, -c2562, c3072 - c2562},
}

// halfWords returns eight constants of 16 bits.
func (f *function) halfWords(v [8]int) vec {
	var p [lanes]uint32
	for i := range p {
		p[i] = uint32(uint16(v[2*i])) | uint32(uint16(v[2*i+1]))<<16
	}
	return f.patterns(p)
}

// transform is the inverse transform under construction.
type transform struct {
	*function
	factors [2]vec
}

// inverseTransform emits the inverse transform of a block: columns, transposition, rows,
// transposition.
func inverseTransform(out *file) {
	f := out.function("inverseDCT", "(dst *uint8, stride int, b *int16, quant *uint16)", "computes inverseDCTGeneric.")
	// By lane, only the first sixteen registers can be addressed: these two come first.
	t := transform{f, [2]vec{f.halfWords(factors[0]), f.halfWords(factors[1])}}
	dst, stride, b, quant := f.value("dst"), f.value("stride"), f.value("b"), f.value("quant")
	var in [8]vec
	for k := range in {
		in[k] = f.load(at(b, 16*k), lanes)
	}
	any := f.or(in[1], in[2])
	for _, v := range in[3:] {
		any = f.or(v, any)
	}
	for k, v := range in {
		f.applyTo(v, halfWordMultiply, v, f.load(at(quant, 16*k), lanes))
	}
	low, high := f.gp(), f.gp()
	f.op("VMOV", as{any, "D[0]"}, low)
	f.op("VMOV", as{any, "D[1]"}, high)
	f.op("ORR", high, low)
	f.branch("CBZ", "flat", low)
	for k, v := range transposedHalfWords(f, t.eight(in, 11)) {
		f.move(v, in[k])
	}
	f.branch("JMP", "rows")
	f.label("flat") // every row is the first: column k is its value k, eight times
	first := f.vec()
	f.op("VSHL", immediate(2), as{in[0], "H8"}, as{first, "H8"})
	for k := range in {
		f.op("VDUP", as{first, fmt.Sprintf("H[%d]", k)}, as{in[k], "H8"})
	}
	f.label("rows")
	f.storeSamples(t.eight(in, 16), dst, stride)
	f.end()
}

// eight transforms rows of eight values of 16 bits across the rows. It shifts the result
// to the right by shift, and so by two bits less than rows need, which are rounded for
// them all the same.
func (t transform) eight(in [8]vec, shift int) [8]vec {
	round := t.bits(1 << 10)
	if shift == 16 {
		round = t.bits(1 << 17)
	}
	even0, even1 := t.simple("VADD", "H8", in[0], in[4]), t.simple("VSUB", "H8", in[0], in[4])
	z3, z4 := t.simple("VADD", "H8", in[7], in[3]), t.simple("VADD", "H8", in[5], in[1])
	var out [8]vec
	for half := range 2 {
		wide0, wide1 := t.plus(t.thirteenBits(even0, half), round), t.plus(t.thirteenBits(even1, half), round)
		even2, even3 := t.products(half, in[2], 0, in[6], 1), t.products(half, in[2], 2, in[6], 0)
		t10, t13 := t.plus(wide0, even3), t.minus(wide0, even3)
		t11, t12 := t.plus(wide1, even2), t.minus(wide1, even2)
		w3, w4 := t.products(half, z3, 3, z4, 4), t.products(half, z3, 4, z4, 5)
		odd0, odd3 := t.products(half, in[7], 6, in[1], 7), t.products(half, in[7], 7, in[1], 8)
		odd1, odd2 := t.products(half, in[5], 9, in[3], 10), t.products(half, in[5], 10, in[3], 11)
		odd0, odd1, odd2, odd3 = t.plus(w3, odd0), t.plus(w4, odd1), t.plus(w3, odd2), t.plus(w4, odd3)
		for k, p := range [4][2]vec{{t10, odd3}, {t11, odd2}, {t12, odd1}, {t13, odd0}} {
			t.narrow(half, t.plus(p[0], p[1]), shift, &out[k])
			t.narrow(half, t.minus(p[0], p[1]), shift, &out[7-k])
		}
	}
	return out
}

// products returns the sum of four values of a and b, of the lower or the upper half,
// times two factors.
func (t transform) products(half int, a vec, byA int, b vec, byB int) vec {
	sum := t.vec()
	t.byLane(halfWordProducts[half], sum, a, t.factors[byA/8], byA%8)
	t.byLane(halfWordProductsAdded[half], sum, b, t.factors[byB/8], byB%8)
	return sum
}

// byLane emits an operation on values of 16 bits whose last operand is a lane.
func (f *function) byLane(o operation, d, a, b vec, lane int) {
	f.word(
		func() uint32 {
			if b.number > 15 {
				panic(f.name + " has factors in a register that cannot be addressed by lane")
			}
			return o.word(d.number, a.number, b.number) | uint32(lane&1)<<20 | uint32(lane>>1&1)<<21 | uint32(lane>>2)<<11
		},
		func() string {
			return fmt.Sprintf("%s v%d.%s, v%d.%s, v%d.h[%d]", o.name, d.number, o.result, a.number, o.operands, b.number, lane)
		},
		d.register, a.register, b.register)
}

// shift emits a shift by a constant, which the word has as code.
func (f *function) shift(o operation, d, a vec, code, by int) {
	f.word(
		func() uint32 { return o.word(d.number, a.number, code) },
		func() string {
			return fmt.Sprintf("%s v%d.%s, v%d.%s, #%d", o.name, d.number, o.result, a.number, o.operands, by)
		},
		d.register, a.register)
}

// thirteenBits returns half of the values as 32 bits, shifted to the left by 13.
func (f *function) thirteenBits(v vec, half int) vec {
	d := f.vec()
	f.shift(widenShifted[half], d, v, 16+13, 13)
	return d
}

// narrow shifts to the right and brings to 16 bits, saturated: the lower half makes the
// register that the upper one completes.
func (f *function) narrow(half int, v vec, by int, to *vec) {
	if half == 0 {
		*to = f.vec()
	}
	f.shift(narrowWords[half], *to, v, 32-by, by)
}

// transposedHalfWords transposes eight rows of eight values of 16 bits.
func transposedHalfWords(f *function, v [8]vec) [8]vec {
	for bit, arrangement := range []string{"H8", "S4", "D2"} {
		step := 1 << bit
		var next [8]vec
		for k := range v {
			if k&step == 0 {
				a, b := v[k], v[k+step]
				next[k], next[k+step] = f.simple("VTRN1", arrangement, a, b), f.simple("VTRN2", arrangement, a, b)
			}
		}
		v = next
	}
	return v
}

// storeSamples makes samples of eight columns of a block and stores its rows.
func (f *function) storeSamples(columns [8]vec, dst, stride gp) {
	var v [4]vec // column k, and behind it column k+4
	for k := range v {
		v[k] = f.vec()
		f.shift(narrowHalfWords[0], v[k], columns[k], 16-2, 2)
		f.shift(narrowHalfWords[1], v[k], columns[k+4], 16-2, 2)
	}
	for bit, arrangement := range []string{"B16", "H8"} {
		step := 1 << bit
		var next [4]vec
		for k := range v {
			if k&step == 0 {
				a, b := v[k], v[k+step]
				next[k], next[k+step] = f.simple("VTRN1", arrangement, a, b), f.simple("VTRN2", arrangement, a, b)
			}
		}
		v = next
	}
	// Register k has the rows k and k+4, first their left and then their right halves.
	level := f.bits(0x80808080)
	for _, m := range []string{"VUZP1", "VUZP2"} {
		for k := 0; k < 4; k += 2 {
			rows := f.simple("VEOR", "B16", f.simple(m, "S4", v[k], v[k+1]), level)
			for half := range 2 {
				f.op("VST1", as{rows, fmt.Sprintf("D[%d]", half)}, at(dst, 0))
				f.op("ADD", stride, dst)
			}
		}
	}
}

// sixteen is how many samples the kernels of rows take at once.
const sixteen = 16

// eachSixteen emits a loop over the n samples that are a parameter, sixteen at a time and
// the last sixteen in the end, with those before them where n is no multiple. n must be
// at least sixteen.
func (f *function) eachSixteen(body func(i gp)) {
	i, last, n := f.gp(), f.gp(), f.value("n")
	f.op("MOVD", immediate(0), i)
	f.op("SUB", immediate(sixteen), n, last)
	f.label("loop")
	body(i)
	f.op("ADD", immediate(sixteen), i)
	f.op("CMP", last, i)
	f.branch("BLT", "loop")
	f.op("CMP", n, i)
	f.branch("BGE", "done")
	f.op("MOVD", last, i)
	f.branch("JMP", "loop")
	f.label("done")
	f.end()
}

// samples returns the sixteen samples at i.
func (f *function) samples(base, i gp) vec { return f.load(memory{base: base, index: &i}, lanes) }

// besides returns pointers to the sample before a parameter, to it and to that behind it.
func (f *function) besides(name string) [3]gp {
	middle, left, right := f.value(name), f.gp(), f.gp()
	f.op("SUB", immediate(1), middle, left)
	f.op("ADD", immediate(1), middle, right)
	return [3]gp{left, middle, right}
}

// widened returns half of sixteen samples as 16 bits.
func (f *function) widened(v vec, half int) vec {
	d := f.vec()
	f.shift(widenBytes[half], d, v, 8, 0)
	return d
}

// narrowBytes shifts sixteen values of 16 bits to the right, rounding as the operation
// does, and makes samples of them.
func (f *function) narrowBytes(d vec, o [2]operation, v [2]vec, by int) {
	for half := range v {
		f.shift(o[half], d, v[half], 16-by, by)
	}
}

// doubleBoth emits the triangle filter for rows and columns.
func doubleBoth(out *file) {
	f := out.function("triangle2x2", "(dst, near, far *uint8, n int)", "computes 2n samples of doubleBothGeneric. near[-1] and near[n] are read, and those of far.")
	pair := f.consecutive(2)
	dst, near, far := f.value("dst"), f.besides("near"), f.besides("far")
	three, threes, seven := f.bits(0x03030303), f.bits(0x00030003), f.bits(0x00070007)
	f.eachSixteen(func(i gp) {
		var sums [3][2]vec
		for k := range sums {
			sums[k] = f.sums(f.samples(near[k], i), f.samples(far[k], i), three)
		}
		for half, middle := range sums[1] {
			f.applyTo(sums[0][half], halfWordMultiplyAdd, middle, threes)
			f.applyTo(sums[2][half], halfWordMultiplyAdd, middle, threes)
			sums[2][half] = f.simple("VADD", "H8", sums[2][half], seven)
		}
		f.narrowBytes(pair[0], narrowRounded, sums[0], 4)
		f.narrowBytes(pair[1], narrowNumbers, sums[2], 4)
		f.storePair(pair, dst, i)
	})
}

// sums returns three times near plus far, as 16 bits.
func (f *function) sums(near, far, three vec) (sum [2]vec) {
	for half := range sum {
		sum[half] = f.widened(far, half)
		f.applyTo(sum[half], byteProductsAdded[half], near, three)
	}
	return sum
}

// storePair stores sixteen samples of each register in turn, at twice i.
func (f *function) storePair(pair []vec, dst, i gp) {
	to := f.gp()
	f.op("ADD", shifted{i, 1}, dst, to)
	f.op("VST2", list(pair), at(to, 0))
}

// doubleColumns emits the triangle filter for columns.
func doubleColumns(out *file) {
	f := out.function("triangle2x1", "(dst, in *uint8, n int)", "computes 2n samples of doubleColumnsGeneric. in[-1] and in[n] are read.")
	pair := f.consecutive(2)
	dst, in := f.value("dst"), f.besides("in")
	three, one := f.bits(0x03030303), f.bits(0x00010001)
	f.eachSixteen(func(i gp) {
		middle := f.samples(in[1], i)
		left, right := f.sums(middle, f.samples(in[0], i), three), f.sums(middle, f.samples(in[2], i), three)
		for half := range left {
			left[half] = f.simple("VADD", "H8", left[half], one)
		}
		f.narrowBytes(pair[0], narrowNumbers, left, 2)
		f.narrowBytes(pair[1], narrowRounded, right, 2)
		f.storePair(pair, dst, i)
	})
}

// doubleRows emits the triangle filter for rows.
func doubleRows(out *file) {
	f := out.function("triangle1x2", "(dst, near, far *uint8, n int, bias uint32)", "computes doubleRowsGeneric.")
	dst, near, far := f.value("dst"), f.value("near"), f.value("far")
	three, bias := f.bits(0x03030303), f.vec()
	f.op("FMOVS", f.variable("bias"), bias)
	f.op("VDUP", as{bias, "H[0]"}, as{bias, "H8"})
	f.eachSixteen(func(i gp) {
		sum := f.sums(f.samples(near, i), f.samples(far, i), three)
		for half := range sum {
			sum[half] = f.simple("VADD", "H8", sum[half], bias)
		}
		d := f.vec()
		f.narrowBytes(d, narrowNumbers, sum, 2)
		f.store(d, lanes, memory{base: dst, index: &i})
	})
}

// convertColors emits the conversion from YCbCr. A coefficient above 16 bits is split
// into whole samples and a rest.
func convertColors(out *file) {
	f := out.function("convert", "(dst, y, cb, cr *uint8, n int)", "computes convertGeneric for n pixels.")
	t := transform{f, [2]vec{f.halfWords([8]int{91881 - 65536, -22554, 65536 - 46802, 116130 - 2*65536})}}
	rgb := f.consecutive(3)
	dst, y, cb, cr := f.value("dst"), f.value("y"), f.value("cb"), f.value("cr")
	zero := f.bits(0x00800080)
	f.eachSixteen(func(i gp) {
		luma, blues, reds := f.samples(y, i), f.samples(cb, i), f.samples(cr, i)
		for half := range 2 {
			blue := f.simple("VSUB", "H8", f.widened(blues, half), zero)
			red := f.simple("VSUB", "H8", f.widened(reds, half), zero)
			r := f.simple("VADD", "H8", t.scaled(red, 0), red)
			g := f.simple("VSUB", "H8", t.scaledSum(blue, 1, red, 2), red)
			b := f.simple("VADD", "H8", f.simple("VADD", "H8", t.scaled(blue, 3), blue), blue)
			for c, v := range []vec{r, g, b} {
				f.addBytes(v, luma, half)
				f.apply1To(rgb[c], narrowNatural[half], v)
			}
		}
		to := f.gp()
		f.op("ADD", shifted{i, 1}, i, to)
		f.op("ADD", dst, to)
		f.op("VST3", list(rgb), at(to, 0))
	})
}

// addBytes adds half of sixteen samples to values of 16 bits.
func (f *function) addBytes(v, samples vec, half int) {
	o := addBytes[half]
	f.word(
		func() uint32 { return o.word(v.number, v.number, samples.number) },
		func() string {
			return fmt.Sprintf("%s v%d.%s, v%d.%s, v%d.%s", o.name, v.number, o.result, v.number, o.result, samples.number, o.operands)
		},
		v.register, samples.register)
}

// scaled returns values of 16 bits times a factor, rounded to whole samples.
func (t transform) scaled(v vec, by int) vec {
	return t.samplesOf(func(half int) vec {
		product := t.vec()
		t.byLane(halfWordProducts[half], product, v, t.factors[0], by)
		return product
	})
}

// scaledSum returns the sum of two such products, rounded to whole samples.
func (t transform) scaledSum(a vec, byA int, b vec, byB int) vec {
	return t.samplesOf(func(half int) vec { return t.products(half, a, byA, b, byB) })
}

// samplesOf rounds products with 16 bits of fraction to whole samples.
func (t transform) samplesOf(product func(half int) vec) vec {
	d := t.vec()
	for half := range 2 {
		t.shift(narrowWordsRounded[half], d, product(half), 32-16, 16)
	}
	return d
}
