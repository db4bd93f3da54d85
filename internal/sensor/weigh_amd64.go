//go:build !purego

package sensor

import "golang.org/x/sys/cpu"

// accelerated lists the implementations in assembly that this processor can run, the fastest
// first.
func accelerated() []implementation {
	var list []implementation
	x := &cpu.X86
	if !(x.HasAVX && x.HasAVX2) {
		return nil
	}
	if x.HasAVX512F {
		list = append(list, implementation{"avx512", 8, addWeightedAVX512})
	}
	return append(list, implementation{"avx2", 4, addWeightedAVX2})
}
