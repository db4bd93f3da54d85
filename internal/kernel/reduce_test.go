package kernel

import (
	"math"
	"testing"
)

// values returns n finite numbers of magnitudes from about 1e-4 to 1e4.
func values(seed uint64, n int) []float32 {
	m := mix(seed)
	x := make([]float32, n)
	for i := range x {
		x[i] = withExponent(m.float32(), 114+m.next()%27)
	}
	return x
}

func TestSums(t *testing.T) { eachImplementation(t, testSums) }

func testSums(t *testing.T) {
	for n := range 67 {
		x, y := values(1, n), values(2, n)
		sum, squares, dot, scale, dotScale, distance := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
		for i, v := range x {
			sum += float64(v)
			squares += float64(v) * float64(v)
			dot += float64(v) * float64(y[i])
			distance += (float64(v) - float64(y[i])) * (float64(v) - float64(y[i]))
			scale += math.Abs(float64(v))
			dotScale += math.Abs(float64(v) * float64(y[i]))
		}
		near := func(name string, got, want, tolerance float64) {
			if !(math.Abs(got-want) <= tolerance) {
				t.Errorf("%s of %d: %v, want %v", name, n, got, want)
			}
		}
		near("Sum", float64(Sum(x)), sum, 1e-6*scale)
		near("SumSquares", SumSquares(x), squares, 1e-14*squares)
		near("Sum64", Sum64(x), sum, 1e-14*scale)
		near("SquaredDistance", float64(SquaredDistance(x, y)), distance, 1e-6*distance)
		near("Dot", float64(Dot(x, y)), dot, 1e-6*dotScale)
	}
}

// TestSumOrder pins the order of additions by numbers that only one order sums
// to this result.
func TestSumOrder(t *testing.T) { eachImplementation(t, testSumOrder) }

func testSumOrder(t *testing.T) {
	x := make([]float32, 32)
	x[0], x[16], x[8], x[1] = 0x1p24, 1, 1, 3
	// Lane 0: 2^24 + 1 = 2^24 (tie to even); + lane 8: again 2^24; + lane 1: 2^24 + 4 (tie to even).
	if got := Sum(x); got != 0x1p24+4 {
		t.Errorf("Sum = %v, want %v", got, float32(0x1p24+4))
	}
}

func TestMax(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		x     []float32
		max   float32
		index int
	}{
		{nil, -inf, -1},
		{[]float32{-3}, -3, 0},
		{[]float32{1, 4, 4, 2}, 4, 1},
		{[]float32{-inf, -inf}, -inf, 0},
		{[]float32{1, nan, 9, nan}, nan, 1},
		{[]float32{nan, 9}, nan, 0},
		{[]float32{1, inf, nan}, nan, 2},
	} {
		if got := Max(c.x); !same(got, c.max) {
			t.Errorf("Max(%v) = %v, want %v", c.x, got, c.max)
		}
		if got := ArgMax(c.x); got != c.index {
			t.Errorf("ArgMax(%v) = %d, want %d", c.x, got, c.index)
		}
	}
	for n := 1; n < 67; n++ {
		x := values(3, n)
		if i := ArgMax(x); Max(x) != x[i] {
			t.Errorf("of %d: Max %v, ArgMax %d (%v)", n, Max(x), i, x[i])
		}
	}
}

func TestSoftmaxRow(t *testing.T) { eachImplementation(t, testSoftmaxRow) }

func testSoftmaxRow(t *testing.T) {
	for _, x := range [][]float32{{0}, {1, 2, 3}, {-100, 100}, {1e30, -1e30}, values(4, 40), {0, 0, 0, 0, float32(math.Inf(-1))}} {
		y := make([]float32, len(x))
		SoftmaxRow(y, x)
		total, top := 0.0, float64(Max(x))
		for _, v := range x {
			total += math.Exp(float64(v) - top)
		}
		for i, v := range x {
			want := math.Exp(float64(v)-top) / total
			if !(math.Abs(float64(y[i])-want) <= 1e-6*want+1e-44) {
				t.Errorf("softmax %v: element %d is %v, want %v", x, i, y[i], want)
			}
		}
		high, rest := LogSumExp(x)
		if want := math.Log(total); float64(high) != top || !(math.Abs(float64(rest)-want) <= 1e-6*want+1e-7) {
			t.Errorf("LogSumExp(%v) = %v + %v, want %v + %v", x, high, rest, top, want)
		}
	}
}

func TestDigestReduce(t *testing.T) { eachImplementation(t, testDigestReduce) }

func testDigestReduce(t *testing.T) {
	x, y := values(5, 1003), values(6, 1003)
	small := values(7, 10)
	Scale(small, 0.001)
	SoftmaxRow(small, small)
	squares := SumSquares(x)
	top, rest := LogSumExp(x[:100])
	got := digest([]float32{Sum(x), Dot(x, y), Max(x), float32(squares), float32(squares - float64(float32(squares))), top, rest}, small)
	if want := "3d77cb1cdc3060d0"; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// TestSum64Order pins the order of additions of float64 in the same way.
func TestSum64Order(t *testing.T) {
	x := make([]float64, 32)
	x[0], x[16], x[8], x[1] = 0x1p53, 1, 1, 3
	if got := Sum64(x); got != 0x1p53+4 {
		t.Errorf("Sum64 = %v, want %v", got, 0x1p53+4)
	}
}
