// Package rng gives random numbers by address instead of by turn: a number is a
// function of (seed, purpose, epoch, item, index), so that it does not matter
// which worker asks for it, when, or whether training was interrupted in
// between.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random
// Numbers: As Easy as 1, 2, 3; SC 2011).
package rng

import "math/bits"

// Purpose separates the uses of one seed, so that no two of them see the same
// numbers. The values are part of the reproducibility contract: append only.
type Purpose uint32

// The purposes.
const (
	Init            Purpose = 1 + iota // initial weights; item is the parameter
	Shuffle                            // order of the training part in an epoch
	Dropout                            // item is the example's position in the epoch
	Augment                            // item is the example's index in the dataset; lane is how often the epoch had it before
	Mixup                              // item is the example's position in the epoch
	SplitParts                         // assignment of examples to parts
	Sample                             // subsets and weighted sampling
	DrawDigit                          // item is the digit's index
	SensorNoise                        // degradation by a sensor profile
	Bootstrap                          // resampling in evaluation
	TestPurpose                        // never used by the program itself
	CutMix                             // item is the example's position in the epoch
	BackgroundPlace                    // places without a target in clips; item is the frame
	PaintOver                          // rectangles that targets are painted over in; item is the example's index
	LearningCurve                      // order in which images join the shares of a learning curve
	SensorSeverity                     // severity of a sensor profile in training, index 0, item is the example's index; index 1: the cameras of an epoch
)

// Key selects one family of streams.
type Key struct{ k0, k1 uint32 }

// NewKey mixes the seed and the purpose (splitmix64 finalizer), so that
// neighbouring seeds give unrelated keys.
func NewKey(seed uint64, purpose Purpose) Key {
	z := mix(mix(seed) ^ uint64(purpose)*0x9e3779b97f4a7c15)
	return Key{uint32(z), uint32(z >> 32)}
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Block returns the four words at one address: Philox4x32-10 of the counter
// (index, item, epoch, lane).
func (k Key) Block(index, item, epoch, lane uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57 // multipliers
		w0, w1 = 0x9E3779B9, 0xBB67AE85 // key increments
	)
	c := [4]uint32{index, item, epoch, lane}
	k0, k1 := k.k0, k.k1
	for range 10 {
		hi0, lo0 := bits.Mul32(m0, c[0])
		hi1, lo1 := bits.Mul32(m1, c[2])
		c = [4]uint32{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0 += w0
		k1 += w1
	}
	return c
}

// Stream hands out the words at consecutive indexes of one (item, epoch, lane)
// address. It holds no state beyond its position; two equal streams give equal
// numbers.
type Stream struct {
	key               Key
	item, epoch, lane uint32
	index             uint32
	block             [4]uint32
	left              int
}

// Stream returns the stream of one address.
func (k Key) Stream(item, epoch, lane uint32) *Stream {
	return &Stream{key: k, item: item, epoch: epoch, lane: lane}
}

// Uint32 returns the next 32 random bits.
func (s *Stream) Uint32() uint32 {
	if s.left == 0 {
		s.block = s.key.Block(s.index, s.item, s.epoch, s.lane)
		s.index++
		s.left = 4
	}
	v := s.block[4-s.left]
	s.left--
	return v
}

// Uint64 returns the next 64 random bits.
func (s *Stream) Uint64() uint64 { return uint64(s.Uint32())<<32 | uint64(s.Uint32()) }

// Float32 returns a multiple of 2^-24 in [0, 1). The conversion keeps compilers
// from fusing its product with a caller's sum.
func (s *Stream) Float32() float32 { return float32(float32(s.Uint32()>>8) * (1.0 / (1 << 24))) }

// Uniform returns a number in [low, high).
func (s *Stream) Uniform(low, high float32) float32 {
	return low + float32(s.Float32()*(high-low))
}

// IntN returns a uniform number in [0, n), without bias (Lemire, Fast Random
// Integer Generation in an Interval, 2019). n must be in 1 to 2^32-1.
func (s *Stream) IntN(n int) int {
	bound := uint32(n)
	hi, lo := bits.Mul32(s.Uint32(), bound)
	if lo < bound {
		for threshold := -bound % bound; lo < threshold; {
			hi, lo = bits.Mul32(s.Uint32(), bound)
		}
	}
	return int(hi)
}

// Bool is true with probability p.
func (s *Stream) Bool(p float32) bool { return s.Float32() < p }

// Normal returns a number of mean 0 and variance 1: the sum of twelve uniform
// ones less 6 (Irwin-Hall). It needs no elementary function and is exact in
// integers; it never exceeds 6 in magnitude.
func (s *Stream) Normal() float32 {
	var sum int64
	for range 12 {
		sum += int64(s.Uint32() >> 8)
	}
	return float32(sum-6<<24) * (1.0 / (1 << 24))
}

// Permutation returns the numbers 0 to n-1 in an order given by the key and the
// epoch alone (Fisher-Yates from the end).
func (k Key) Permutation(n int, epoch uint32) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	s := k.Stream(0, epoch, 0)
	for i := n - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
