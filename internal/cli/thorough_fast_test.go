//go:build !slow

package cli

// thorough says whether the tests that take long are run.
const thorough = false
