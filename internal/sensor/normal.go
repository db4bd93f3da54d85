package sensor

import (
	"math"
	"math/bits"
)

// normalOne is 1 in the fixed point of normal numbers.
const normalOne = 1 << normalBits

const normalBits = 12

// quantiles are the normal distribution in integers: element i is the number below which
// (i+0.5)/32768 of the absolute values of normal numbers lie, in 1/4096, rounded. The largest
// is 4.33, the largest error 1.3e-4; with both signs their mean is 0 and their variance 1-2.1e-5.
var quantiles = makeQuantiles()

// makeQuantiles integrates exp(-z*z/2) by the midpoint rule in steps of 1/4096, and notes at
// which step the integral passes each share of the whole, which is sqrt(pi/2). The function
// is brought from one step to the next by two products, so that no elementary function is
// needed and every machine gets the same numbers.
func makeQuantiles() *[1 << 15]int16 {
	const (
		step  = 1.0 / normalOne
		whole = 1.2533141373155003 / step // in steps
		ratio = 1 - step*step + step*step*step*step/2
	)
	var table [1 << 15]int16
	density, factor := 1.0, 1-step*step/2+step*step*step*step/8 // exp(-z*z/2), and exp(-(z+step/2)*step)
	passed, z := 0.5, int16(0)                                  // up to the middle between z and z+1
	for i := range table {
		for share := float64((float64(i) + 0.5) / (1 << 15) * whole); passed < share; z++ {
			density = float64(density * factor)
			factor = float64(factor * ratio)
			passed += density
		}
		table[i] = z
	}
	return &table
}

// normal is the normal number of 16 random bits, in 1/4096.
func normal(random uint32) int64 {
	z := int64(quantiles[random>>1&0x7fff])
	sign := -int64(random & 1)
	return (z ^ sign) - sign
}

// scaled is sigma times a normal number, rounded.
func scaled(sigma, normal int64) int64 { return (sigma*normal + normalOne/2) >> normalBits }

// roots are the square roots of 64*i, in 1/2^16, for i up to 1024.
var roots = makeRoots()

func makeRoots() *[1025]uint32 {
	var table [1025]uint32
	for i := range table {
		table[i] = uint32(math.RoundToEven(math.Sqrt(float64(i<<6)) * (1 << 16)))
	}
	return &table
}

// root is the square root of v, rounded, off by 1 and by 3.1e-5 of it at most.
func root(v uint64) int64 {
	if v == 0 {
		return 0
	}
	shift := (bits.Len64(v) - 15) &^ 1 // so that 14 to 16 bits are left
	m := v
	if shift >= 0 {
		m >>= shift
	} else {
		m <<= -shift
	}
	at, between := m>>6, int64(m&63)
	low, high := int64(roots[at]), int64(roots[at+1])
	r := low<<6 + (high-low)*between // in 1/2^22
	return (r<<(max(shift, 0)/2)>>(max(-shift, 0)/2) + 1<<21) >> 22
}
