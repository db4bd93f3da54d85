//go:build linux || darwin || freebsd

package cli

import "golang.org/x/sys/unix"

// freeDisk is the space in bytes that a user may fill on the disk of dir, 0 where
// that is unknown.
func freeDisk(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // its type differs between systems
}
