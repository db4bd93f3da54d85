package imaging

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipeIsNoImage checks that a pipe is refused instead of waited for.
func TestPipeIsNoImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.png")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip("no pipes can be made here:", err)
	}
	if _, err := (Decoder{}).DecodeFile(path); err == nil || !strings.HasSuffix(err.Error(), "x.png is not a regular file") {
		t.Errorf("the error is %v", err)
	}
}
