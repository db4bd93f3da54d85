// Package tool is below the others.
package tool

// First returns the first of several.
func First[T any](all ...T) T { return all[0] }
