package engine

import "unsafe"

// alignedFloats returns n zeros that begin at a 64-byte line.
func alignedFloats(n int) []float32 {
	if n == 0 {
		return nil
	}
	const line = 16
	values := make([]float32, n+line)
	skip := 0
	if rest := uintptr(unsafe.Pointer(&values[0])) / 4 % line; rest != 0 {
		skip = line - int(rest)
	}
	return values[skip : skip+n : skip+n]
}
