//go:build slow

package verify

import "testing"

// TestAllForgeries tries every forgery.
func TestAllForgeries(t *testing.T) { forge(t, 1, true) }
