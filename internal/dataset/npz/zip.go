package npz

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/config"
)

// The parts of a zip archive that are read here (PKWARE, APPNOTE.TXT 6.3.10): the local
// header before each file (4.3.7), the directory (4.3.12), and its end, also in the form
// with 64-bit numbers (4.3.14 to 4.3.16).
const (
	localSignature     = 0x04034b50
	entrySignature     = 0x02014b50
	endSignature       = 0x06054b50
	end64Signature     = 0x06064b50
	locator64Signature = 0x07064b50

	localLength     = 30
	entryLength     = 46
	endLength       = 22
	end64Length     = 56
	locator64Length = 20
)

// The ways of packing that are read: 4.4.5.
const (
	stored   = 0
	deflated = 8
)

// Limits on what a directory may claim.
const (
	maxDirectory = 1 << 20 // bytes
	maxComment   = 1<<16 - 1
	// maxDeflate is the greatest ratio by which deflate can shrink data.
	maxDeflate = 1032
)

// entry is a file of the archive.
type entry struct {
	name         string
	method       uint16
	encrypted    bool
	crc          uint32
	packed, size int64 // bytes in the archive and unpacked
	header       int64 // where its local header is
	limit        int64 // where the directory begins, before which its bytes end
}

// directory says where the directory is.
type directory struct{ count, size, offset uint64 }

var little = binary.LittleEndian

func readDirectory(r io.ReaderAt, size int64) ([]entry, error) {
	d, end, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	if d.size > maxDirectory || d.count > d.size/entryLength {
		return nil, fmt.Errorf("corrupt: its directory claims %d files in %d bytes: want at most %d bytes, and at least %d for each file",
			d.count, d.size, maxDirectory, entryLength)
	}
	if d.offset > uint64(end) || d.size > uint64(end)-d.offset {
		return nil, errors.New("corrupt: its directory lies outside of the file")
	}
	b := make([]byte, d.size)
	if _, err := r.ReadAt(b, int64(d.offset)); err != nil {
		return nil, early(err)
	}
	entries := make([]entry, d.count)
	seen := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if b, err = e.parse(b); err != nil {
			return nil, err
		}
		if e.limit = int64(d.offset); seen[e.name] {
			return nil, fmt.Errorf("corrupt: it has two files %.80q", e.name)
		}
		seen[e.name] = true
	}
	return entries, nil
}

