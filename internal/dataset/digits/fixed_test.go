package digits

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/rng"
	"pgregory.net/rapid"
)

func testHand(item int) hand {
	return hand{rng.NewKey(1, rng.TestPurpose).Stream(uint32(item), 0, 0)}
}

func TestIsqrt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(0, 1<<60).Draw(t, "v")
		if r := isqrt(v); r*r > v || (r+1)*(r+1) <= v {
			t.Fatalf("isqrt(%d) = %d", v, r)
		}
	})
}

// The table is sin(2 pi turn) * 65536.
func TestWave(t *testing.T) {
	tests := []struct{ turn, want int64 }{
		{0, 0},
		{one / 12, 32768},
		{one / 8, 46341},
		{one / 4, 65536},
		{one / 3, 56756},
		{one / 2, 0},
		{one * 3 / 4, -65536},
		{one, 0},
		{-one / 4, -65536},
		{5 * one / 4, 65536},
	}
	for _, test := range tests {
		if got := wave(test.turn); abs(got-test.want) > one*2/1000 {
			t.Errorf("wave(%d) = %d, want about %d", test.turn, got, test.want)
		}
	}
}

func TestMulRoundsToNearest(t *testing.T) {
	tests := []struct{ a, b, want int64 }{
		{one, one, one},
		{one / 2, 3, 2},
		{-one, one / 4, -one / 4},
		{1, one/2 - 1, 0},
		{1, one / 2, 1},
	}
	for _, test := range tests {
		if got := mul(test.a, test.b); got != test.want {
			t.Errorf("mul(%d, %d) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestAroundHasItsMoments(t *testing.T) {
	const n, mean, deviation = 20000, 5000, 1000
	h := testHand(0)
	var sum, squares int64
	for range n {
		d := h.around(mean, deviation) - mean
		sum += d
		squares += d * d
	}
	if offset := sum / n; abs(offset) > 25 {
		t.Errorf("mean is off by %d", offset)
	}
	if got := isqrt(squares / n); got < 980 || got > 1020 {
		t.Errorf("deviation %d, want about %d", got, deviation)
	}
}
