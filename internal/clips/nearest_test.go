package clips

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/rng"
)

func TestNearest(t *testing.T) {
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	draw := func(levels int) *Backdrop {
		b := new(Backdrop)
		for i := range b {
			b[i] = uint16(s.IntN(levels))
		}
		return b
	}
	flat, a, b, c := new(Backdrop), draw(2041), draw(2041), draw(2041)
	darker, against := new(Backdrop), new(Backdrop)
	for i, v := range a {
		darker[i], against[i] = v/2+10, 2040-v
	}
	others := []*Backdrop{flat, b, darker, against, a, a}
	if diff := cmp.Diff([]int{4, 2, 1, 0}, Nearest([]*Backdrop{a, darker, b, flat}, others, nil)); diff != "" {
		t.Errorf("nearest (-want +got):\n%s", diff)
	}
	if got := Nearest([]*Backdrop{a}, others, func(_, at int) bool { return at != 4 }); got[0] != 5 {
		t.Errorf("nearest is %d, which was not to be looked at", got[0])
	}
	if got := Nearest([]*Backdrop{c}, nil, nil); got[0] != -1 {
		t.Errorf("nearest of none is %d", got[0])
	}
	if got := Nearest([]*Backdrop{a}, []*Backdrop{against, flat}, nil); got[0] != 1 {
		t.Errorf("nearest is %d, want the one of one level before one that is opposed", got[0])
	}
}

// TestCosinesCompare compares the arithmetic with that of math/big.
func TestCosinesCompare(t *testing.T) {
	s := rng.NewKey(1, rng.TestPurpose).Stream(1, 0, 0)
	draw := func() cosine {
		dot := int64(s.Uint64() >> (11 + s.IntN(50)))
		if s.IntN(2) == 0 {
			dot = -dot
		}
		return cosine{dot, 1 + s.Uint64()>>(11+s.IntN(50))}
	}
	value := func(c cosine) *big.Rat {
		dot := new(big.Int).SetInt64(c.dot)
		square := new(big.Int).Mul(dot, new(big.Int).Abs(dot))
		return new(big.Rat).SetFrac(square, new(big.Int).SetUint64(c.square))
	}
	for range 2000 {
		a, b := draw(), draw()
		if got, want := a.compare(b), value(a).Cmp(value(b)); got != want {
			t.Fatalf("%+v and %+v compare as %d, want %d", a, b, got, want)
		}
	}
}
