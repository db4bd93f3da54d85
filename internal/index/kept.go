package index

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// keptMagic begins a file with one value, which is the magic, the key, the value, and the
// SHA-256 of all that.
const keptMagic = "blocktrain kept 1\n"

// maxKept bounds a value.
const maxKept = 1 << 20

func keptFile(dir string, key [sha256.Size]byte) string {
	return filepath.Join(dir, fmt.Sprintf("%x-kept%s", key[:12], ending))
}

// Keep writes what was found under a key, which is a digest of all that the value depends
// on, into a file of its own in dir, the folder for indexes.
func Keep(dir string, key [sha256.Size]byte, value []byte) error {
	if err := prepare(dir); err != nil {
		return err
	}
	text := bytes.Join([][]byte{[]byte(keptMagic), key[:], value}, nil)
	sum := sha256.Sum256(text)
	return fileio.WriteAtomic(keptFile(dir, key), func(w io.Writer) error {
		_, err := w.Write(append(text, sum[:]...))
		return err
	})
}

// Kept reads what [Keep] wrote. An error is [ErrDamaged], or says why the file cannot be
// read, as where there is none.
func Kept(dir string, key [sha256.Size]byte) ([]byte, error) {
	path := keptFile(dir, key)
	text, err := fileio.ReadFile(path, maxKept)
	if err != nil {
		return nil, err
	}
	body, sealed := len(text)-sha256.Size, false
	if body >= 0 {
		sum := sha256.Sum256(text[:body])
		sealed = bytes.Equal(text[body:], sum[:])
	}
	value, is := bytes.CutPrefix(text[:max(body, 0)], append([]byte(keptMagic), key[:]...))
	if !sealed || !is {
		return nil, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	Touch(path)
	return value, nil
}
