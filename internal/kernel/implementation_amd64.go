//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -family product -out ../product_amd64.s -stubs ../product_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -family peak -out ../peak_amd64.s -stubs ../peak_stubs_amd64.go -pkg kernel
//go:generate go -C _asm run . -tables ../product_tiles_amd64.go

// known names the implementations that this build has for processors of its
// kind.
var known = []string{avx512.name, avx2.name}

var avx512 = implementation{
	name:        "avx512",
	width:       16,
	multiplyAdd: multiplyAddAVX512,
	gather:      gatherAVX512,
	gatherOne:   gatherOneAVX512,
	outer:       outerAVX512,
}

var avx2 = implementation{
	name:        "avx2",
	width:       8,
	multiplyAdd: multiplyAddAVX2,
	gather:      gatherAVX2,
	gatherOne:   gatherOneAVX2,
	outer:       outerAVX2,
}

// accelerated lists the implementations in assembly that this processor can run,
// the fastest first. Each feature is asked for by name: GODEBUG may switch off
// one and leave those on that depend on it.
func accelerated() []*implementation {
	var list []*implementation
	x := &cpu.X86
	if !(x.HasAVX && x.HasAVX2 && x.HasFMA && x.HasBMI2) {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW {
		list = append(list, &avx512)
	}
	return append(list, &avx2)
}
