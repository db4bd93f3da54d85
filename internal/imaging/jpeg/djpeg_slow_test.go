//go:build slow

package jpeg_test

import "testing"

// TestAgainstDjpegMore compares 1,500 combinations, more than 1,000 of which cjpeg can make.
func TestAgainstDjpegMore(t *testing.T) { againstDjpeg(t, 20, 1500) }
