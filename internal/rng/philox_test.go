package rng

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
)

// eachImplementation runs a test under all that this processor can run.
func eachImplementation(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	own := active
	t.Cleanup(func() { active = own })
	for _, i := range available() {
		active = i
		t.Run(i.name, test)
	}
}

func TestKeepIsItsGenericTwin(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := range 70 {
			key, item := NewKey(uint64(n), TestPurpose), uint32(n)*0x9e3779b9
			threshold := []uint16{0, 1, 1 << 14, 1 << 15, 0xffff, uint16(n * 937)}[n%6]
			got, want := make([]uint8, n+1), make([]uint8, n+1)
			got[n], want[n] = 0xa5, 0xa5 // is not written
			key.Keep(got[:n], item, ^item, uint32(n), threshold)
			key.keepGeneric(want[:n], 0, item, ^item, uint32(n), threshold)
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, threshold %d: %x, want %x", n, threshold, got, want)
			}
		}
	})
}

func TestBlocksAreTheirGenericTwin(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := range 70 {
			key, item := NewKey(uint64(n), TestPurpose), uint32(n)*0x9e3779b9
			first := []uint32{0, 1, item, 1<<32 - 20}[n%4] // the last goes on with 0
			got, want := make([]uint32, 4*n+1), make([]uint32, 4*n+1)
			got[4*n], want[4*n] = 0xa5a5a5a5, 0xa5a5a5a5 // is not written
			key.Blocks(got[:4*n], first, item, ^item, uint32(n))
			key.blocksGeneric(want[:4*n], first, item, ^item, uint32(n))
			if !slices.Equal(got, want) {
				t.Fatalf("%d blocks from %d: %x, want %x", n, first, got, want)
			}
		}
	})
}

// TestExpectedImplementation is as in package kernel.
func TestExpectedImplementation(t *testing.T) {
	want := os.Getenv("BLOCKTRAIN_EXPECT_SIMD")
	if want == "" {
		t.Skip("BLOCKTRAIN_EXPECT_SIMD does not say what to expect")
	}
	if active.name != want {
		t.Errorf("the fastest implementation is %s; BLOCKTRAIN_EXPECT_SIMD wants %s", active.name, want)
	}
}

func BenchmarkKeep(b *testing.B) {
	bits := make([]uint8, 1152)
	b.SetBytes(int64(len(bits)))
	for b.Loop() {
		NewKey(1, Dropout).Keep(bits, 1, 2, 3, 1<<14)
	}
}

func BenchmarkBlocks(b *testing.B) {
	own := active
	b.Cleanup(func() { active = own })
	for _, i := range available() {
		for _, blocks := range []int{5, 7, 9, 80} {
			b.Run(fmt.Sprintf("%s/%d", i.name, blocks), func(b *testing.B) {
				active = i
				words := make([]uint32, 4*blocks)
				for b.Loop() {
					NewKey(1, SensorNoise).Blocks(words, 0, 1, 2, 3)
				}
			})
		}
	}
}
