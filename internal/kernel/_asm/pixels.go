package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pixels emits the kernels of package jpeg. AVX-512 has none of its own: decoding takes
// too little time in them.
func pixels(s isa) {
	if s.opmasks {
		return
	}
	inverseTransform(s)
	doubleBoth(s)
	doubleColumns(s)
	doubleRows(s)
	convertColors(s)
	defineShuffles()
}

// pair is the pattern of two numbers of 16 bits, which VPMADDWD multiplies with two
// neighbours.
func pair(low, high int) Mem { return pattern(uint32(uint16(low)) | uint32(uint16(high))<<16) }

// words is the pattern of a number of 16 bits.
func words(v int) Mem { return pair(v, v) }

// Constants of the inverse transform, times 2^13.
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

// inverseTransform emits the inverse transform of a block: columns, transposition, rows,
// transposition.
func inverseTransform(s isa) {
	s.function("inverseDCT", "(dst *uint8, stride int, b *int16, quant *uint16)", "computes inverseDCTGeneric.")
	dst, stride := load64(parameter("dst")), load64(parameter("stride"))
	b, quant := load64(parameter("b")), load64(parameter("quant"))
	var in [8]reg.VecVirtual
	any := XMM()
	for k := range in {
		in[k] = XMM()
		VMOVDQU(at(b, 16*k), in[k])
		switch k {
		case 0, 1:
			any = in[k]
		case 2:
			any = XMM()
			VPOR(in[k], in[k-1], any)
		default:
			VPOR(in[k], any, any)
		}
	}
	for k := range in {
		VPMULLW(at(quant, 16*k), in[k], in[k])
	}
	VPTEST(any, any)
	JZ(LabelRef("flat"))
	out := transform8(in, 11)
	for k := range 4 {
		VMOVDQA(out[k].AsX(), in[k])
		VEXTRACTI128(Imm(1), out[k], in[k+4])
	}
	JMP(LabelRef("rows"))
	Label("flat") // every row is the first: column k is its value k, eight times
	first := XMM()
	VPSLLW(Imm(2), in[0], first)
	for k := range in {
		VPBROADCASTW(first, in[k])
		VPSRLDQ(Imm(2), first, first)
	}
	Label("rows")
	out = transform8(in, 18)
	last := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, last) // three rows
	lower := GP64()
	LEAQ(Mem{Base: dst, Index: stride, Scale: 4}, lower)
	for k := 0; k < 4; k += 2 {
		// Rows k and k+1 in the low half, and those four below in the high one.
		v := YMM()
		VPACKSSWB(out[k+1], out[k], v)
		VPXOR(pattern(0x80808080), v, v)
		low, high := Mem{Base: dst}, Mem{Base: dst, Index: stride, Scale: 1}
		if k == 2 {
			low, high = Mem{Base: dst, Index: stride, Scale: 2}, Mem{Base: dst, Index: last, Scale: 1}
		}
		storeHalves(v.AsX(), low, high)
		x := XMM()
		VEXTRACTI128(Imm(1), v, x)
		low.Base, high.Base = lower, lower
		storeHalves(x, low, high)
	}
	end()
}

func storeHalves(v reg.Register, low, high Mem) {
	VMOVQ(v, low)
	VMOVHPS(v, high)
}

