//go:build slow

package imaging

import "testing"

// TestWebPAgainstDwebpMore compares 300 files.
func TestWebPAgainstDwebpMore(t *testing.T) { againstDwebp(t, 2, 300) }
