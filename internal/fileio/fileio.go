// Package fileio writes files so that a reader, or a crash, never sees half of
// one.
package fileio

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteAtomic calls write with a temporary file beside path and, when it and
// the flush to disk succeed, renames that file to path. On any error path keeps
// what it held before and the temporary file is removed. The folder must exist.
func WriteAtomic(path string, write func(io.Writer) error) error {
	return writeAtomic(path, func(f *os.File) error {
		w := bufio.NewWriterSize(f, 1<<16)
		if err := write(w); err != nil {
			return err
		}
		return w.Flush()
	})
}

// WriteAtomicBy is WriteAtomic for files that another program writes: write gets the name of
// the temporary file, which exists and is empty. Who writes must not put another in its place.
func WriteAtomicBy(path string, write func(temporary string) error) error {
	return writeAtomic(path, func(f *os.File) error { return write(f.Name()) })
}

func writeAtomic(path string, write func(*os.File) error) (err error) {
	f, err := createTemp(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("cannot write %s: %w", path, err), ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return putInPlace(f, path)
}

// putInPlace renames a temporary file to path and closes it, in this order where the
// system allows that, so that its lock holds until it has its name.
func putInPlace(f *os.File, path string) error {
	if !renamesOpen {
		if err := f.Close(); err != nil {
			return err
		}
	}
	if err := Rename(f.Name(), path); err != nil {
		return err
	}
	return ignoreClosed(f.Close())
}

// Rename renames a file, or a folder, durably.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// syncDir makes a rename durable. A file system that cannot sync a directory
// still has the file.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // the rename itself has succeeded
	}
	_ = d.Sync()
	return d.Close()
}

// NearestDir is path itself, or the nearest folder above it that exists. It goes no
// further up than below a file, since nothing can be made there.
func NearestDir(path string) string {
	dir := filepath.Clean(path)
	for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// WriteBytes writes b to path atomically.
func WriteBytes(path string, b []byte) error {
	return WriteAtomic(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// WriteJSON writes v as indented JSON, atomically. Maps come out in key order,
// so equal values give equal bytes.
func WriteJSON(path string, v any) error {
	b, err := MarshalJSON(v)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return WriteBytes(path, b)
}

// SHA256 returns the hexadecimal digest of the file at path.
func SHA256(path string) (string, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digest(f, path)
}

func digest(r io.Reader, path string) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", fmt.Errorf("cannot read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
