package jpeg

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// TestExpectedKernels fails where a machine should have tested vector instructions and did
// not: BLOCKTRAIN_EXPECT_SIMD names the fastest that it has.
func TestExpectedKernels(t *testing.T) {
	want := os.Getenv("BLOCKTRAIN_EXPECT_SIMD")
	switch want {
	case "":
		t.Skip("BLOCKTRAIN_EXPECT_SIMD does not say what to expect")
	case "avx512":
		want = "avx2" // the most that there are kernels for
	}
	if active.name != want {
		t.Errorf("the kernels in use are %s; BLOCKTRAIN_EXPECT_SIMD wants %s", active.name, want)
	}
}

// TestKernels compares the kernels in assembly with their definition, byte by byte, with
// bytes around what they write that must stay.
func TestKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, k := range accelerated() {
		t.Run(k.name, func(t *testing.T) {
			for range 3000 {
				checkTransform(t, k, r)
			}
			for n := 3; n < 100; n++ {
				checkRows(t, k, r, n)
			}
		})
	}
}

func checkTransform(t *testing.T, k *kernels, r *rand.Rand) {
	t.Helper()
	var b block
	var quant [64]uint16
	top := 1 << r.IntN(16)
	for i := range b {
		quant[i] = uint16(1 + r.IntN(1<<(1+r.IntN(8))))
	}
	for range r.IntN(64) {
		b[r.IntN(1+r.IntN(64))] = int16(r.IntN(2*top) - top)
	}
	stride := 8 + r.IntN(8)
	want, got := noise(r, 8*stride), make([]byte, 8*stride)
	copy(got, want)
	inverseDCTGeneric(want, stride, &b, &quant)
	k.inverseDCT(got, stride, &b, &quant)
	if !bytes.Equal(got, want) {
		t.Fatalf("%v times %v gives\n%v, want\n%v", b, quant, got, want)
	}
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func checkRows(t *testing.T, k *kernels, r *rand.Rand, n int) {
	t.Helper()
	x, y, z := noise(r, n), noise(r, n), noise(r, n)
	for name, run := range map[string]func(k *kernels, dst []byte){
		"doubleBoth":    func(k *kernels, dst []byte) { k.doubleBoth(dst[:2*n], x, y) },
		"doubleColumns": func(k *kernels, dst []byte) { k.doubleColumns(dst[:2*n], x) },
		"doubleRows":    func(k *kernels, dst []byte) { k.doubleRows(dst[:n], x, y, int32(1+n&1)) },
		"convert":       func(k *kernels, dst []byte) { k.convert(dst[:3*n], x, y, z) },
	} {
		want, got := noise(r, 3*n+40), make([]byte, 3*n+40)
		copy(got, want)
		run(&generic, want)
		run(k, got)
		if !bytes.Equal(got, want) {
			t.Fatalf("%s of %d samples gives\n%v, want\n%v", name, n, got, want)
		}
	}
}

// TestColorsOfAllValues compares the conversion of every triple of three channels that
// differ by much, and of all pairs of colour differences.
func TestColorsOfAllValues(t *testing.T) {
	for _, k := range accelerated() {
		for red := range 256 {
			y, cb, cr := make([]byte, 256), make([]byte, 256), bytes.Repeat([]byte{byte(red)}, 256)
			for i := range y {
				y[i], cb[i] = byte(37*i+red), byte(i)
			}
			want, got := make([]byte, 768), make([]byte, 768)
			convertGeneric(want, y, cb, cr)
			k.convert(got, y, cb, cr)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: other colours for Cr %d", k.name, red)
			}
		}
	}
}