// transform8 transforms rows of eight values of 16 bits across the rows, shifts the result
// and transposes it: row k and row k+4 of the result are the halves of register k.
func transform8(in [8]reg.VecVirtual, shift uint64) [4]reg.VecVirtual {
	round := pattern(1 << (shift - 1))
	// The even part.
	p26 := interleaved(in[2], in[6])
	even2, even3 := product(p26, pair(c0541, c0541-c1847)), product(p26, pair(c0541+c0765, c0541))
	even0, even1 := XMM(), XMM()
	VPADDW(in[4], in[0], even0)
	VPSUBW(in[4], in[0], even1)
	wide0, wide1 := YMM(), YMM()
	for _, e := range []struct{ from, to reg.VecVirtual }{{even0, wide0}, {even1, wide1}} {
		VPMOVSXWD(e.from, e.to)
		VPSLLD(Imm(13), e.to, e.to)
		VPADDD(round, e.to, e.to)
	}
	t10, t13 := sumAndDifference(wide0, even3)
	t11, t12 := sumAndDifference(wide1, even2)
	// The odd part.
	z3, z4 := XMM(), XMM()
	VPADDW(in[3], in[7], z3)
	VPADDW(in[1], in[5], z4)
	pz := interleaved(z3, z4)
	w3, w4 := product(pz, pair(c1175-c1961, c1175)), product(pz, pair(c1175, c1175-c0390))
	p71, p53 := interleaved(in[7], in[1]), interleaved(in[5], in[3])
	odd0, odd3 := product(p71, pair(c0298-c0899, -c0899)), product(p71, pair(-c0899, c1501-c0899))
	VPADDD(w3, odd0, odd0)
	VPADDD(w4, odd3, odd3)
	odd1, odd2 := product(p53, pair(c2053-c2562, -c2562)), product(p53, pair(-c2562, c3072-c2562))
	VPADDD(w4, odd1, odd1)
	VPADDD(w3, odd2, odd2)

	var out [8]reg.VecVirtual
	out[0], out[7] = sumAndDifference(t10, odd3)
	out[1], out[6] = sumAndDifference(t11, odd2)
	out[2], out[5] = sumAndDifference(t12, odd1)
	out[3], out[4] = sumAndDifference(t13, odd0)
	for _, v := range out {
		VPSRAD(Imm(shift), v, v)
	}
	return transposedWords(out)
}

// interleaved puts the values of two registers of eight beside each other.
func interleaved(a, b reg.VecVirtual) reg.VecVirtual {
	low, high, v := XMM(), XMM(), YMM()
	VPUNPCKLWD(b, a, low)
	VPUNPCKHWD(b, a, high)
	VINSERTI128(Imm(1), high, low.AsY(), v)
	return v
}

// product is the sum of the products of neighbours with two constants.
func product(v reg.VecVirtual, by Mem) reg.VecVirtual {
	r := YMM()
	VPMADDWD(by, v, r)
	return r
}

// sumAndDifference returns a+b and a-b, in the registers of a and b.
func sumAndDifference(a, b reg.VecVirtual) (sum, difference reg.VecVirtual) {
	sum = YMM()
	VPADDD(b, a, sum)
	VPSUBD(b, a, a)
	return sum, a
}

// transposedWords brings rows of eight values to 16 bits and transposes them: registers of
// columns 0 and 4, 1 and 5, 2 and 6, and 3 and 7.
func transposedWords(rows [8]reg.VecVirtual) [4]reg.VecVirtual {
	for k := 0; k < 8; k += 2 {
		VPACKSSDW(rows[k+1], rows[k], rows[k])
	}
	var quarter [4]reg.VecVirtual // columns 0 1, 2 3 of rows 0 to 3; 0 1, 2 3 of rows 4 to 7
	for half := range 2 {
		a, b := rows[4*half], rows[4*half+2]
		low, high := YMM(), YMM()
		VPUNPCKLWD(b, a, low)
		VPUNPCKHWD(b, a, high)
		quarter[2*half], quarter[2*half+1] = YMM(), YMM()
		VPUNPCKLWD(high, low, quarter[2*half])
		VPUNPCKHWD(high, low, quarter[2*half+1])
	}
	var out [4]reg.VecVirtual
	for k := range 2 {
		out[2*k], out[2*k+1] = YMM(), YMM()
		VPUNPCKLQDQ(quarter[2+k], quarter[k], out[2*k])
		VPUNPCKHQDQ(quarter[2+k], quarter[k], out[2*k+1])
	}
	return out
}

// sixteen is how many samples the kernels of rows take at once.
const sixteen = 16

