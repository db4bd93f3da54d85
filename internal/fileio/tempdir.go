package fileio

import (
	"errors"
	"os"
	"sync"
)

// temporary are the folders of TempDir that are not removed yet.
var temporary struct {
	sync.Mutex
	dirs map[string]bool
}

// TempDir makes a temporary folder whose name begins with prefix, and returns what
// removes it. RemoveTempDirs removes it too.
func TempDir(prefix string) (path string, remove func() error, err error) {
	temporary.Lock()
	defer temporary.Unlock()
	path, err = os.MkdirTemp("", prefix)
	if err != nil {
		return "", nil, err
	}
	if temporary.dirs == nil {
		temporary.dirs = map[string]bool{}
	}
	temporary.dirs[path] = true
	return path, func() error {
		temporary.Lock()
		defer temporary.Unlock()
		delete(temporary.dirs, path)
		return os.RemoveAll(path)
	}, nil
}

// RemoveTempDirs removes all folders of TempDir that there are, and lets none be made
// any more: the process ends at once, without those who made them coming to their end.
func RemoveTempDirs() error {
	temporary.Lock() // for good
	var errs []error
	for path := range temporary.dirs {
		err := os.RemoveAll(path)
		for again := 0; err != nil && again < 10; again++ { // somebody is still writing
			err = os.RemoveAll(path)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
