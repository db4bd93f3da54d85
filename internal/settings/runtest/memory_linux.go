package runtest

import (
	"os"

	"golang.org/x/sys/unix"
)

// memoryDir makes a folder in memory, where there is room. It is empty otherwise.
func memoryDir() string {
	const memory, room = "/dev/shm", 2 << 30
	var s unix.Statfs_t
	if err := unix.Statfs(memory, &s); err != nil || s.Bavail*uint64(s.Bsize) < room {
		return ""
	}
	dir, err := os.MkdirTemp(memory, "blocktrain-")
	if err != nil {
		return ""
	}
	return dir
}
