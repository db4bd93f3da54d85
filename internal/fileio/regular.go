package fileio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrIrregular is for what is neither a regular file nor a folder: a device, a pipe or
// a socket, and a link where none is followed.
var ErrIrregular = errors.New("neither a regular file nor a folder")

// ReadFile reads a regular file of at most limit bytes. It does not wait for a pipe and
// opens no device.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size <= limit {
		var b bytes.Buffer
		b.Grow(int(size) + bytes.MinRead) // what is read at once, and the end
		n, err := b.ReadFrom(io.LimitReader(f, limit+1))
		if err != nil || n <= limit {
			return b.Bytes(), err
		}
	}
	return nil, fmt.Errorf("%s is longer than %d bytes, which is the most that such a file may have", path, limit)
}

// OpenRegular opens a regular file. It does not wait for a pipe and opens no device.
func OpenRegular(path string) (*os.File, error) {
	f, _, err := openRegular(path)
	return f, err
}

// openRegular opens a regular file and gives its size. What it is is asked before it is
// opened, since opening a pipe waits for who writes, and again after it, since it may
// have been replaced.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		failed.Op = "open" // as it is to whoever asks
	}
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, irregular(path, info)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = irregular(path, info)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// OpenAppend opens a regular file to write at its end, and makes it if there is none. It
// does not wait for who reads a pipe, and opens no device.
func OpenAppend(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, irregular(path, info)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
}

func irregular(path string, info os.FileInfo) error {
	return fmt.Errorf("%s is not a regular file (%s)", path, info.Mode().Type())
}
