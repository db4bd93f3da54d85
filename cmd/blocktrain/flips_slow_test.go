//go:build slow

package main

const (
	flips    = 1000
	bombSize = 1 << 30
	thorough = true
)
