//go:build !purego

package rng

// accelerated lists the implementations in assembly.
func accelerated() []implementation { return []implementation{{"neon", 4, keepNEON, blocksNEON}} }
