package main

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// memoryDir is a folder in memory for the scripts to work in, where there is room:
// the program flushes each file that it writes, and a disk makes it wait. It is
// empty otherwise.
func memoryDir(t *testing.T) string {
	const memory, room = "/dev/shm", 2 << 30
	var s unix.Statfs_t
	if err := unix.Statfs(memory, &s); err != nil || s.Bavail*uint64(s.Bsize) < room {
		return ""
	}
	dir, err := os.MkdirTemp(memory, "blocktrain-")
	if err != nil {
		return ""
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
