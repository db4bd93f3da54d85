package rng

import (
	"slices"
	"testing"
)

// The vectors are those of the reference implementation (Random123 1.14,
// tests/kat_vectors, philox4x32 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	tests := []struct {
		counter [4]uint32
		key     Key
		want    [4]uint32
	}{
		{[4]uint32{}, Key{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, Key{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, Key{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	}
	for _, test := range tests {
		c := test.counter
		if got := test.key.Block(c[0], c[1], c[2], c[3]); got != test.want {
			t.Errorf("Block(%x) = %x, want %x", c, got, test.want)
		}
	}
}

func TestStreamsOfDifferentAddressesDiffer(t *testing.T) {
	first := map[uint64]string{}
	for seed := range uint64(4) {
		for purpose := Init; purpose <= TestPurpose; purpose++ {
			v := NewKey(seed, purpose).Stream(0, 0, 0).Uint64()
			if _, seen := first[v]; seen {
				t.Fatalf("seed %d purpose %d repeats another stream", seed, purpose)
			}
			first[v] = ""
		}
	}
}

func TestPermutation(t *testing.T) {
	key := NewKey(1, Shuffle)
	p := key.Permutation(1000, 3)
	if !slices.Equal(p, key.Permutation(1000, 3)) {
		t.Error("the same address gives another order")
	}
	if slices.Equal(p, key.Permutation(1000, 4)) {
		t.Error("another epoch gives the same order")
	}
	sorted := slices.Sorted(slices.Values(p))
	for i, v := range sorted {
		if v != i {
			t.Fatalf("not a permutation: %d at %d", v, i)
		}
	}
}

func TestIntNIsUniform(t *testing.T) {
	s := NewKey(7, TestPurpose).Stream(0, 0, 0)
	const n, draws = 7, 70000
	var count [n]int
	for range draws {
		count[s.IntN(n)]++
	}
	for v, c := range count {
		if c < draws/n*94/100 || c > draws/n*106/100 {
			t.Errorf("%d drawn %d times of %d, want about %d", v, c, draws, draws/n)
		}
	}
}

func TestNormalMoments(t *testing.T) {
	s := NewKey(7, TestPurpose).Stream(0, 0, 0)
	var sum, squares float64
	const n = 50000
	for range n {
		v := float64(s.Normal())
		sum += v
		squares += v * v
	}
	if mean := sum / n; mean < -0.02 || mean > 0.02 {
		t.Errorf("mean %v, want 0", mean)
	}
	if variance := squares / n; variance < 0.97 || variance > 1.03 {
		t.Errorf("variance %v, want 1", variance)
	}
}
