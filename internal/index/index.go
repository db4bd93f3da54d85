// Package index keeps what was found out about the images of a dataset, so that they need
// not be decoded whenever it is opened: for each, the digest of its pixels and its size,
// with the [fileio.Stamp] of its file. It is a cache, and can be removed at any time.
package index

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Key says what an index is of. What was found out with another key is not used.
type Key struct {
	Place   string // absolute path of the folder or list
	Decoder string // the rules and settings by which files became pixels
	Program string // that decoded them
}

// Entry is what is known of an image.
type Entry struct {
	Name             []byte       // among those of its dataset; good until the next entry
	Stamp            fileio.Stamp // of its file when it was decoded
	Sum              [sha256.Size]byte
	Width, Height    int32
	Channels, Frames uint8
	Wide             bool   // 16 bits
	Profile          string // name of a colour profile other than sRGB; empty: none
}

// ErrOther says that an index is whole and that its key is another one.
var ErrOther = errors.New("the index was made by another program")

// ErrDamaged says that a file is no index, or not all of one.
var ErrDamaged = errors.New("the index is damaged")

const (
	ending = ".index"
	// unused is after how long an index is removed that nobody used.
	unused = 90 * 24 * time.Hour
)

// Dir is the folder for indexes: blocktrain/index in the user's folder for caches.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "blocktrain", "index"), nil
}

// File is the path in dir of the index with a key. It does not depend on the program, so
// that another version of it replaces the index.
func File(dir string, k Key) string {
	sum := sha256.Sum256([]byte(k.Place + "\x00" + k.Decoder))
	return filepath.Join(dir, fmt.Sprintf("%x%s", sum[:12], ending))
}

// Clear removes all indexes in dir, and what [Keep] wrote there. It returns how many files they
// were, and their bytes. Other files stay.
func Clear(dir string) (removed int, bytes int64, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	for _, entry := range entries {
		info, unknown := entry.Info()
		if unknown != nil || !info.Mode().IsRegular() || !strings.HasSuffix(entry.Name(), ending) {
			continue // another process may have removed it
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, bytes, err
		}
		removed, bytes = removed+1, bytes+info.Size()
	}
	return removed, bytes, err
}

// Touch notes that the index at path was used. One that cannot be written is not noted.
func Touch(path string) { _ = os.Chtimes(path, time.Time{}, time.Now()) }

// prepare makes the folder of an index that is to be written, and removes from it indexes
// that were not used for long, and what killed processes left.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasSuffix(entry.Name(), ending) && time.Since(info.ModTime()) > unused {
			err = os.Remove(filepath.Join(dir, entry.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fileio.RemoveLeftovers(dir)
}
