//go:build unix

package metric

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHistoryIsAPipe has a pipe that nobody reads in the place of a history.
func TestHistoryIsAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- AppendEpoch(path, epoch(1)) }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
	case <-time.After(10 * time.Second):
		t.Error("the history waits for who reads the pipe")
	}
}
