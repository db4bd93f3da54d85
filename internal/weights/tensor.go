package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Tensor is a named array of float32 values in row-major order. An empty Shape
// is a scalar: one value.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// File is what a safetensors file holds. ReadFile returns Tensors in name
// order; Write accepts them in any order.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor
}

// Find returns the tensor called name.
func (f File) Find(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Digest is the hexadecimal SHA-256 over tensors in bytewise order of their
// names. Each contributes, all integers as 8 bytes little-endian:
//
//	length of the name, the name, rank, each dimension, the values as
//	little-endian float32
//
// so that no two different lists of tensors give the same bytes. It panics when
// a tensor's values do not fill its shape or two tensors have one name.
func Digest(tensors []Tensor) string {
	h := sha256.New()
	sorted := byName(tensors)
	var head []byte
	for i, t := range sorted {
		if err := checkTensor(t); err != nil {
			panic("weights: " + err.Error())
		}
		if i > 0 && sorted[i-1].Name == t.Name {
			panic(fmt.Sprintf("weights: two tensors are called %q", t.Name))
		}
		head = digestHead(head[:0], t.Name, t.Shape)
		// A hash's Write cannot fail.
		_, _ = h.Write(head)
		_ = writeFloats(h, t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digestHead appends what Digest is of besides a tensor's values.
func digestHead(b []byte, name string, shape []int) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(len(name)))
	b = append(b, name...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(shape)))
	for _, d := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	return b
}

// byName returns the tensors sorted by name; the argument is left as it is.
func byName(tensors []Tensor) []Tensor {
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// checkTensor reports a tensor whose values do not fill its shape.
func checkTensor(t Tensor) error {
	n, ok := elements(t.Shape)
	if !ok {
		return fmt.Errorf("tensor %q: shape %v is negative or too large", t.Name, t.Shape)
	}
	if n != len(t.Data) {
		return fmt.Errorf("tensor %q: shape %v holds %d values, %d given", t.Name, t.Shape, n, len(t.Data))
	}
	return nil
}

// maxElements keeps byte counts and their sums far from overflow.
const maxElements = math.MaxInt / 16

// elements is the product of the dimensions; ok is false when one is negative
// or any partial product exceeds maxElements.
func elements(shape []int) (n int, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 || d > maxElements || d > 0 && n > maxElements/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// chunk is how many values are converted to or from bytes at a time.
const chunk = 1 << 14

// writeFloats writes values as little-endian float32.
func writeFloats(w io.Writer, values []float32) error {
	buffer := make([]byte, 0, 4*min(chunk, len(values)))
	for part := range slices.Chunk(values, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// readFloats fills values from little-endian float32.
func readFloats(r io.Reader, values []float32) error {
	buffer := make([]byte, 4*min(chunk, len(values)))
	for part := range slices.Chunk(values, chunk) {
		b := buffer[:4*len(part)]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		for i := range part {
			part[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
	return nil
}
