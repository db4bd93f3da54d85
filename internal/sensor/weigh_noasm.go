//go:build purego || !amd64

package sensor

func accelerated() []implementation { return nil }
