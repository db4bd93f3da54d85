package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type noise struct{ sigma float64 }

func newNoise(o *config.Options) (Transform, error) {
	t := &noise{}
	o.Float(&t.sigma, "sigma", 10, "standard deviation in grey levels", config.Between(0, 128))
	return t, nil
}

// Apply takes the sum of eight random bytes for a Gaussian number (Irwin-Hall;
// it ends at 4.9 standard deviations): two words of the stream a value, where
// [rng.Stream.Normal] takes twelve.
func (t *noise) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	const (
		mean      = 8 * 255 / 2
		deviation = 209.02153 // sqrt(8 * (256*256-1) / 12)
	)
	scale := fixed(float32(t.sigma / deviation))
	if scale == 0 {
		return false
	}
	for i, p := range src.Pix {
		dst.Pix[i] = clamp(int(p) + ((byteSum(s.Uint64())-mean)*scale+one/2)>>16)
	}
	return true
}

// byteSum adds the eight bytes of v.
func byteSum(v uint64) int {
	const evens = 0x00ff00ff00ff00ff
	v = v&evens + v>>8&evens // four sums of two
	return int(v * 0x0001000100010001 >> 48)
}
