package fileio

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("another process is at work in this directory")

// Lock takes the directory dir for this process alone, by a lock on the file
// .lock in it, until unlock is called or the process ends, however it ends. Where
// another process has it, the error is ErrLocked.
func Lock(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	}
	if err := lockFile(f); err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", dir, errors.Join(err, f.Close()))
	}
	return f.Close, nil
}
