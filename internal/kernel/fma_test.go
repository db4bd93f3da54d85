package kernel

import (
	"math"
	"math/big"
	"testing"
)

// mix is the SplitMix64 generator: cases of tests without package rng.
type mix uint64

func (m *mix) next() uint64 {
	*m += 0x9e3779b97f4a7c15
	z := uint64(*m)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float32 returns any bit pattern, often with many trailing zeros.
func (m *mix) float32() float32 {
	r := m.next()
	return math.Float32frombits(uint32(r) &^ (1<<(uint32(r>>32)%25) - 1))
}

// withExponent replaces the biased exponent of x.
func withExponent(x float32, e uint64) float32 {
	return math.Float32frombits(math.Float32bits(x)&0x807fffff | uint32(e&0xff)<<23)
}

// near returns x, its lower or its upper neighbour.
func near(x float32, which uint64) float32 {
	return math.Float32frombits(math.Float32bits(x) + uint32(which) - 1)
}

// nearlyOne returns two factors whose product is just below 1 or -1.
func nearlyOne(r uint64) (a, b float32) {
	d := 1 / float32(uint32(1)<<(13+r%11))
	if r>>4&1 == 1 {
		return -1 - d, 1 - d
	}
	return 1 + d, 1 - d
}

// triple returns factors and an addend that are hard to round: exponents close
// to each other, ties, near ties, cancellation and subnormal results.
func (m *mix) triple() (a, b, c float32) {
	a, b, c = m.float32(), m.float32(), m.float32()
	r := m.next()
	switch r % 8 {
	case 0, 1: // exponents near each other
		a, b = withExponent(a, 100+r>>8%50), withExponent(b, 100+r>>16%50)
		c = withExponent(c, uint64(math.Float32bits(a*b)>>23&0xff)+r>>24%60-30)
	case 2: // a subnormal or barely normal result
		a, b, c = withExponent(a, 40+r>>8%40), withExponent(b, 30+r>>16%40), withExponent(c, r>>24%4)
	case 3: // the product is half a unit of c, but for bits that float64 has no room for
		a, b = nearlyOne(r >> 8)
		a, b, c = a*0x1p-20, b*0x1p-4, withExponent(c, 127+r>>16%2)
	case 4: // the product cancels c but for the last bits
		a, b = withExponent(a, 110+r>>8%30), withExponent(b, 110+r>>16%30)
		c = near(-a*b, r>>24%3)
	case 5: // near overflow
		a, b, c = withExponent(a, 180+r>>8%20), withExponent(b, 180+r>>16%15), withExponent(c, 240+r>>24%15)
	case 6: // ties among subnormal numbers
		a, b = nearlyOne(r >> 8)
		a, b, c = a*0x1p-80, b*0x1p-70, math.Float32frombits(uint32(r>>32)%(1<<24))
	}
	return a, b, c
}

// exactFMA is a*b + c by arbitrary precision. Infinite, NaN and zero operands
// need no rounding, and float64 arithmetic gives their sign or class.
func exactFMA(a, b, c float32) float32 {
	sum := float64(a)*float64(b) + float64(c)
	if sum-sum != 0 || sum == 0 || a == 0 || b == 0 {
		return float32(sum)
	}
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(1024).SetFloat64(float64(x)) }
	product := exact(a)
	product.Mul(product, exact(b))
	product.Add(product, exact(c))
	f, _ := product.Float32()
	return f
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func checkFMA(t *testing.T, a, b, c float32) {
	t.Helper()
	if got, want := FMA32(a, b, c), exactFMA(a, b, c); !same(got, want) {
		t.Fatalf("FMA32(%x, %x, %x) = %x, want %x", a, b, c, got, want)
	}
}

func TestFMA32(t *testing.T) {
	var m mix
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	if slow {
		n = 50_000_000
	}
	ties := 0
	for range n {
		a, b, c := m.triple()
		checkFMA(t, a, b, c)
		if s := float64(a)*float64(b) + float64(c); !same(float32(s), exactFMA(a, b, c)) {
			ties++
		}
	}
	if ties < n/50 {
		t.Errorf("only %d of %d cases need care: the test is too easy", ties, n)
	}
}

func TestFMA32Special(t *testing.T) {
	inf := float32(math.Inf(1))
	zero := math.Float32frombits(1 << 31)
	values := []float32{0, zero, 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
		-math.SmallestNonzeroFloat32, 0x1p-126, 0x1.fffffep-127, 0x1p-64, 0x1p-75, 0x1p64, inf, -inf, float32(math.NaN())}
	for _, a := range values {
		for _, b := range values {
			for _, c := range values {
				checkFMA(t, a, b, c)
			}
		}
	}
}

func FuzzFMA32(f *testing.F) {
	f.Add(uint32(0x3f800001), uint32(0x33800000), uint32(0x3f800000))
	f.Add(uint32(1), uint32(0x3f000000), uint32(0))
	f.Fuzz(func(t *testing.T, a, b, c uint32) {
		checkFMA(t, math.Float32frombits(a), math.Float32frombits(b), math.Float32frombits(c))
	})
}

func TestAxpy(t *testing.T) { eachImplementation(t, testAxpy) }

func testAxpy(t *testing.T) {
	var m mix
	for n := range 70 {
		for _, a := range []float32{0, math.Float32frombits(1 << 31), 0.3, -1.5, 0x1p-70, float32(math.Inf(-1))} {
			b, c, want := make([]float32, n+2), make([]float32, n+2), make([]float32, n+2)
			for i := range c {
				_, b[i], c[i] = m.triple()
				want[i] = c[i]
			}
			for i := 1; i <= n; i++ {
				want[i] = exactFMA(a, b[i], c[i])
			}
			Axpy(c[1:n+1], b[1:], a)
			for i := range c {
				if !same(c[i], want[i]) {
					t.Fatalf("n %d, a %v: element %d is %x, want %x", n, a, i, c[i], want[i])
				}
			}
		}
	}
}

func BenchmarkAxpy(b *testing.B) {
	for _, bench := range []struct {
		name string
		n    int
		a    float32
	}{{"64", 64, 0.37}, {"16", 16, 0.37}, {"6", 6, 0.37}, {"64-zero", 64, 0}} {
		b.Run(bench.name, func(b *testing.B) {
			c, x := make([]float32, bench.n), make([]float32, bench.n)
			for i := range c {
				c[i], x[i] = float32(i)*0.37+0.1, 0.00137*float32(i%7)
			}
			a := bench.a
			for b.Loop() {
				Axpy(c, x, a)
				a = -a
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.n), "ns/fma")
		})
	}
}

func BenchmarkFMA32(b *testing.B) {
	x := float32(0.9)
	for b.Loop() {
		for range 64 {
			x = FMA32(x, 0.37, 0.5)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*64), "ns/fma")
}
