package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The IDX format (LeCun, Cortes, Burges, The MNIST Database, 1998): a magic
// number, the sizes of the dimensions as big-endian 32-bit numbers, then the
// values. The two kinds here hold unsigned bytes.
const (
	magicLabels = 0x00000801 // [N]
	magicImages = 0x00000803 // [N,H,W]
)

// Limits on what a header may claim.
const (
	maxIDXSide  = 4096
	maxIDXBytes = 8 << 30
	// maxDeflate is the greatest ratio by which gzip can shrink data: a claim
	// beyond it is refused before memory is reserved for it.
	maxDeflate = 1032
)

// idxHeader is what an IDX file says of its values.
type idxHeader struct {
	magic                uint32
	count, height, width int // a label file has height = width = 1
}

// size is the number of bytes that follow the header.
func (h idxHeader) size() int64 { return int64(h.count) * int64(h.height) * int64(h.width) }

// length is the number of bytes of the header itself.
func (h idxHeader) length() int64 { return int64(4 + 4*(h.magic&0xff)) }

func idxKind(magic uint32) string {
	switch magic {
	case magicLabels:
		return "an IDX file of labels"
	case magicImages:
		return "an IDX file of grey images"
	}
	return "no IDX file of bytes"
}

// idxReader is an IDX file, plain or gzipped, with its header read and checked.
type idxReader struct {
	name   string
	header idxHeader
	packed bool // gzipped
	body   io.Reader
}

// newIDXReader reads the header of the file in r, which takes stored bytes as it
// lies on disk and must be of the kind magic. Errors begin with name.
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
		stored = min(stored, maxIDXBytes) * maxDeflate
	}
	if need := header.length() + header.size(); need > stored {
		return nil, fmt.Errorf("%s: truncated: its header claims %d values, which take %d bytes; there are at most %d",
			name, header.size(), need, stored)
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

func readIDXHeader(r io.Reader, magic uint32) (idxHeader, error) {
	h := idxHeader{magic: magic, height: 1, width: 1}
	var found uint32
	if err := binary.Read(r, binary.BigEndian, &found); err != nil {
		return h, readError(err)
	}
	if found != magic {
		return h, fmt.Errorf("starts with 0x%08x (%s), want 0x%08x (%s)", found, idxKind(found), magic, idxKind(magic))
	}
	var sizes [3]uint32
	dimensions := sizes[:magic&0xff]
	if err := binary.Read(r, binary.BigEndian, dimensions); err != nil {
		return h, readError(err)
	}
	if sizes[0] == 0 || sizes[0] > maxExamples {
		return h, fmt.Errorf("claims %d examples: want 1 to %d", sizes[0], maxExamples)
	}
	h.count = int(sizes[0])
	if magic == magicImages {
		if err := h.setSides(sizes[1], sizes[2]); err != nil {
			return h, err
		}
	}
	if h.size() > maxIDXBytes {
		return h, fmt.Errorf("claims %d bytes of values: want at most %d", h.size(), int64(maxIDXBytes))
	}
	return h, nil
}

func (h *idxHeader) setSides(height, width uint32) error {
	if min(height, width) == 0 || max(height, width) > maxIDXSide {
		return fmt.Errorf("claims images %d pixels wide and %d high: want 1 to %d", width, height, maxIDXSide)
	}
	h.height, h.width = int(height), int(width)
	return nil
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

// values returns the values, [N] or [N,H,W].
func (r *idxReader) values() ([]uint8, error) {
	var b bytes.Buffer
	b.Grow(int(r.header.size()) + bytes.MinRead)
	if err := r.copyTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
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

// readLabels reads an IDX file of labels below classes.
func readLabels(path string, classes int) (labels []uint8, err error) {
	err = withIDX(path, magicLabels, func(r *idxReader) error {
		if labels, err = r.values(); err != nil {
			return err
		}
		for i, label := range labels {
			if int(label) >= classes {
				return fmt.Errorf("%s: label %d of example %d: want 0 to %d", path, label, i, classes-1)
			}
		}
		return nil
	})
	return labels, err
}
