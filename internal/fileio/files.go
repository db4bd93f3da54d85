package fileio

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Exists says whether there is a file or folder at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// CheckOutput finds out early that a file cannot be written where it is wanted.
func CheckOutput(path string) error {
	if dir := filepath.Dir(path); !Exists(dir) {
		return fmt.Errorf("cannot write %s: the folder %s does not exist", path, dir)
	}
	return nil
}

// Remove removes those of the files that exist.
func Remove(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Copy copies a regular file and makes the folder that it goes to.
func Copy(to, from string) error {
	f, err := OpenRegular(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return WriteAtomic(to, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}

// FilesBelow lists the files of a folder by their paths in it, with slashes, sorted.
func FilesBelow(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// SHA256Of is the hexadecimal SHA-256 of b.
func SHA256Of(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
