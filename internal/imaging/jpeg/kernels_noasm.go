//go:build purego || !(amd64 || arm64)

package jpeg

func accelerated() []*kernels { return nil }
