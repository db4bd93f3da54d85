//go:build !purego

package rng

import "golang.org/x/sys/cpu"

// accelerated lists the implementations in assembly that this processor can run,
// the fastest first.
func accelerated() []implementation {
	var list []implementation
	x := &cpu.X86
	if !(x.HasAVX && x.HasAVX2) {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512BW {
		list = append(list, implementation{"avx512", 16, keepAVX512, blocksAVX512})
	}
	return append(list, implementation{"avx2", 8, keepAVX2, blocksAVX2})
}
