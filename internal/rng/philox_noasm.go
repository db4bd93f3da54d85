//go:build purego || !(amd64 || arm64)

package rng

func accelerated() []implementation { return nil }
