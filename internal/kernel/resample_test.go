package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// someWeight is a weight of 22 bits of fraction, at times one of those that are not small.
func someWeight(r *rand.Rand) int32 {
	const one = 1 << resampleBits
	return []int32{0, one, -one / 9, one + one/8, r.Int32N(one), -r.Int32N(one / 8)}[r.IntN(6)]
}

func someBytes(r *rand.Rand, n int) []uint8 {
	b := make([]uint8, n)
	for i := range b {
		b[i] = []uint8{0, 255, uint8(r.Uint32())}[r.IntN(3)]
	}
	return b
}

func TestResampleColumns(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 70 {
			taps := n % 9
			stride := n + r.IntN(4)
			src := someBytes(r, max(taps-1, 0)*stride+n)
			weights := make([]int32, taps)
			for k := range weights {
				weights[k] = someWeight(r)
			}
			got, want := slices.Repeat([]uint8{7}, n+1), slices.Repeat([]uint8{7}, n+1)
			ResampleColumns(got[:n], src, stride, weights)
			resampleColumnsGeneric(want[:n], src, stride, weights)
			if !slices.Equal(got, want) {
				t.Fatalf("%d columns by %d: %d, want %d", n, weights, got, want)
			}
		}
	})
}

// TestPixelResampler makes rows shorter and longer, of pixels whose sums are taken one by one.
func TestPixelResampler(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, pixels := range []int{1, 2, 5, 6, 17, 64, 301} {
			for _, n := range []int{1, 2, 3, 7, 40, 200} {
				first, weights := make([]int, n), make([][]int32, n)
				for i := range first {
					first[i] = i * pixels / n
					weights[i] = make([]int32, r.IntN(min(pixels-first[i], 14)+1))
					for k := range weights[i] {
						weights[i][k] = someWeight(r)
					}
				}
				row := someBytes(r, 3*pixels)
				got := slices.Repeat([]uint8{7}, 3*n+1)
				NewPixelResampler(pixels, first, weights).Row(got[:3*n], row)
				for at, found := range got {
					want := uint8(7)
					if at < 3*n {
						sum := int32(1 << (resampleBits - 1))
						for k, w := range weights[at/3] {
							sum += w * int32(row[3*(first[at/3]+k)+at%3])
						}
						want = uint8(min(max(math.Floor(float64(sum)/(1<<resampleBits)), 0), 255))
					}
					if found != want {
						t.Fatalf("%d pixels to %d: byte %d is %d, want %d", pixels, n, at, found, want)
					}
				}
			}
		}
	})
}

func BenchmarkResample(b *testing.B) {
	const pixels, n, rows = 400, 256, 300
	first, weights := make([]int, n), make([][]int32, n)
	for i := range first {
		first[i], weights[i] = i*(pixels-6)/n, []int32{-1 << 16, 1 << 18, 1 << 21, 1 << 21, 1 << 18, -1 << 16}
	}
	row, dst := make([]uint8, 3*pixels*rows), make([]uint8, 3*n*rows)
	b.Run("rows", func(b *testing.B) {
		p := NewPixelResampler(pixels, first, weights)
		for b.Loop() {
			for y := range rows {
				p.Row(dst[3*n*y:][:3*n], row[3*pixels*y:])
			}
		}
	})
	b.Run("columns", func(b *testing.B) {
		for b.Loop() {
			for y := range n {
				ResampleColumns(dst[:3*n], row[3*pixels*first[y]/2:], 3*n, weights[y])
			}
		}
	})
}
