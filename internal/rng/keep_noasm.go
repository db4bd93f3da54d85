//go:build purego || !amd64

package rng

func accelerated() []implementation { return nil }
