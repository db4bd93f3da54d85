package index

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// An index is the magic, the three texts of its key, the number of entries, the entries in
// bytewise order of their names, and the SHA-256 of all that. A text is its length and its
// bytes. An entry is
//
//	how many bytes the name has in common with the one before it, and the rest as a text
//	size of the file; times of writing and of change, number of the file (8 bytes each)
//	digest of the pixels (32 bytes)
//	width, height, channels, frames, and 1 for 16 bits, 0 for 8
//	name of a colour profile, as a text
//
// Numbers are unsigned varints; those of 8 bytes are little-endian.
const magic = "blocktrain index 1\n"

// Limits of what is read, and written.
const (
	maxBytes = 16 << 30 // of a file: some 200 million images
	maxText  = 1 << 16
)

// fixed are the bytes of an entry that always have the same length.
const fixed = 3*8 + sha256.Size

// Write puts the n entries into an index at path, which is the old one or the new one
// whenever the program ends, and makes its folder.
func Write(path string, k Key, n int, entries iter.Seq[*Entry]) error {
	if err := prepare(filepath.Dir(path)); err != nil {
		return err
	}
	return fileio.WriteAtomic(path, func(to io.Writer) error {
		h := sha256.New()
		w := &writer{to: io.MultiWriter(to, h)}
		w.head(k, n)
		for e := range entries {
			if err := w.entry(e); err != nil {
				return err
			}
			n--
		}
		if err := w.flush(); err != nil {
			return err
		}
		if n != 0 {
			return fmt.Errorf("%d entries less than were announced", n)
		}
		_, err := to.Write(h.Sum(nil))
		return err
	})
}

// writer writes through a buffer.
type writer struct {
	to    io.Writer
	b     []byte
	bytes int64
	last  []byte // name
}

func (w *writer) text(s string) {
	w.b = binary.AppendUvarint(w.b, uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) head(k Key, n int) {
	w.b = append(w.b, magic...)
	w.text(k.Place)
	w.text(k.Decoder)
	w.text(k.Program)
	w.b = binary.AppendUvarint(w.b, uint64(n))
}

func (w *writer) entry(e *Entry) error {
	if len(e.Name) > maxText || len(e.Profile) > maxText {
		return fmt.Errorf("a name in it would have more than %d bytes", maxText)
	}
	shared := 0
	for shared < min(len(e.Name), len(w.last)) && e.Name[shared] == w.last[shared] {
		shared++
	}
	w.last = append(w.last[:shared], e.Name[shared:]...)
	w.b = binary.AppendUvarint(w.b, uint64(shared))
	w.b = binary.AppendUvarint(w.b, uint64(len(e.Name)-shared))
	w.b = append(w.b, e.Name[shared:]...)
	w.b = binary.AppendUvarint(w.b, uint64(e.Stamp.Size))
	for _, v := range []uint64{uint64(e.Stamp.Modified), uint64(e.Stamp.Changed), e.Stamp.Inode} {
		w.b = binary.LittleEndian.AppendUint64(w.b, v)
	}
	w.b = append(w.b, e.Sum[:]...)
	wide := uint64(0)
	if e.Wide {
		wide = 1
	}
	for _, v := range []uint64{uint64(e.Width), uint64(e.Height), uint64(e.Channels), uint64(e.Frames), wide} {
		w.b = binary.AppendUvarint(w.b, v)
	}
	w.text(e.Profile)
	if len(w.b) < 1<<16 {
		return nil
	}
	return w.flush()
}

func (w *writer) flush() error {
	if w.bytes += int64(len(w.b)); w.bytes+sha256.Size > maxBytes {
		return fmt.Errorf("it would have more than %d bytes", int64(maxBytes))
	}
	_, err := w.to.Write(w.b)
	w.b = w.b[:0]
	return err
}

// Read calls each for the entries of the index at path, in bytewise order of their names,
// and returns how many there are. It calls it for none before it has compared the digest
// of the file. An error is [ErrOther] or [ErrDamaged], or says why the file cannot be read.
func Read(path string, k Key, each func(*Entry)) (int, error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := checkSum(f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	r := &reader{from: bufio.NewReaderSize(io.LimitReader(f, size), 1<<16)}
	n := r.head(k)
	for i := 0; i < n && r.err == nil; i++ {
		if r.entry(); r.err == nil {
			each(&r.e)
		}
	}
	if _, err := r.from.Peek(1); r.err == nil && !errors.Is(err, io.EOF) {
		r.fail("it goes on behind its last entry")
	}
	if r.err != nil {
		return 0, fmt.Errorf("%s: %w", path, r.err)
	}
	return n, nil
}

// checkSum compares a file with the digest at its end. It leaves the file at its
// beginning and returns how many bytes there are before the digest.
func checkSum(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := info.Size() - sha256.Size
	if size < int64(len(magic)) || size > maxBytes {
		return 0, fmt.Errorf("%w: it has %d bytes", ErrDamaged, info.Size())
	}
	h, sum := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.Copy(h, io.LimitReader(f, size)); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(f, sum); err != nil || !bytes.Equal(sum, h.Sum(nil)) {
		return 0, fmt.Errorf("%w: its digest is not that of its bytes", ErrDamaged)
	}
	_, err = f.Seek(0, io.SeekStart)
	return size, err
}

// reader reads a file whose digest is right, up to the first error.
type reader struct {
	from    *bufio.Reader
	e       Entry
	profile []byte
	err     error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrDamaged, why)
	}
}