// eachSixteen emits a loop over n samples, sixteen at a time and the last sixteen in the
// end, with those before them where n is no multiple. n must be at least sixteen.
func eachSixteen(n reg.GPVirtual, body func(i reg.GPVirtual)) {
	i, last := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, last)
	SUBQ(Imm(sixteen), last)
	Label("loop")
	body(i)
	ADDQ(Imm(sixteen), i)
	CMPQ(i, last)
	JLT(LabelRef("loop"))
	LEAQ(Mem{Base: last, Disp: sixteen}, n)
	CMPQ(i, n)
	JGE(LabelRef("done"))
	MOVQ(last, i)
	JMP(LabelRef("loop"))
	Label("done")
	end()
}

// loadSamples loads sixteen samples as 16 bits.
func loadSamples(base, i reg.GPVirtual, disp int) reg.VecVirtual {
	v := YMM()
	VPMOVZXBW(Mem{Base: base, Index: i, Scale: 1, Disp: disp}, v)
	return v
}

// threeTimes adds three times v to w.
func threeTimes(v, w reg.VecVirtual) {
	VPADDW(v, w, w)
	VPADDW(v, v, v)
	VPADDW(v, w, w)
}

// storeDoubled makes two samples of each: (3 middle + left + bias) and (3 middle + right +
// other bias), both shifted.
func storeDoubled(middle, left, right reg.VecVirtual, to Mem, biasLeft, biasRight int, shift uint64) {
	three := YMM()
	VPADDW(middle, middle, three)
	VPADDW(middle, three, three)
	VPADDW(three, left, left)
	VPADDW(three, right, right)
	VPADDW(words(biasLeft), left, left)
	VPADDW(words(biasRight), right, right)
	VPSRLW(Imm(shift), left, left)
	VPSRLW(Imm(shift), right, right)
	VPSLLW(Imm(8), right, right)
	VPOR(left, right, right)
	VMOVDQU(right, to)
}

// doubleBoth emits the triangle filter for rows and columns.
func doubleBoth(s isa) {
	s.function("triangle2x2", "(dst, near, far *uint8, n int)", "computes 2n samples of doubleBothGeneric. near[-1] and near[n] are read, and those of far.")
	dst, near, far, n := load64(parameter("dst")), load64(parameter("near")), load64(parameter("far")), load64(parameter("n"))
	eachSixteen(n, func(i reg.GPVirtual) {
		var sums [3]reg.VecVirtual
		for k := range sums {
			v := loadSamples(near, i, k-1)
			sums[k] = loadSamples(far, i, k-1)
			threeTimes(v, sums[k])
		}
		storeDoubled(sums[1], sums[0], sums[2], Mem{Base: dst, Index: i, Scale: 2}, 8, 7, 4)
	})
}

// doubleColumns emits the triangle filter for columns.
func doubleColumns(s isa) {
	s.function("triangle2x1", "(dst, in *uint8, n int)", "computes 2n samples of doubleColumnsGeneric. in[-1] and in[n] are read.")
	dst, in, n := load64(parameter("dst")), load64(parameter("in")), load64(parameter("n"))
	eachSixteen(n, func(i reg.GPVirtual) {
		left, middle, right := loadSamples(in, i, -1), loadSamples(in, i, 0), loadSamples(in, i, 1)
		storeDoubled(middle, left, right, Mem{Base: dst, Index: i, Scale: 2}, 1, 2, 2)
	})
}

// doubleRows emits the triangle filter for rows.
func doubleRows(s isa) {
	s.function("triangle1x2", "(dst, near, far *uint8, n int, bias uint32)", "computes doubleRowsGeneric.")
	dst, near, far, n := load64(parameter("dst")), load64(parameter("near")), load64(parameter("far")), load64(parameter("n"))
	bias, number := YMM(), XMM()
	scalar := GP32()
	MOVL(parameter("bias"), scalar)
	VMOVD(scalar, number)
	VPBROADCASTW(number, bias)
	eachSixteen(n, func(i reg.GPVirtual) {
		v, sum := loadSamples(near, i, 0), loadSamples(far, i, 0)
		threeTimes(v, sum)
		VPADDW(bias, sum, sum)
		VPSRLW(Imm(2), sum, sum)
		VMOVDQU(bytesOf(sum), Mem{Base: dst, Index: i, Scale: 1})
	})
}

