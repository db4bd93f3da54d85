//go:build unix

package fileio

import "golang.org/x/sys/unix"

// StampOf is the stamp of the regular file at path, or of the one that a link there leads
// to. It is false where there is none, or the system does not tell.
func StampOf(path string) (Stamp, bool) {
	var s unix.Stat_t
	for {
		err := unix.Stat(path, &s)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return Stamp{}, false
		}
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return Stamp{}, false
	}
	return Stamp{Size: s.Size, Modified: s.Mtim.Nano(), Changed: s.Ctim.Nano(), Inode: uint64(s.Ino)}, true //nolint:unconvert // smaller on some systems
}
