package buildinfo

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime"
	"sync"
)

// Build tells this program from any other that may compute something else. It is its name,
// the compiler and the platform and, unless the source is that of a commit, the SHA-256 of
// the program's own file. An error says that it cannot be told.
var Build = sync.OnceValues(func() (string, error) {
	info := Get()
	name := info.program() + " " + info.Go + " " + info.Platform
	if info.Changes == Unchanged {
		return name, nil
	}
	sum, err := FileSHA256()
	if err != nil {
		return "", err
	}
	return name + " " + sum, nil
})

// FileSHA256 is the hexadecimal SHA-256 of the program's file.
func FileSHA256() (string, error) {
	f, err := openOwn()
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// openOwn opens the program's file. Linux has the one that runs, even where another was
// put in its place since.
func openOwn() (*os.File, error) {
	if runtime.GOOS == "linux" {
		return os.Open("/proc/self/exe")
	}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}
