package features

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Features that were computed are kept in a file for each network:
//
//	the magic, the SHA-256 of the network (32 bytes), and D (8 bytes, little-endian)
//	for each image: its key (32 bytes), D little-endian float32, and the SHA-256 of both
//
// The file is a matter of speed, never of evidence. An entry whose digest is wrong is not
// read, and computed anew; verification does without the file.
const (
	storeMagic  = "blocktrain features 1\n"
	storeEnding = ".features"
)

// Store keeps features of a network. A nil Store keeps nothing. It is used by one goroutine
// at a time.
type Store struct {
	dir     string
	limit   int64
	path    string
	header  []byte
	width   int
	entries map[[sha256.Size]byte][]byte // the values, as the file has them
	added   []byte                       // entries that the file lacks
	damaged int                          // entries of the file
}

// CacheDir is the folder for features: blocktrain/features in the user's folder for caches.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "blocktrain", "features"), nil
}

// OpenStore opens the store in a folder, which may have so many bytes of features in all.
// With fresh it takes nothing that is there.
func (x *Extractor) OpenStore(dir string, limit int64, fresh bool) error {
	s := &Store{dir: dir, limit: limit, width: x.width, entries: map[[sha256.Size]byte][]byte{}}
	s.path = filepath.Join(dir, hex.EncodeToString(x.network[:])+storeEnding)
	s.header = append([]byte(storeMagic), x.network[:]...)
	s.header = binary.LittleEndian.AppendUint64(s.header, uint64(x.width))
	if fresh {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	x.store = s
	return s.read()
}

// entryBytes is the length of an entry.
func (s *Store) entryBytes() int { return 2*sha256.Size + 4*s.width }

// read reads the entries of the file. What is damaged is left out.
func (s *Store) read() error {
	f, err := fileio.OpenRegular(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return s.doWithout(err)
	}
	defer f.Close()
	r, good := bufio.NewReaderSize(f, 1<<20), []byte(nil)
	header := make([]byte, len(s.header))
	if _, err := io.ReadFull(r, header); err != nil || !bytes.Equal(header, s.header) {
		return s.doWithout(errors.New("it does not begin as a file of features does"))
	}
	for {
		entry := make([]byte, s.entryBytes())
		switch _, err := io.ReadFull(r, entry); {
		case errors.Is(err, io.EOF):
			return s.mend(good)
		case errors.Is(err, io.ErrUnexpectedEOF):
			s.damaged++
			return s.mend(good)
		case err != nil:
			return s.doWithout(err)
		}
		content, seal := entry[:len(entry)-sha256.Size], entry[len(entry)-sha256.Size:]
		if sha256.Sum256(content) != [sha256.Size]byte(seal) {
			s.damaged++
			continue
		}
		s.entries[[sha256.Size]byte(content)] = content[sha256.Size:]
		good = append(good, entry...)
	}
}

// mend has the good entries written to a file of their own, if there are others.
func (s *Store) mend(good []byte) error {
	if s.damaged == 0 {
		return nil
	}
	slog.Warn("features in the cache are damaged, and computed anew", "file", s.path, "entries", s.damaged)
	s.added = good
	return os.Remove(s.path)
}

// doWithout goes on without the file, whose place is taken by a new one.
func (s *Store) doWithout(cause error) error {
	clear(s.entries)
	slog.Warn("features in the cache cannot be read, and are computed anew", "file", s.path, "error", cause)
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the cache of features: %w: remove the file, or use --feature-cache off", err)
	}
	return nil
}

// lookup finds the features of an image by its key.
func (s *Store) lookup(dst []float32, key [sha256.Size]byte) bool {
	if s == nil {
		return false
	}
	content, found := s.entries[key]
	if !found {
		return false
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))
	}
	return true
}

// add keeps the features of an image.
func (s *Store) add(key [sha256.Size]byte, values []float32) {
	if s == nil {
		return
	}
	first := len(s.added)
	s.added = append(s.added, key[:]...)
	for _, v := range values {
		s.added = binary.LittleEndian.AppendUint32(s.added, math.Float32bits(v))
	}
	seal := sha256.Sum256(s.added[first:])
	s.added = append(s.added, seal[:]...)
	s.entries[key] = s.added[first+sha256.Size : len(s.added)-sha256.Size]
}

// lockWait is how long to wait for another process that writes features.
const lockWait = time.Minute

// flush writes what was added. The cache is not needed: where it cannot be written, a warning
// says so.
func (s *Store) flush() error {
	if s == nil || len(s.added) == 0 {
		return nil
	}
	if err := s.write(); err != nil {
		slog.Warn("features cannot be kept in the cache: the next start computes them anew", "file", s.path, "error", err)
	}
	s.added = nil // lookups still see it
	return nil
}

// write appends what was added to the file, and makes room for it.
func (s *Store) write() (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	lock, err := fileio.LockWithin(context.Background(), s.dir, lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if !s.makeRoom() {
		return fmt.Errorf("its limit of %d bytes is reached", s.limit)
	}
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	content := s.added
	if info.Size() == 0 {
		content = append(bytes.Clone(s.header), s.added...)
	} else if tail := (info.Size() - int64(len(s.header))) % int64(s.entryBytes()); tail != 0 { // a process was killed
		if err := f.Truncate(info.Size() - tail); err != nil {
			return err
		}
	}
	_, err = f.Write(content)
	return err
}

// makeRoom removes the files of other networks, those first that were not used for longest,
// until there is room for what is added. It says whether there is.
func (s *Store) makeRoom() bool {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return false
	}
	need := int64(len(s.header) + len(s.added))
	for {
		total, oldest, when := need, "", time.Time{}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || filepath.Ext(e.Name()) != storeEnding {
				continue
			}
			path := filepath.Join(s.dir, e.Name())
			if !fileio.Exists(path) {
				continue
			}
			total += info.Size()
			if path != s.path && (oldest == "" || info.ModTime().Before(when)) {
				oldest, when = path, info.ModTime()
			}
		}
		if total <= s.limit {
			return true
		}
		if oldest == "" || os.Remove(oldest) != nil {
			return false
		}
	}
}
