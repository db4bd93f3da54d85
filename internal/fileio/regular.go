package fileio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ErrIrregular is for what is neither a regular file nor a folder: a device, a pipe or
// a socket, and a link where none is followed.
var ErrIrregular = errors.New("neither a regular file nor a folder")

// OpenRegular opens a file for reading and refuses what is none. A pipe that nobody
// writes to does not stop it.
func OpenRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case !info.Mode().IsRegular():
		return nil, errors.Join(fmt.Errorf("%s: not a regular file", path), f.Close())
	}
	return f, nil
}

// ReadRegular reads a regular file of at most most bytes.
func ReadRegular(path string, most int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes: want at most %d", path, info.Size(), most)
	}
	b := make([]byte, info.Size())
	_, err = io.ReadFull(f, b)
	return b, err
}
