//go:build !slow

package kernel

// slow switches the tests over all inputs on: go test -tags slow.
const slow = false
