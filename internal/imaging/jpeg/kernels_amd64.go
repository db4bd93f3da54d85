//go:build !purego

package jpeg

import "golang.org/x/sys/cpu"

func accelerated() []*kernels {
	if !cpu.X86.HasAVX || !cpu.X86.HasAVX2 {
		return nil
	}
	return []*kernels{assembly{inverseDCTAVX2, triangle2x2AVX2, triangle2x1AVX2, triangle1x2AVX2, convertAVX2}.kernels("avx2")}
}
