//go:build purego || !(amd64 || arm64)

package kernel

// known names the implementations that this build has for processors of its
// kind.
var known []string

func accelerated() []*implementation { return nil }
