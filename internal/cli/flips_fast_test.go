//go:build !slow

package cli

// flips is how many single bits TestFlips changes.
const flips = 60
