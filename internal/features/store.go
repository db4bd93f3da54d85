package features

import (
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
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Features that were computed are kept in a file for each network:
//
//	the magic, the SHA-256 of the network (32 bytes), and D (8 bytes, little-endian)
//	for each image: its key (32 bytes), D little-endian float32, and the SHA-256 of both
//
// The file is a matter of speed, never of evidence. An entry whose digest is wrong is computed
// anew, and verification does without the file. One file has the images of all data that the
// network has seen, so that it can be larger than memory: only its keys are kept there.
const (
	storeMagic  = "blocktrain features 2\n"
	storeEnding = ".features"
)

// Store keeps features of a network. A nil Store keeps nothing. It is used by one goroutine
// at a time. Nothing that is wrong with the file ends the program.
type Store struct {
	dir     string
	limit   int64
	path    string
	header  []byte
	width   int
	file    *os.File                    // nil if there is none that can be read
	places  map[[sha256.Size]byte]int64 // where the entries of the file begin, by key
	entry   []byte                      // the one that is looked at
	added   []byte                      // entries that the file lacks
	begins  map[[sha256.Size]byte]int   // where these begin, by key
	foreign bool                        // the file is none of features, or is not wanted: another takes its place
	damaged int                         // entries of the file
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
// With fresh it takes nothing that is there. Close closes it.
func (x *Extractor) OpenStore(dir string, limit int64, fresh bool) {
	s := &Store{dir: dir, limit: limit, width: x.width, foreign: fresh}
	s.path = filepath.Join(dir, hex.EncodeToString(x.network[:])+storeEnding)
	s.header = append([]byte(storeMagic), x.network[:]...)
	s.header = binary.LittleEndian.AppendUint64(s.header, uint64(x.width))
	s.entry = make([]byte, s.entryBytes())
	x.store = s
	if !fresh {
		s.open()
	}
}

// entryBytes is the length of an entry.
func (s *Store) entryBytes() int { return 2*sha256.Size + 4*s.width }

// open opens the file, if there is one, and finds its entries.
func (s *Store) open() {
	s.close()
	s.damaged, s.places = 0, map[[sha256.Size]byte]int64{}
	f, err := fileio.OpenRegular(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		s.file = f
		err = s.index()
	}
	if err != nil {
		s.close()
		s.foreign = true
		slog.Warn("features in the cache cannot be read, and are computed anew", "file", s.path, "error", err)
	}
}

// index finds the entries of the file. What a process that was killed left at its end is
// damage.
func (s *Store) index() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 { // nothing of it fitted on the disk
		return nil
	}
	header := make([]byte, len(s.header))
	if _, err := s.file.ReadAt(header, 0); err != nil || !bytes.Equal(header, s.header) {
		return errors.New("it does not begin as a file of features does")
	}
	var key [sha256.Size]byte
	at, size := int64(len(header)), int64(s.entryBytes())
	for ; at+size <= info.Size(); at += size {
		if _, err := s.file.ReadAt(key[:], at); err != nil {
			return err
		}
		s.places[key] = at
	}
	if at < info.Size() {
		s.damaged++
	}
	return nil
}

// close closes the file, which has been read only.
func (s *Store) close() {
	if s != nil && s.file != nil {
		_ = s.file.Close()
		s.file, s.places = nil, nil
	}
}

// load reads the entry at a place, and says whether it is sound and has that key.
func (s *Store) load(key [sha256.Size]byte, at int64) bool {
	if _, err := s.file.ReadAt(s.entry, at); err != nil {
		return false
	}
	content, seal := s.entry[:len(s.entry)-sha256.Size], s.entry[len(s.entry)-sha256.Size:]
	return bytes.Equal(content[:sha256.Size], key[:]) && sha256.Sum256(content) == [sha256.Size]byte(seal)
}

// lookup finds the features of an image by its key.
func (s *Store) lookup(dst []float32, key [sha256.Size]byte) bool {
	if s == nil {
		return false
	}
	entry := s.entry
	if begin, found := s.begins[key]; found {
		entry = s.added[begin:]
	} else if at, found := s.places[key]; !found {
		return false
	} else if !s.load(key, at) {
		delete(s.places, key)
		s.damaged++
		return false
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(entry[sha256.Size+4*i:]))
	}
	return true
}

// add keeps the features of an image.
func (s *Store) add(key [sha256.Size]byte, values []float32) {
	if s == nil {
		return
	}
	if _, twice := s.begins[key]; twice { // two equal images in a batch
		return
	}
	if s.begins == nil {
		s.begins = map[[sha256.Size]byte]int{}
	}
	first := len(s.added)
	s.begins[key] = first
	s.added = append(s.added, key[:]...)
	for _, v := range values {
		s.added = binary.LittleEndian.AppendUint32(s.added, math.Float32bits(v))
	}
	seal := sha256.Sum256(s.added[first:])
	s.added = append(s.added, seal[:]...)
}

// lockWait is how long to wait for another process that writes features.
const lockWait = time.Minute

// flush writes what was added. The cache is not needed: where it cannot be written, a warning
// says so.
func (s *Store) flush() {
	if s == nil || len(s.added) == 0 && s.damaged == 0 {
		return
	}
	if s.damaged > 0 {
		slog.Warn("features in the cache are damaged, and computed anew", "file", s.path, "entries", s.damaged)
	}
	if err := s.write(); err != nil {
		slog.Warn("features cannot be kept in the cache: the next start computes them anew; --feature-cache off says so without this warning",
			"file", s.path, "error", err)
	}
	s.added, s.begins = nil, nil
	if !s.foreign {
		s.open()
	}
}

// write makes room for what was added and puts it into the file.
func (s *Store) write() (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	lock, err := fileio.LockWithin(context.Background(), s.dir, lockWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	_ = fileio.RemoveLeftovers(s.dir) // of killed processes; the next one tries again
	if !s.makeRoom() {
		return fmt.Errorf("the limit of %d bytes for features is reached: --cache-size sets another", s.limit)
	}
	if s.foreign || s.damaged > 0 {
		return s.rewrite()
	}
	return s.append()
}

// rewrite writes a file of the sound entries and of what was added. What another process has
// appended since the file was opened is lost, and computed again.
func (s *Store) rewrite() error {
	err := fileio.WriteAtomic(s.path, func(w io.Writer) error {
		defer s.close() // a file that is open cannot be replaced everywhere
		if _, err := w.Write(s.header); err != nil {
			return err
		}
		for key, at := range s.places {
			if s.load(key, at) {
				if _, err := w.Write(s.entry); err != nil {
					return err
				}
			}
		}
		_, err := w.Write(s.added)
		return err
	})
	s.foreign = s.foreign && err != nil
	return err
}

// append appends what was added. Of what does not fit on the disk nothing stays.
func (s *Store) append() (err error) {
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	content, size := s.added, info.Size()
	if header := int64(len(s.header)); size < header {
		content, size = slices.Concat(s.header, s.added), 0
	} else {
		size -= (size - header) % int64(s.entryBytes())
	}
	if size < info.Size() { // a process was killed
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Truncate(size))
	}
	return nil
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
