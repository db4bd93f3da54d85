package video

import (
	"maps"
	"slices"
)

// Matrix is how luma and chroma are made of red, green and blue.
type Matrix string

// The matrices, by the recommendation that defines them.
const (
	BT601    Matrix = "bt601"
	BT709    Matrix = "bt709"
	BT2020   Matrix = "bt2020"
	FCC      Matrix = "fcc"
	SMPTE240 Matrix = "smpte240m"
)

// weights are the shares of red and blue in luma, in ten-thousandths: ITU-R BT.601-7 2.5.1,
// BT.709-6 3.2, BT.2020-2 table 4 (not constant luminance), FCC 73.682, SMPTE 240M. Green
// has the rest.
var weights = map[Matrix][2]int64{
	BT601:    {2990, 1140},
	BT709:    {2126, 722},
	BT2020:   {2627, 593},
	FCC:      {3000, 1100},
	SMPTE240: {2120, 870},
}

// Matrices are the names of the matrices, sorted.
func Matrices() []string {
	var names []string
	for _, m := range slices.Sorted(maps.Keys(weights)) {
		names = append(names, string(m))
	}
	return names
}

// matrixTags are ffmpeg's names of matrices. Untagged video has BT.601, whatever its size, as
// ffmpeg's own conversion and programs that build on it have it.
var matrixTags = map[string]Matrix{
	"unknown":   BT601,
	"reserved":  BT601,
	"bt470bg":   BT601,
	"smpte170m": BT601,
	"bt709":     BT709,
	"bt2020nc":  BT2020,
	"fcc":       FCC,
	"smpte240m": SMPTE240,
}

// fractionBits is the precision of the coefficients: they are in 1/2^20.
const fractionBits = 20

// coefficients turn samples into red, green and blue of a given largest value, as
//
//	y = luma*(Y-black), u = Cb-grey, v = Cr-grey
//	R = (y + redCr*v              + 2^19) >> 20
//	G = (y - greenCb*u - greenCr*v + 2^19) >> 20
//	B = (y + blueCb*u             + 2^19) >> 20
//
// with the shift rounding down, and then limited to 0 and the largest value. Each coefficient
// is its exact value to the nearest 1/2^20, halves up.
type coefficients struct {
	black, grey                           int64
	luma, redCr, greenCb, greenCr, blueCb int64
}

// newCoefficients makes the coefficients for samples of the given depth and an output whose
// largest value is most.
func newCoefficients(m Matrix, r Range, depth int, most int64) coefficients {
	s := int64(1) << (depth - 8)
	lumaSpan, chromaSpan := int64(1)<<depth-1, int64(1)<<depth-1
	c := coefficients{grey: 128 * s}
	if r == Limited {
		c.black, lumaSpan, chromaSpan = 16*s, 219*s, 224*s
	}
	const one = 10000
	red, blue := weights[m][0], weights[m][1]
	green := one - red - blue
	unit := most << fractionBits
	c.luma = nearest(unit, lumaSpan)
	c.redCr = nearest(2*(one-red)*unit, one*chromaSpan)
	c.blueCb = nearest(2*(one-blue)*unit, one*chromaSpan)
	c.greenCb = nearest(2*blue*(one-blue)*unit, one*green*chromaSpan)
	c.greenCr = nearest(2*red*(one-red)*unit, one*green*chromaSpan)
	return c
}

// nearest is n/d to nearest, halves up, for n and d that are not negative.
func nearest(n, d int64) int64 { return (n + d/2) / d }

// levels is the table from samples of a depth to values of 0 to most. Full range of more than
// 8 bits becomes 8 bits by its upper bits, as that of image files does; otherwise a value is
// the exact one to nearest, halves up.
func levels(r Range, depth int, most int64) []uint16 {
	table := make([]uint16, 1<<depth)
	s := int64(1) << (depth - 8)
	black, span := int64(0), int64(len(table)-1)
	if r == Limited {
		black, span = 16*s, 219*s
	}
	for i := range table {
		if r == Full && most == 255 {
			table[i] = uint16(i >> (depth - 8))
			continue
		}
		v := max(0, int64(i)-black)
		table[i] = uint16(min(most, (2*v*most+span)/(2*span)))
	}
	return table
}
