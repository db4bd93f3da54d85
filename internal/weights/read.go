package weights

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

const (
	maxHeader     = 100_000_000 // the format's own limit, in bytes
	lengthBytes   = 8           // of the header length
	bytesPerValue = 4
	metadataKey   = "__metadata__"
)

// ReadFile reads the safetensors file at path. An error names the file and,
// where one is at fault, the tensor, with what was found and what was expected.
func ReadFile(path string) (_ File, err error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return File{}, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	file, err := Read(bufio.NewReaderSize(f, 1<<16), info.Size())
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Read reads a safetensors file of size bytes from r. It allocates no more than
// a small multiple of size, whatever the header claims.
func Read(r io.Reader, size int64) (File, error) {
	raw, err := readHeader(r, size)
	if err != nil {
		return File{}, err
	}
	h, err := parseHeader(raw)
	if err != nil {
		return File{}, err
	}
	dataSize := size - lengthBytes - int64(len(raw))
	if err := checkLayout(h.entries, dataSize); err != nil {
		return File{}, err
	}
	file := File{Metadata: h.metadata}
	for _, e := range h.entries {
		t := Tensor{Name: e.name, Shape: e.shape, Data: make([]float32, (e.end-e.begin)/bytesPerValue)}
		if err := readFloats(r, t.Data); err != nil {
			return File{}, fmt.Errorf("tensor %q: cannot read its values: %w", e.name, err)
		}
		file.Tensors = append(file.Tensors, t)
	}
	file.Tensors = byName(file.Tensors)
	return file, nil
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
