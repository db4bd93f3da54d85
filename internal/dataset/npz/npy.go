package npz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// NumPy's format (numpy.lib.format, NEP 1): a magic string, two bytes of version, the
// length of the header in two bytes (version 1) or four, the header, and the values.
// The header is a dictionary in Python's notation:
//
//	{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
const npyMagic = "\x93NUMPY"

// Limits on what a header may claim.
const (
	maxHeader = 1 << 16 // bytes
	maxRank   = 8
)

// Header describes an array.
type Header struct {
	Type   string // of NumPy: "uint8"
	Shape  []int  // the last index runs fastest
	width  int    // bytes of a value
	length int64  // bytes before the values
}

// Count is the number of values.
func (h *Header) Count() int64 {
	n := int64(1)
	for _, size := range h.Shape {
		n *= int64(size)
	}
	return n
}

// Bytes is what the values take.
func (h *Header) Bytes() int64 { return h.Count() * int64(h.width) }

// ShapeText is the shape as NumPy's users know it: (60000, 28, 28).
func (h *Header) ShapeText() string {
	var sizes []string
	for _, size := range h.Shape {
		sizes = append(sizes, strconv.Itoa(size))
	}
	if len(sizes) == 1 {
		return "(" + sizes[0] + ",)"
	}
	return "(" + strings.Join(sizes, ", ") + ")"
}

// readHeader reads the header of an array of numbers, little endian, in C's order. Other
// arrays are refused by a [config.UsageError].
func readHeader(r io.Reader) (*Header, error) {
	text, length, err := headerText(r)
	if err != nil {
		return nil, err
	}
	d, err := parseDictionary(text)
	if err != nil {
		return nil, fmt.Errorf("corrupt: its header, %.100q: %w", strings.TrimSpace(text), err)
	}
	h := &Header{Shape: d.shape, length: length}
	if err := h.checkShape(); err != nil {
		return nil, err
	}
	if err := h.setType(d.descr); err != nil {
		return nil, err
	}
	if d.fortran && len(h.Shape) > 1 {
		return nil, config.Usagef("is in Fortran order: save np.ascontiguousarray(array)")
	}
	if h.Bytes() > MaxBytes {
		return nil, fmt.Errorf("claims the shape %s, which takes %d bytes: want at most %d", h.ShapeText(), h.Bytes(), int64(MaxBytes))
	}
	return h, nil
}

// headerText returns the dictionary, and the bytes before the values.
func headerText(r io.Reader) (string, int64, error) {
	var b [12]byte
	if _, err := io.ReadFull(r, b[:8]); err != nil {
		return "", 0, inWords(err)
	}
	if string(b[:6]) != npyMagic {
		return "", 0, errors.New("corrupt: it is no array of NumPy, which begins with \\x93NUMPY")
	}
	field := 4
	switch b[6] {
	case 1:
		field = 2
	case 2, 3:
	default:
		return "", 0, fmt.Errorf("has version %d.%d of NumPy's format: want 1 to 3", b[6], b[7])
	}
	if _, err := io.ReadFull(r, b[8:8+field]); err != nil {
		return "", 0, inWords(err)
	}
	n := binary.LittleEndian.Uint32(b[8:]) // of which two bytes are zero in version 1
	if n > maxHeader {
		return "", 0, fmt.Errorf("corrupt: claims a header of %d bytes: want at most %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", 0, inWords(err)
	}
	return string(text), int64(8+field) + int64(n), nil
}

// checkShape reports sizes whose product cannot be meant; it leaves numbers that no
// product of eight bytes overflows.
func (h *Header) checkShape() error {
	if len(h.Shape) > maxRank {
		return fmt.Errorf("corrupt: claims %d dimensions: want at most %d", len(h.Shape), maxRank)
	}
	n := int64(1)
	for _, size := range h.Shape {
		if int64(size) > MaxBytes/n {
			return fmt.Errorf("claims the shape %s: want at most %d values", h.ShapeText(), int64(MaxBytes))
		}
		n = max(n*int64(size), n) // a size of 0 must not hide others
	}
	return nil
}

// numbers are the types that are read, by NumPy's letters and bytes.
var numbers = map[string]string{
	"u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64",
	"i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
	"f4": "float32", "f8": "float64",
}

// setType reads a type such as <i4: the order of bytes, a letter and a width.
func (h *Header) setType(descr string) error {
	if descr == "" {
		return config.Usagef("has values of several fields: save images and labels as arrays of their own")
	}
	order, kind := descr[:1], strings.TrimLeft(descr, "<>|=")
	if strings.HasPrefix(kind, "O") {
		return config.Usagef("holds Python objects, which are not read, since reading them can run programs: save an array of numbers, as by np.stack(list).astype(\"uint8\")")
	}
	name := numbers[kind]
	if name == "" {
		return config.Usagef("holds values of NumPy's type %.20q: save it as numbers, as by array.astype(\"uint8\")", descr)
	}
	if h.width = int(kind[1] - '0'); order == ">" && h.width > 1 {
		return config.Usagef("is big endian (%s): save array.astype(\"<%s\")", descr, kind)
	}
	h.Type = name
	return nil
}
