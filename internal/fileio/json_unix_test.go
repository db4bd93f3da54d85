//go:build unix

package fileio

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadFileDoesNotWait has a reader that would wait for ever for somebody to write.
func TestReadFileDoesNotWait(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		if b, err := ReadFile(path, 1<<20); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
			t.Errorf("%s: read %d bytes, error %v", path, len(b), err)
		}
	}
}
