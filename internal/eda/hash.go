package eda

import (
	"math"
	"math/bits"
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// thumbSide is the side of the thumbnails by which images are compared, in pixels.
const thumbSide = 16

// thumb is an image in grey, stretched to [16,16].
type thumb [thumbSide * thumbSide]uint8

func thumbOf(img imaging.Image, levels *imaging.Levels) (t thumb, err error) {
	small, err := grey(img.Picture(), thumbSide, thumbSide, levels)
	copy(t[:], small.Pix)
	return t, err
}

// hashSide is how many frequencies a hash takes of each direction.
const hashSide = 8

// cosines are round(2^14 cos(pi k / 32)) for k = 0 to 16; the others of the circle follow.
var cosines = [...]int64{16384, 16305, 16069, 15679, 15137, 14449, 13623, 12665, 11585, 10394, 9102, 7723, 6270, 4756, 3196, 1606, 0}

// cosine is 2^14 cos(pi k / 32).
func cosine(k int) int64 {
	switch k %= 64; {
	case k <= 16:
		return cosines[k]
	case k <= 32:
		return -cosines[32-k]
	case k <= 48:
		return -cosines[k-32]
	}
	return cosines[64-k]
}

// basis is that of the discrete cosine transform (DCT-II) of 16 values, in 2^-14:
// [frequency][place].
var basis = func() (b [hashSide][thumbSide]int64) {
	for u := range b {
		for x := range b[u] {
			b[u][x] = cosine((2*x + 1) * u)
		}
	}
	return b
}()

// perceptual is the hash of a thumbnail that stays nearly the same when an image is resized,
// compressed, or made brighter: of the 8x8 lowest frequencies of its discrete cosine
// transform, in whole numbers, bit 8*v+u says whether the one with u waves across and v waves
// down is above the median of all but that of frequency 0. Bit 0, of frequency 0, is always 0.
func perceptual(t *thumb) uint64 {
	var across [thumbSide][hashSide]int64
	for y := range across {
		row := t[y*thumbSide:][:thumbSide]
		for u := range hashSide {
			for x, c := range basis[u] {
				across[y][u] += c * int64(row[x])
			}
		}
	}
	var all [hashSide * hashSide]int64
	for v := range hashSide {
		for u := range hashSide {
			for y, c := range basis[v] {
				all[v*hashSide+u] += c * across[y][u]
			}
		}
	}
	sorted := all
	slices.Sort(sorted[1:])
	median := sorted[hashSide*hashSide/2]
	hash := uint64(0)
	for k, v := range all[1:] {
		if v > median {
			hash |= 1 << (k + 1)
		}
	}
	return hash
}

// far is how many bits of two hashes differ.
func far(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// flatness is the variance of a thumbnail, times 256^2, below which it is flat and its hash
// is noise: a standard deviation of 2 grey levels.
const flatness = 2 * 2 * int64(len(thumb{})*len(thumb{}))

// variance is that of a thumbnail, times 256^2.
func (t *thumb) variance() int64 {
	sum, squares := int64(0), int64(0)
	for _, v := range t {
		sum += int64(v)
		squares += int64(v) * int64(v)
	}
	return int64(len(t))*squares - sum*sum
}

// correlation is Pearson's of two thumbnails that are not flat, in 1/10000, rounded down. It
// does not change with brightness or contrast.
func correlation(a, b *thumb) int {
	sumA, sumB, squaresA, squaresB, products := int64(0), int64(0), int64(0), int64(0), int64(0)
	for k, v := range a {
		x, y := int64(v), int64(b[k])
		sumA += x
		sumB += y
		squaresA += x * x
		squaresB += y * y
		products += x * y
	}
	n := int64(len(a))
	below := float64(n*squaresA-sumA*sumA) * float64(n*squaresB-sumB*sumB)
	if below == 0 {
		return 0
	}
	return int(math.Floor(float64(n*products-sumA*sumB) * 10000 / math.Sqrt(below)))
}

// detail is 128 and each pixel less the mean of the 3x3 around it, of as many as there are,
// rounded down.
func (t *thumb) detail() (d thumb) {
	for y := range thumbSide {
		for x := range thumbSide {
			sum, n := 0, 0
			for v := max(y-1, 0); v < min(y+2, thumbSide); v++ {
				for u := max(x-1, 0); u < min(x+2, thumbSide); u++ {
					sum += int(t[v*thumbSide+u])
					n++
				}
			}
			d[y*thumbSide+x] = uint8(min(max(128+int(t[y*thumbSide+x])-sum/n, 0), 255))
		}
	}
	return d
}
