package weights

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

const (
	maxHeader     = 16 << 20 // bytes; the format itself allows 100,000,000
	maxKeys       = 1 << 16  // of an object of the header: tensors, or entries of the metadata
	lengthBytes   = 8        // of the header length
	bytesPerValue = 4
	metadataKey   = "__metadata__"
)

// ReadFile reads the safetensors file at path. An error names the file and,
// where one is at fault, the tensor, with what was found and what was expected.
func ReadFile(path string) (File, error) {
	var file File
	err := within(path, func(f *os.File, size int64) (err error) {
		file, err = Read(bufio.NewReaderSize(f, buffered), size)
		return err
	})
	return file, err
}

// ReadFileInto reads the values of the safetensors file at path to where place wants
// them. It is called once, before any value is read, with all tensors in the order of
// the file and sets their Data. It can refuse them, which then costs no more memory
// than the header.
func ReadFileInto(path string, place func([]Tensor) error) error {
	return within(path, func(f *os.File, size int64) error {
		return readInto(bufio.NewReaderSize(f, buffered), size, func(_ map[string]string, tensors []Tensor) error { return place(tensors) })
	})
}

// ReadMetadata reads the metadata of the safetensors file at path, and no value.
func ReadMetadata(path string) (metadata map[string]string, err error) {
	err = within(path, func(f *os.File, size int64) error {
		h, _, err := readLayout(bufio.NewReaderSize(f, buffered), size, ownWidth)
		metadata = h.metadata
		return err
	})
	return metadata, err
}

const buffered = 1 << 16

// within opens a file of weights.
func within(path string, read func(f *os.File, size int64) error) (err error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := read(f, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Read reads a safetensors file of size bytes from r. It allocates no more than
// a small multiple of size, whatever the header claims.
func Read(r io.Reader, size int64) (File, error) {
	var file File
	err := readInto(r, size, func(metadata map[string]string, tensors []Tensor) error {
		for i, t := range tensors {
			n, _ := elements(t.Shape) // which the header's parser has checked
			tensors[i].Data = make([]float32, n)
		}
		file = File{metadata, tensors}
		return nil
	})
	if err != nil {
		return File{}, err
	}
	file.Tensors = byName(file.Tensors)
	return file, nil
}

// readInto reads the values of a file to where place puts them.
func readInto(r io.Reader, size int64, place func(map[string]string, []Tensor) error) error {
	h, _, err := readLayout(r, size, ownWidth)
	if err != nil {
		return err
	}
	tensors := make([]Tensor, len(h.entries))
	for i, e := range h.entries {
		tensors[i] = Tensor{Name: e.name, Shape: e.shape}
	}
	if err := place(h.metadata, tensors); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := readFloats(r, t.Data); err != nil {
			return fmt.Errorf("tensor %q: cannot read its values: %w", t.Name, err)
		}
	}
	return nil
}

// readLayout reads the header of a file of size bytes, with its entries in the order of
// their values, and says at which byte these begin.
func readLayout(r io.Reader, size int64, width func(dtype string) (int, error)) (h header, begin int64, err error) {
	raw, err := readHeader(r, size)
	if err != nil {
		return header{}, 0, err
	}
	if h, err = parseHeader(raw, width); err != nil {
		return header{}, 0, err
	}
	begin = lengthBytes + int64(len(raw))
	return h, begin, checkLayout(h.entries, size-begin)
}

// DigestFile is Digest of the tensors in the file at path. It holds none of them in
// memory.
func DigestFile(path string) (digest string, err error) {
	err = within(path, func(f *os.File, size int64) error {
		h, begin, err := readLayout(bufio.NewReaderSize(f, buffered), size, ownWidth)
		if err != nil {
			return err
		}
		slices.SortFunc(h.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		sum := sha256.New()
		for _, e := range h.entries {
			_, _ = sum.Write(digestHead(nil, e.name, e.shape)) // a hash's Write cannot fail
			if _, err := io.Copy(sum, io.NewSectionReader(f, begin+e.begin, e.end-e.begin)); err != nil {
				return fmt.Errorf("tensor %q: cannot read its values: %w", e.name, err)
			}
		}
		digest = hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	return digest, err
}

// readHeader returns the bytes of the JSON header.
func readHeader(r io.Reader, size int64) ([]byte, error) {
	if size < lengthBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, the header length alone takes %d", ErrTooShort, size, lengthBytes)
	}
	var prefix [lengthBytes]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, fmt.Errorf("cannot read the header length: %w", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader {
		return nil, fmt.Errorf("%w: its length is given as %d bytes, at most %d are allowed; is this a safetensors file?", ErrHeaderTooLarge, length, maxHeader)
	}
	if left := size - lengthBytes; int64(length) > left {
		return nil, fmt.Errorf("%w: its length is given as %d bytes, %d follow; is the file truncated?", ErrHeaderBeyondFile, length, left)
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("cannot read the header: %w", err)
	}
	if length == 0 || raw[0] != '{' {
		return nil, fmt.Errorf("%w; is this a safetensors file?", ErrHeaderStart)
	}
	if !utf8.Valid(raw) {
		return nil, ErrHeaderEncoding
	}
	return raw, nil
}

// checkLayout puts the entries in the order of their values and demands that
// these fill the size bytes after the header exactly, without holes or overlap.
func checkLayout(entries []entry, size int64) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), strings.Compare(a.name, b.name))
	})
	position := int64(0)
	for _, e := range entries {
		switch {
		case e.end > size:
			return fmt.Errorf("tensor %q: %w: data_offsets [%d,%d], but %d bytes follow the header; is the file truncated?", e.name, ErrOutOfRange, e.begin, e.end, size)
		case e.begin < position:
			return fmt.Errorf("tensor %q: %w: they start at byte %d, the tensor before ends at %d", e.name, ErrOverlap, e.begin, position)
		case e.begin > position:
			return fmt.Errorf("tensor %q: %w: they start at byte %d, expected %d", e.name, ErrHole, e.begin, position)
		}
		position = e.end
	}
	if position != size {
		return fmt.Errorf("%w: %d bytes follow the header, the tensors take %d", ErrTrailing, size, position)
	}
	return nil
}
