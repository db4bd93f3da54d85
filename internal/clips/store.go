package clips

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// What was cut out of a clip is kept in a file:
//
//	the magic, and the key (32 bytes)
//	the pixels of the examples one after the other, those of 16 bits little-endian
//	summary and examples as JSON, and their length (8 bytes, little-endian)
//	the SHA-256 of all that
const storeMagic = "blocktrain clip 1\n"

const (
	storeEnding = ".clip"
	// maxStoreJSON bounds summary and examples.
	maxStoreJSON = 512 << 20
)

// Store keeps what was cut out of clips, one file each, in a folder of caches, so that clips
// need not be decoded again. A file counts only if its key and its digest are right.
type Store struct {
	Dir   string // empty: files are temporary, and gone with the process
	Limit int64  // bytes of all files together; the longest unused are removed first
	// Fresh says that no file is taken that was there before.
	Fresh bool

	mu   sync.Mutex
	used map[string]bool // files that this store has opened, which it does not remove
	full bool
}

// CacheDir is the folder for what was cut out of clips: blocktrain/clips in the user's
// folder for caches.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "blocktrain", "clips"), nil
}

// stored is an example in a file.
type stored struct {
	Example  Example `json:"example"`
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Channels int     `json:"channels"`
	Frames   int     `json:"frames"`
	Wide     bool    `json:"wide"`
	Offset   int64   `json:"offset"`
}

// bytes is the length of the pixels.
func (s *stored) bytes() int64 {
	n := int64(s.Width) * int64(s.Height) * int64(s.Channels)
	if s.Wide {
		n *= 2
	}
	return n
}

// contents is the part of a file that is JSON.
type contents struct {
	Summary  Summary  `json:"summary"`
	Examples []stored `json:"examples"`
}

// File is what was cut out of one clip. It may be read by several goroutines at once.
type File struct {
	Summary *Summary
	file    *os.File
	list    []stored
}

// Len is the number of examples.
func (f *File) Len() int { return len(f.list) }

// Example describes example i.
func (f *File) Example(i int) *Example { return &f.list[i].Example }

// Image reads the pixels of example i, into the buffer if that is large enough.
func (f *File) Image(i int, buffer []uint8) (imaging.Image, error) {
	s := &f.list[i]
	img := imaging.Image{Width: s.Width, Height: s.Height, Channels: s.Channels, Frames: s.Frames}
	n := s.bytes()
	if int64(cap(buffer)) < n {
		buffer = make([]uint8, n)
	}
	b := buffer[:n]
	if _, err := f.file.ReadAt(b, s.Offset); err != nil {
		return imaging.Image{}, err
	}
	if !s.Wide {
		img.Pix = b
		return img, nil
	}
	img.Wide = make([]uint16, n/2)
	for at := range img.Wide {
		img.Wide[at] = binary.LittleEndian.Uint16(b[2*at:])
	}
	return img, nil
}

// Open returns the file of a key. Where there is none that counts, fill makes it.
func (s *Store) Open(key [sha256.Size]byte, fill func(*Writer) (*Summary, error)) (*File, error) {
	path := ""
	if s.Dir != "" {
		path = filepath.Join(s.Dir, fmt.Sprintf("%x%s", key[:16], storeEnding))
		s.use(path)
		if !s.Fresh {
			f, err := openStored(path, key)
			if err == nil {
				_ = os.Chtimes(path, time.Time{}, time.Now()) // used; one that cannot be written is not noted
				return f, nil
			}
			if !errors.Is(err, os.ErrNotExist) {
				slog.Warn("a file of the cache of clips is not used, and made anew", "file", path, "error", err)
			}
		}
	}
	return s.make(path, key, fill)
}

func (s *Store) use(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[path] = true
}

// make writes a file and opens it. What cannot be kept in the folder is temporary.
func (s *Store) make(path string, key [sha256.Size]byte, fill func(*Writer) (*Summary, error)) (*File, error) {
	temporary, err := os.CreateTemp("", "blocktrain-clip-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(temporary.Name()); err != nil { // so that it is gone with the process, however that ends
		return nil, errors.Join(err, temporary.Close())
	}
	f, size, err := fillFile(temporary, key, fill)
	if err != nil {
		return nil, errors.Join(err, temporary.Close())
	}
	if path == "" || !s.room(size) {
		return f, nil
	}
	err = fileio.WriteAtomic(path, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(temporary, 0, size))
		return err
	})
	if err != nil {
		slog.Warn("what was cut out of a clip is not kept for the next time", "error", err)
	}
	return f, nil
}

// Writer takes the examples of a clip.
type Writer struct {
	file   *os.File
	to     *bufio.Writer
	digest hash.Hash
	key    [sha256.Size]byte
	offset int64
	list   []stored
}

