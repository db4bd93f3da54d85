package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The IDX format (LeCun, Cortes, Burges, The MNIST Database, 1998): a magic number, the
// sizes of the dimensions as big-endian 32-bit numbers, then the values, big-endian and the
// last index fastest. The magic number is two bytes of 0, a byte for the type of the values,
// and one for the number of dimensions.
const (
	magicLabels = 0x00000801 // unsigned bytes, [N]
	magicImages = 0x00000803 // unsigned bytes, [N,H,W]
	magicAny    = 0          // any file of the format
)

// idxTypes are the types of values by their byte.
var idxTypes = map[uint32]string{
	0x08: "uint8", 0x09: "int8", 0x0b: "int16", 0x0c: "int32", 0x0d: "float32", 0x0e: "float64",
}

// maxIDXRank is the most dimensions that a file may have.
const maxIDXRank = 5

// maxDeflate is the greatest ratio by which gzip can shrink data: a claim beyond it is
// refused before anything is read for it.
const maxDeflate = 1032

// idxHeader is what an IDX file says of its values.
type idxHeader struct {
	magic uint32
	of    numberType
	sizes []int // of the dimensions
}

// size is the number of bytes that follow the header.
func (h *idxHeader) size() int64 {
	n := int64(h.of.width)
	for _, size := range h.sizes {
		n *= int64(size)
	}
	return n
}

// length is the number of bytes of the header itself.
func (h *idxHeader) length() int64 { return int64(4 + 4*len(h.sizes)) }

func idxKind(magic uint32) string {
	rank := magic & 0xff
	switch {
	case magic == magicLabels:
		return "an IDX file of labels"
	case magic == magicImages:
		return "an IDX file of grey images"
	case idxTypes[magic>>8] != "" && rank >= 1 && rank <= maxIDXRank:
		return fmt.Sprintf("an IDX file of %s in %d dimensions", idxTypes[magic>>8], rank)
	}
	return "no IDX file"
}

// idxReader is an IDX file, plain or gzipped, with its header read and checked.
type idxReader struct {
	name   string
	header *idxHeader
	packed bool // gzipped
	body   io.Reader
}

// newIDXReader reads the header of the file in r, which takes stored bytes as it
// lies on disk and must be of the kind magic, or any. Errors begin with name.
func newIDXReader(name string, r io.Reader, stored int64, magic uint32) (*idxReader, error) {
	body, packed, err := unpack(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	header, err := readIDXHeader(body, magic)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if packed {
		stored = min(stored, maxArrayBytes) * maxDeflate
	}
	if need := header.length() + header.size(); need > stored {
		return nil, fmt.Errorf("%s: truncated: its header claims %d values, which take %d bytes; there are at most %d",
			name, header.size()/int64(header.of.width), need, stored)
	}
	return &idxReader{name, header, packed, body}, nil
}

// unpack returns the plain content of r, which may be gzipped; the first two
// bytes tell.
func unpack(r io.Reader) (body io.Reader, packed bool, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if start, _ := b.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return b, false, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, true, readError(err)
	}
	return z, true, nil
}

func readIDXHeader(r io.Reader, magic uint32) (*idxHeader, error) {
	var found uint32
	if err := binary.Read(r, binary.BigEndian, &found); err != nil {
		return nil, readError(err)
	}
	name, rank := idxTypes[found>>8], found&0xff
	switch {
	case magic != magicAny && found != magic:
		return nil, fmt.Errorf("starts with 0x%08x (%s), want 0x%08x (%s)", found, idxKind(found), magic, idxKind(magic))
	case name == "" || rank < 1 || rank > maxIDXRank:
		return nil, fmt.Errorf("starts with 0x%08x (%s), want 0x00000T0D, with a type T of 8, 9, b, c, d or e and 1 to %d dimensions D", found, idxKind(found), maxIDXRank)
	}
	sizes := make([]uint32, rank)
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return nil, readError(err)
	}
	h := &idxHeader{magic: found, of: numberTypeOf(name)}
	for _, size := range sizes {
		h.sizes = append(h.sizes, int(size))
	}
	return h, checkShape(h.sizes, h.of.width)
}

// copyTo writes the values to w and makes sure that nothing follows them.
func (r *idxReader) copyTo(w io.Writer) error {
	n, err := io.CopyN(w, r.body, r.header.size())
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("truncated: it ends after %d of %d bytes of values", n, r.header.size())
	} else if err == nil {
		err = atEnd(r.body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, readError(err))
	}
	return nil
}

// atEnd reports data that is left in r. Reading the end of a gzipped file also
// checks its checksum.
func atEnd(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, 1))
	if n > 0 {
		return errors.New("has more bytes after the last value than its header claims")
	}
	return err
}

// readError puts the errors of package gzip, and ends that come too early, in
// words.
func readError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("truncated: it ends early")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("corrupt: %w", err)
	}
	return err
}

// withIDX calls use with a reader of the IDX file at path.
func withIDX(path string, magic uint32, use func(r *idxReader) error) error {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := newIDXReader(path, f, info.Size(), magic)
	if err != nil {
		return err
	}
	return use(r)
}

// openIDX reads the header of the IDX file at path, which must be of the kind magic, or
// any.
func openIDX(path string, magic uint32) (*array, error) {
	var header *idxHeader
	packed := false
	err := withIDX(path, magic, func(r *idxReader) error {
		header, packed = r.header, r.packed
		return nil
	})
	if err != nil {
		return nil, err
	}
	a := &array{name: path, of: header.of, bigEndian: true, shape: header.sizes}
	a.copyTo = func(w io.Writer) error {
		return withIDX(path, header.magic, func(r *idxReader) error {
			if !slices.Equal(r.header.sizes, header.sizes) {
				return fmt.Errorf("%s: %w", path, errChanged)
			}
			return r.copyTo(w)
		})
	}
	if !packed {
		a.inPlace = func() (*os.File, int64, error) {
			file, err := fileio.OpenRegular(path)
			return file, header.length(), err
		}
	}
	return a, nil
}

// readLabels reads an IDX file of labels below classes.
func readLabels(path string, classes int) ([]int32, error) {
	a, err := openIDX(path, magicLabels)
	if err != nil {
		return nil, err
	}
	labels, err := a.labels(0)
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		if int(label) >= classes {
			return nil, fmt.Errorf("%s: label %d of example %d: want 0 to %d", path, label, i, classes-1)
		}
	}
	return labels, nil
}
