package jpeg

// Constants of the inverse transform, times 2^13.
const (
	fix0_298631336 = 2446
	fix0_390180644 = 3196
	fix0_541196100 = 4433
	fix0_765366865 = 6270
	fix0_899976223 = 7373
	fix1_175875602 = 9633
	fix1_501321110 = 12299
	fix1_847759065 = 15137
	fix1_961570560 = 16069
	fix2_053119869 = 16819
	fix2_562915447 = 20995
	fix3_072711026 = 25172
)

// inverseDCTGeneric dequantises a block, clause A.3.4, transforms it back, clause A.3.3, shifts
// its level, clause A.3.1, and writes the 8x8 samples to dst, whose rows are stride apart.
//
// The transform is that of C. Loeffler, A. Ligtenberg and G. Moschytz (1989) in 32-bit
// integers with 13 bits of fraction: columns first, which keep 2 bits more than samples
// have, then rows. Products with the quantisation table, and sums that are multiplied, have
// 16 bits, as in vector instructions. They overflow in no block that an encoder made of
// samples.
func inverseDCTGeneric(dst []uint8, stride int, b *block, quant *[64]uint16) {
	var w [64]int32
	if b.flat() {
		for k := range w {
			w[k] = int32(b[k&7] * int16(quant[k&7]) << 2)
		}
	} else {
		for x := range 8 {
			column(&w, x, b, quant)
		}
	}
	for y := range 8 {
		row((*[8]uint8)(dst[y*stride:]), (*[8]int32)(w[8*y:]))
	}
}

// flat says that all rows of coefficients but the first are zero, so that all rows of
// samples are equal.
func (b *block) flat() bool {
	var all int16
	for _, v := range b[8:] {
		all |= v
	}
	return all == 0
}

// column transforms the column x.
func column(w *[64]int32, x int, b *block, quant *[64]uint16) {
	var in [8]int32
	for k := range in {
		in[k] = int32(b[8*k+x] * int16(quant[8*k+x]))
	}
	out := transform8(&in)
	for k, v := range out {
		w[8*k+x] = saturate((v + 1<<10) >> 11)
	}
}

// row transforms a row and makes samples of it.
func row(dst *[8]uint8, in *[8]int32) {
	out := transform8(in)
	for x, v := range out {
		dst[x] = clamp((v + 1<<17) >> 18)
	}
}

// transform8 is the transform of eight values of 16 bits. The result has 13 bits of
// fraction more.
func transform8(in *[8]int32) [8]int32 {
	z1 := (in[2] + in[6]) * fix0_541196100
	even2 := z1 - in[6]*fix1_847759065
	even3 := z1 + in[2]*fix0_765366865
	even0 := int32(int16(in[0]+in[4])) << 13
	even1 := int32(int16(in[0]-in[4])) << 13
	t10, t13 := even0+even3, even0-even3
	t11, t12 := even1+even2, even1-even2

	odd0, odd1, odd2, odd3 := in[7], in[5], in[3], in[1]
	z1 = (odd0 + odd3) * -fix0_899976223
	z2 := (odd1 + odd2) * -fix2_562915447
	z3, z4 := int32(int16(odd0+odd2)), int32(int16(odd1+odd3))
	z5 := (z3 + z4) * fix1_175875602
	z3, z4 = z5-z3*fix1_961570560, z5-z4*fix0_390180644
	odd0 = odd0*fix0_298631336 + z1 + z3
	odd1 = odd1*fix2_053119869 + z2 + z4
	odd2 = odd2*fix3_072711026 + z2 + z3
	odd3 = odd3*fix1_501321110 + z1 + z4
	return [8]int32{t10 + odd3, t11 + odd2, t12 + odd1, t13 + odd0, t13 - odd0, t12 - odd1, t11 - odd2, t10 - odd3}
}

// saturate brings v to 16 bits.
func saturate(v int32) int32 { return max(-32768, min(v, 32767)) }

// clamp makes a sample of a value around zero.
func clamp(v int32) uint8 { return uint8(max(0, min(v+128, 255))) }