// number reads a number of at most most.
func (r *reader) number(most uint64) uint64 {
	v, err := binary.ReadUvarint(r.from)
	if err != nil || v > most {
		r.fail("a number is missing or too large")
		return 0
	}
	return v
}

// text appends a text to b.
func (r *reader) text(b []byte) []byte {
	n := int(r.number(maxText))
	if r.err != nil {
		return b
	}
	start := len(b)
	b = append(b, make([]byte, n)...)
	if _, err := io.ReadFull(r.from, b[start:]); err != nil {
		r.fail("a text ends early")
	}
	return b
}

// head reads what comes before the entries and returns their number.
func (r *reader) head(k Key) int {
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(r.from, head); err != nil || string(head) != magic {
		r.fail("it does not begin as an index does")
		return 0
	}
	for _, want := range []string{k.Place, k.Decoder, k.Program} {
		if found := r.text(nil); r.err == nil && string(found) != want {
			r.err = ErrOther
		}
	}
	return int(r.number(math.MaxInt32))
}

func (r *reader) entry() {
	e := &r.e
	shared, least := int(r.number(uint64(len(e.Name)))), 0 // what the rest begins with, at least
	if shared < len(e.Name) {
		least = int(e.Name[shared]) + 1
	}
	e.Name = r.text(e.Name[:shared])
	if len(e.Name) > maxText || len(e.Name) == shared || int(e.Name[shared]) < least {
		r.fail("its names are not in order")
	}
	e.Stamp.Size = int64(r.number(math.MaxInt64))
	var b [fixed]byte
	if _, err := io.ReadFull(r.from, b[:]); err != nil {
		r.fail("an entry ends early")
	}
	e.Stamp.Modified = int64(binary.LittleEndian.Uint64(b[:]))
	e.Stamp.Changed = int64(binary.LittleEndian.Uint64(b[8:]))
	e.Stamp.Inode = binary.LittleEndian.Uint64(b[16:])
	copy(e.Sum[:], b[24:])
	e.Width, e.Height = int32(r.number(math.MaxInt32)), int32(r.number(math.MaxInt32))
	e.Channels, e.Frames = uint8(r.number(math.MaxUint8)), uint8(r.number(math.MaxUint8))
	e.Wide = r.number(1) == 1
	if r.profile = r.text(r.profile[:0]); string(r.profile) != e.Profile { // most have that of the one before
		e.Profile = string(r.profile)
	}
}