// Begin forgets all examples, to take them anew.
func (w *Writer) Begin() error {
	if err := w.file.Truncate(0); err != nil {
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.digest = sha256.New()
	w.to = bufio.NewWriterSize(io.MultiWriter(w.file, w.digest), 1<<18)
	w.offset, w.list = 0, nil
	return w.write(append([]byte(storeMagic), w.key[:]...))
}

func (w *Writer) write(b []byte) error {
	w.offset += int64(len(b))
	_, err := w.to.Write(b)
	return err
}

// Add takes an example.
func (w *Writer) Add(e Example, img imaging.Image) error {
	w.list = append(w.list, stored{e, img.Width, img.Height, img.Channels, img.Frames, img.Wide != nil, w.offset})
	if img.Wide == nil {
		return w.write(img.Pix)
	}
	b := make([]byte, 0, 2*len(img.Wide))
	for _, v := range img.Wide {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return w.write(b)
}

// fillFile writes a file and returns it with its length.
func fillFile(file *os.File, key [sha256.Size]byte, fill func(*Writer) (*Summary, error)) (*File, int64, error) {
	w := &Writer{file: file, key: key}
	if err := w.Begin(); err != nil {
		return nil, 0, err
	}
	summary, err := fill(w)
	if err != nil {
		return nil, 0, err
	}
	text, err := fileio.MarshalJSON(contents{*summary, w.list})
	if err != nil {
		return nil, 0, err
	}
	list := w.list
	if err := w.write(binary.LittleEndian.AppendUint64(text, uint64(len(text)))); err != nil {
		return nil, 0, err
	}
	if err := w.to.Flush(); err != nil {
		return nil, 0, err
	}
	if _, err := file.Write(w.digest.Sum(nil)); err != nil {
		return nil, 0, err
	}
	return &File{summary, file, list}, w.offset + sha256.Size, nil
}

// errDamaged says that a file is not one of the store, or not all of it.
var errDamaged = errors.New("it is damaged")

// openStored opens the file at path if it counts.
func openStored(path string, key [sha256.Size]byte) (*File, error) {
	file, err := fileio.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	f, err := readStored(file, key)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func readStored(file *os.File, key [sha256.Size]byte) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	head := append([]byte(storeMagic), key[:]...)
	end := info.Size() - sha256.Size - 8
	if end < int64(len(head)) {
		return nil, errDamaged
	}
	digest, tail := sha256.New(), make([]byte, 8+sha256.Size)
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, end+8)); err != nil {
		return nil, err
	}
	if _, err := file.ReadAt(tail, end); err != nil {
		return nil, err
	}
	if !bytes.Equal(tail[8:], digest.Sum(nil)) {
		return nil, fmt.Errorf("%w: its digest is not that of its bytes", errDamaged)
	}
	begin := make([]byte, len(head))
	if _, err := file.ReadAt(begin, 0); err != nil || !bytes.Equal(begin, head) {
		return nil, fmt.Errorf("%w: it has another key", errDamaged)
	}
	n := binary.LittleEndian.Uint64(tail)
	if n > maxStoreJSON || int64(n) > end-int64(len(head)) {
		return nil, errDamaged
	}
	text := make([]byte, n)
	if _, err := file.ReadAt(text, end-int64(n)); err != nil {
		return nil, err
	}
	var c contents
	if err := fileio.DecodeJSON(text, &c, fileio.Form{MaxBytes: maxStoreJSON}); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if !c.inOrder(int64(len(head)), end-int64(n)) {
		return nil, errDamaged
	}
	return &File{&c.Summary, file, c.Examples}, nil
}

// inOrder says whether the examples fill the bytes from one place to another.
func (c *contents) inOrder(at, end int64) bool {
	const most = 1 << 16
	for i := range c.Examples {
		e := &c.Examples[i]
		if e.Offset != at || min(e.Width, e.Height, e.Channels, e.Frames) < 1 || max(e.Width, e.Height) > most || e.Channels > imaging.MaxChannels {
			return false
		}
		at += e.bytes()
	}
	return at == end
}

// room makes room for a file of so many bytes, and says whether there is any. Files that
// this store has opened stay.
func (s *Store) room(size int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		slog.Warn("clips are decoded at each start, since the folder for their cache cannot be made", "error", err)
		s.full = true
		return false
	}
	_ = fileio.RemoveLeftovers(s.Dir) // of killed processes; the next one tries again
	files, total := storedFiles(s.Dir)
	for _, f := range files {
		if total+size <= s.Limit {
			break
		}
		if path := filepath.Join(s.Dir, f.Name()); !s.used[path] && os.Remove(path) == nil {
			total -= f.Size()
		}
	}
	if total+size > s.Limit {
		slog.Warn("the cache of clips is full: the rest of this dataset is decoded at each start; --cache-size allows more", "bytes", s.Limit)
		s.full = true
	}
	return !s.full
}

// storedFiles lists the files of a store, the longest unused first, and their bytes.
func storedFiles(dir string) (files []os.FileInfo, total int64) {
	entries, _ := os.ReadDir(dir) // what cannot be read is not there
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(entry.Name(), storeEnding) {
			files, total = append(files, info), total+info.Size()
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return files, total
}

// ClearCache removes the files of the cache in dir, and returns how many, and their bytes.
func ClearCache(dir string) (removed int, bytes int64, err error) {
	files, _ := storedFiles(dir)
	for _, f := range files {
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return removed, bytes, err
		}
		removed, bytes = removed+1, bytes+f.Size()
	}
	return removed, bytes, nil
}