// findDirectory reads the record at the end of the file, and that with larger numbers
// before it where there is one. The directory ends before end.
func findDirectory(r io.ReaderAt, size int64) (d directory, end int64, err error) {
	tail := make([]byte, min(size, endLength+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil {
		return d, 0, early(err)
	}
	at := findEnd(tail)
	if at < 0 {
		return d, 0, errors.New("truncated: the directory at the end of a zip archive is not there")
	}
	b := tail[at:]
	if little.Uint32(b[4:]) != 0 {
		return d, 0, errors.New("corrupt, or one of several files of a divided archive: it says that it is not the first")
	}
	d = directory{uint64(little.Uint16(b[10:])), uint64(little.Uint32(b[12:])), uint64(little.Uint32(b[16:]))}
	end = size - int64(len(tail)-at)
	return d.wider(r, end)
}

// findEnd finds the last record whose comment reaches to the end of the file.
func findEnd(tail []byte) int {
	for at := len(tail) - endLength; at >= 0; at-- {
		if little.Uint32(tail[at:]) == endSignature && at+endLength+int(little.Uint16(tail[at+20:])) == len(tail) {
			return at
		}
	}
	return -1
}

// wider returns what the record with 64-bit numbers says, if there is one before end.
func (d directory) wider(r io.ReaderAt, end int64) (directory, int64, error) {
	locator := make([]byte, locator64Length)
	if end < locator64Length {
		return d, end, nil
	}
	if _, err := r.ReadAt(locator, end-locator64Length); err != nil {
		return d, 0, early(err)
	}
	if little.Uint32(locator) != locator64Signature {
		return d, end, nil
	}
	at, b := little.Uint64(locator[8:]), make([]byte, end64Length)
	if at > uint64(end) || uint64(end)-at < end64Length+locator64Length {
		return d, 0, errors.New("corrupt: the end of its directory lies outside of the file")
	}
	if _, err := r.ReadAt(b, int64(at)); err != nil {
		return d, 0, early(err)
	}
	if little.Uint32(b) != end64Signature {
		return d, 0, errors.New("corrupt: the end of its directory is not where it says")
	}
	return directory{little.Uint64(b[32:]), little.Uint64(b[40:]), little.Uint64(b[48:])}, int64(at), nil
}

// parse reads the first entry of a directory and returns the rest.
func (e *entry) parse(b []byte) ([]byte, error) {
	if len(b) < entryLength || little.Uint32(b) != entrySignature {
		return nil, errors.New("corrupt: its directory is damaged")
	}
	name, extra, comment := int(little.Uint16(b[28:])), int(little.Uint16(b[30:])), int(little.Uint16(b[32:]))
	if len(b) < entryLength+name+extra+comment {
		return nil, errors.New("corrupt: its directory ends early")
	}
	e.encrypted, e.method, e.crc = little.Uint16(b[8:])&1 != 0, little.Uint16(b[10:]), little.Uint32(b[16:])
	e.name = string(b[entryLength : entryLength+name])
	sizes := [3]uint64{uint64(little.Uint32(b[24:])), uint64(little.Uint32(b[20:])), uint64(little.Uint32(b[42:]))}
	if err := widen(&sizes, b[entryLength+name:entryLength+name+extra]); err != nil {
		return nil, fmt.Errorf("corrupt: %.80q: %w", e.name, err)
	}
	for _, n := range sizes {
		if n > 1<<62 {
			return nil, fmt.Errorf("corrupt: %.80q claims %d bytes", e.name, n)
		}
	}
	e.size, e.packed, e.header = int64(sizes[0]), int64(sizes[1]), int64(sizes[2])
	return b[entryLength+name+extra+comment:], nil
}

// widen replaces the sizes that do not fit 32 bits by those of the extra field for
// 64-bit numbers: 4.5.3.
func widen(sizes *[3]uint64, extra []byte) error {
	const id, full = 1, 1<<32 - 1
	for len(extra) >= 4 {
		kind, n := little.Uint16(extra), int(little.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return errors.New("its extra field ends early")
		}
		field := extra[:n]
		extra = extra[n:]
		if kind != id {
			continue
		}
		for i := range sizes {
			if sizes[i] != full {
				continue
			}
			if len(field) < 8 {
				return errors.New("its extra field lacks a size")
			}
			sizes[i], field = little.Uint64(field), field[8:]
		}
		return nil
	}
	return nil
}

// data returns where the bytes of the file begin, after its local header.
func (e *entry) data(r io.ReaderAt) (int64, error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	b := make([]byte, localLength)
	if e.header > e.limit-localLength {
		return 0, errors.New("corrupt: it lies outside of the archive")
	}
	if _, err := r.ReadAt(b, e.header); err != nil {
		return 0, early(err)
	}
	name := make([]byte, little.Uint16(b[26:]))
	start := e.header + localLength + int64(len(name)) + int64(little.Uint16(b[28:]))
	if little.Uint32(b) != localSignature || start > e.limit || e.packed > e.limit-start {
		return 0, errors.New("corrupt: its header in the archive is damaged, or the archive is truncated")
	}
	if _, err := r.ReadAt(name, e.header+localLength); err != nil {
		return 0, early(err)
	}
	if !bytes.Equal(name, []byte(e.name)) {
		return 0, fmt.Errorf("corrupt: where it should begin, %.80q begins", name)
	}
	return start, nil
}

// check refuses what cannot be unpacked, and sizes that cannot be.
func (e *entry) check() error {
	most := e.packed
	switch {
	case e.encrypted:
		return config.Usagef("is encrypted: save it without a password")
	case e.method == deflated:
		most = min(e.packed, MaxBytes) * maxDeflate
	case e.method != stored:
		return config.Usagef("is packed by method %d of zip (%s): save it by np.savez or np.savez_compressed", e.method, methodName(e.method))
	}
	if e.size > most || e.method == stored && e.size != e.packed {
		return fmt.Errorf("corrupt: %d packed bytes cannot become %d", e.packed, e.size)
	}
	return nil
}

func methodName(method uint16) string {
	switch method {
	case 9:
		return "Deflate64"
	case 12:
		return "bzip2"
	case 14:
		return "LZMA"
	case 93:
		return "Zstandard"
	case 95:
		return "xz"
	}
	return "an unusual one"
}

// open returns the unpacked content.
func (e *entry) open(r io.ReaderAt, start int64) (io.Reader, error) {
	section := io.NewSectionReader(r, start, e.packed)
	switch e.method {
	case stored:
		return section, nil
	case deflated:
		return flate.NewReader(section), nil
	}
	return nil, e.check()
}

// early puts the errors of package flate, and ends that come too early, in words.
func early(err error) error {
	var damage flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("truncated: it ends early")
	case errors.As(err, &damage):
		return fmt.Errorf("corrupt: %w", err)
	}
	return err
}
