//go:build !slow

package main

// What make slow does more of.
const (
	flips    = 30    // bytes that are flipped in a package, and in an archive
	bombSize = 1e8   // bytes that a small archive unpacks to
	thorough = false // whether every command is tried
)
