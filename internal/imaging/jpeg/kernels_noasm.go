//go:build purego || !amd64

package jpeg

func accelerated() []*kernels { return nil }
