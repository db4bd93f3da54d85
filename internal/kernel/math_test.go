package kernel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"runtime"
	"sync"
	"testing"
)

// functions are those that promise an error of at most one unit in the last
// place, with references that are right to some 2^-50.
var functions = []struct {
	name      string
	got       func(float32) float32
	reference func(float64) float64
}{
	{"Exp", Exp, math.Exp},
	{"Log", Log, math.Log},
	{"Tanh", Tanh, math.Tanh},
	{"Erf", Erf, math.Erf},
	{"Sin", Sin, math.Sin},
	{"Cos", Cos, math.Cos},
}

// unitError is the distance of got from want in units of the last place of a
// float32 near want; infinite where one of them is finite or NaN alone.
func unitError(got float32, want float64) float64 {
	rounded := float32(want)
	if same(got, rounded) {
		if got-got != 0 {
			return 0
		}
	} else if got-got != 0 || rounded-rounded != 0 {
		// A result next to the largest number may overflow or not.
		if math.Abs(want) > math.MaxFloat32 && math.Abs(float64(got)) == math.MaxFloat32 {
			return (math.Abs(want) - math.MaxFloat32) / 0x1p104
		}
		return math.Inf(1)
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

// worst returns the largest error over the bit patterns first, first+step, ...
// and the input it was met at.
func worst(got func(float32) float32, reference func(float64) float64, first, step uint64) (float64, float32) {
	most, at := 0.0, float32(0)
	for u := first; u < 1<<32; u += step {
		x := math.Float32frombits(uint32(u))
		if e := unitError(got(x), reference(float64(x))); e > most {
			most, at = e, x
		}
	}
	return most, at
}

func TestFunctions(t *testing.T) {
	step := uint64(1511)
	if slow {
		step = 1
	}
	workers := uint64(runtime.NumCPU())
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			var group sync.WaitGroup
			var mutex sync.Mutex
			most, at := 0.0, float32(0)
			for w := range workers {
				group.Go(func() {
					e, x := worst(f.got, f.reference, w*step, workers*step)
					mutex.Lock()
					defer mutex.Unlock()
					if e > most {
						most, at = e, x
					}
				})
			}
			group.Wait()
			t.Logf("largest error %.3f units in the last place, at %x", most, at)
			if most > 1 {
				t.Errorf("%s(%x) = %x is %.3f units in the last place off %x", f.name, at, f.got(at), most, f.reference(float64(at)))
			}
		})
	}
}

func TestFunctionsSpecial(t *testing.T) {
	inf, nan, minusZero := float32(math.Inf(1)), float32(math.NaN()), math.Float32frombits(1<<31)
	for _, c := range []struct {
		name    string
		f       func(float32) float32
		x, want float32
	}{
		{"Exp", Exp, 0, 1}, {"Exp", Exp, minusZero, 1}, {"Exp", Exp, inf, inf}, {"Exp", Exp, -inf, 0}, {"Exp", Exp, nan, nan},
		{"Exp", Exp, 88.72283, 0x1.ffff08p127}, {"Exp", Exp, 88.72284, inf}, {"Exp", Exp, 1e30, inf},
		{"Exp", Exp, -87.4, 0x1.e085p-127}, {"Exp", Exp, -103.9, 0x1p-149}, {"Exp", Exp, -103.98, 0}, {"Exp", Exp, -1e30, 0},
		{"Log", Log, 0, -inf}, {"Log", Log, minusZero, -inf}, {"Log", Log, -1, nan}, {"Log", Log, -0x1p-149, nan}, {"Log", Log, -inf, nan},
		{"Log", Log, inf, inf}, {"Log", Log, nan, nan}, {"Log", Log, 1, 0}, {"Log", Log, 0x1p-149, -0x1.9d1da0p6},
		{"Tanh", Tanh, minusZero, minusZero}, {"Tanh", Tanh, inf, 1}, {"Tanh", Tanh, -inf, -1}, {"Tanh", Tanh, nan, nan}, {"Tanh", Tanh, 0x1p-149, 0x1p-149},
		{"Erf", Erf, minusZero, minusZero}, {"Erf", Erf, inf, 1}, {"Erf", Erf, -inf, -1}, {"Erf", Erf, nan, nan}, {"Erf", Erf, 0x1p-149, 0x1p-149},
		{"Sin", Sin, 0, 0}, {"Sin", Sin, minusZero, minusZero}, {"Sin", Sin, inf, nan}, {"Sin", Sin, nan, nan}, {"Sin", Sin, 0x1p-149, 0x1p-149},
		{"Cos", Cos, 0, 1}, {"Cos", Cos, minusZero, 1}, {"Cos", Cos, -inf, nan}, {"Cos", Cos, nan, nan},
		{"Sigmoid", sigmoid, 0, 0.5}, {"Sigmoid", sigmoid, inf, 1}, {"Sigmoid", sigmoid, -inf, 0},
	} {
		if got := c.f(c.x); !same(got, c.want) {
			t.Errorf("%s(%v) = %x, want %x", c.name, c.x, got, c.want)
		}
	}
}

func TestPowInt(t *testing.T) {
	for _, x := range []float64{0, 0.5, 0.9, 0.999, 0.9999, 1, 1.5} {
		for _, n := range []int{0, 1, 2, 3, 10, 100, 12345} {
			want := math.Pow(x, float64(n))
			if got := PowInt(x, n); !(math.Abs(got-want) <= 1e-16*float64(n+1)*want) && got != want {
				t.Errorf("PowInt(%v, %d) = %v, want %v", x, n, got, want)
			}
		}
	}
}

// TestDigestFunctions pins the bits of the elementary functions: they are the
// same on every architecture and change only with the contract's version.
func TestDigestFunctions(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(float32) float32
		want string
	}{
		{"Exp", Exp, "ba4ed9717b439ee8"},
		{"Log", Log, "0ff58f64443c148c"},
		{"Tanh", Tanh, "7668dbb768b6778f"},
		{"Erf", Erf, "f1d8eb4be68c3be1"},
		{"Sin", Sin, "a2b6277548228290"},
		{"Cos", Cos, "590765e5ea9736c0"},
		{"Sigmoid", sigmoid, "df2a335a033946b2"},
		{"SiLU", silu, "4145b1020e34c365"},
		{"SiLUGrad", siluSlope, "dcfc33c97b53ebce"},
		{"GELU", gelu, "817fa95f3f21e3d0"},
		{"GELUGrad", geluSlope, "5d64b82f824b7731"},
		{"HardSwish", hardSwish, "c79d76a9b23b88b5"},
		{"HardSwishGrad", hardSwishSlope, "783431caa91f1bfc"},
	} {
		var y []float32
		for u := uint64(0); u < 1<<32; u += 99991 {
			y = append(y, c.f(math.Float32frombits(uint32(u))))
		}
		if got := digest(y); got != c.want {
			t.Errorf("%s: digest %s, want %s", c.name, got, c.want)
		}
	}
}

// digest is a short hash of the bits of rows, all NaN taken as one.
func digest(rows ...[]float32) string {
	hash := sha256.New()
	var b [4]byte
	for _, row := range rows {
		for _, v := range row {
			u := math.Float32bits(v)
			if v != v {
				u = 0x7fc00000
			}
			binary.LittleEndian.PutUint32(b[:], u)
			hash.Write(b[:])
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
