//go:build slow

package kernel

const slow = true
