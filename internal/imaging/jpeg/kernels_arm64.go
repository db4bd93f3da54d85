//go:build !purego

package jpeg

// Every arm64 processor has NEON.
func accelerated() []*kernels {
	return []*kernels{assembly{inverseDCTNEON, triangle2x2NEON, triangle2x1NEON, triangle1x2NEON, convertNEON}.kernels("neon")}
}