// bytesOf brings sixteen values of 16 bits to bytes, limited to 0 to 255.
func bytesOf(v reg.VecVirtual) reg.VecVirtual {
	VPACKUSWB(v, v, v)
	VPERMQ(Imm(0b1000), v, v)
	return v.AsX().(reg.VecVirtual)
}

// convertColors emits the conversion from YCbCr. A coefficient above 16 bits is split into
// whole samples and a rest.
func convertColors(s isa) {
	s.function("convert", "(dst, y, cb, cr *uint8, n int)", "computes convertGeneric for n pixels.")
	dst, y, cb, cr, n := load64(parameter("dst")), load64(parameter("y")), load64(parameter("cb")), load64(parameter("cr")), load64(parameter("n"))
	eachSixteen(n, func(i reg.GPVirtual) {
		luma, blue, red := loadSamples(y, i, 0), loadSamples(cb, i, 0), loadSamples(cr, i, 0)
		VPSUBW(words(128), blue, blue)
		VPSUBW(words(128), red, red)
		low, high := YMM(), YMM()
		VPUNPCKLWD(red, blue, low)
		VPUNPCKHWD(red, blue, high)
		r := scaled(low, high, pair(0, 91881-65536))
		VPADDW(red, r, r)
		VPADDW(luma, r, r)
		g := scaled(low, high, pair(-22554, 65536-46802))
		VPSUBW(red, g, g)
		VPADDW(luma, g, g)
		b := scaled(low, high, pair(116130-2*65536, 0))
		VPADDW(blue, b, b)
		VPADDW(blue, b, b)
		VPADDW(luma, b, b)
		storePixels(dst, i, bytesOf(r), bytesOf(g), bytesOf(b))
	})
}

// scaled multiplies pairs and rounds to whole samples.
func scaled(low, high reg.VecVirtual, by Mem) reg.VecVirtual {
	a, b := product(low, by), product(high, by)
	for _, v := range []reg.VecVirtual{a, b} {
		VPADDD(pattern(1<<15), v, v)
		VPSRAD(Imm(16), v, v)
	}
	VPACKSSDW(b, a, a)
	return a
}

// storePixels stores sixteen pixels of three bytes.
func storePixels(dst, i reg.GPVirtual, channels ...reg.VecVirtual) {
	to := GP64()
	LEAQ(Mem{Base: i, Index: i, Scale: 2}, to)
	ADDQ(dst, to)
	for part := range 3 {
		var sum reg.VecVirtual
		for c, from := range channels {
			v := XMM()
			VPSHUFB(shuffle(part, c), from, v)
			if sum == nil {
				sum = v
				continue
			}
			VPOR(v, sum, sum)
		}
		VMOVDQU(sum, at(to, 16*part))
	}
}

func shuffleName(part, channel int) string { return fmt.Sprintf("shuffle%d%d", part, channel) }

// shuffle is the memory that says where the bytes of a channel go in the part-th sixteen
// bytes of sixteen pixels.
func shuffle(part, channel int) Mem {
	return NewDataAddr(NewStaticSymbol(shuffleName(part, channel)), 0)
}

func defineShuffles() {
	for part := range 3 {
		for channel := range 3 {
			GLOBL(shuffleName(part, channel), RODATA|NOPTR)
			for k := range 16 {
				from := uint8(0x80) // zero
				if at := 16*part + k; at%3 == channel {
					from = uint8(at / 3)
				}
				DATA(k, U8(from))
			}
		}
	}
}
