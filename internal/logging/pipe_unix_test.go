//go:build unix

package logging

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLogIsAPipe has a pipe that nobody reads in the place of a log.
func TestLogIsAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), TextFile)
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := openAppend(path)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
	case <-time.After(10 * time.Second):
		t.Error("the log waits for who reads the pipe")
	}
}
