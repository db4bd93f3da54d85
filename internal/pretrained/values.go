package pretrained

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/blocktrain/blocktrain/internal/pretrained/pickle"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// array is a run of values in the file.
type array struct {
	src    source
	offset int64
	dtype  pickle.Dtype
	count  int64
	// whole, where it is set, is read in place of src: it checks a sum at its end.
	whole func() (io.ReadCloser, error)
}

// view is a tensor of the file before its values are read.
type view struct {
	name   string
	array  *array
	offset int64 // of the first value, in values
	shape  []int
	stride []int64 // in values; nil: they follow each other in row-major order
	count  int64
}

// spare is how many values more than twice the stored ones tensors may have, so that small
// tensors may have strides of 0.
const spare = 1 << 20

// take reads the values of what was found.
func (f *File) take(found *content) error {
	f.Format, f.Taken, f.Beside = found.format, found.taken, found.beside
	var kept []view
	for _, v := range found.tensors {
		switch {
		case v.name == counter || strings.HasSuffix(v.name, "."+counter):
			f.LeftOut = append(f.LeftOut, v.name)
		case !v.array.dtype.Float:
			if err := notQuantised(v); err != nil {
				return err
			}
			f.Beside = append(f.Beside, Beside{v.name, fmt.Sprintf("a tensor of %s, %v", v.array.dtype.Name, v.shape)})
		default:
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("it holds no tensor of floating-point values (%d of other types)", len(found.tensors))
	}
	if err := bounded(kept); err != nil {
		return err
	}
	f.removePrefix(kept)
	f.countTypes(kept)
	return f.read(kept)
}

// notQuantised refuses tensors of 8-bit numbers: weights that were quantised by hand. Of
// other whole numbers, weights are not made.
func notQuantised(v view) error {
	if v.count > 1 && v.array.dtype.Width == 1 && v.array.dtype.Name != "bool" {
		return fmt.Errorf("tensor %q holds %s, as quantised weights do: only floating-point weights are read", v.name, v.array.dtype.Name)
	}
	return nil
}

// bounded refuses views that have many more values than the file stores.
func bounded(views []view) error {
	stored, wanted := int64(0), int64(0)
	seen := map[*array]bool{}
	for _, v := range views {
		if !seen[v.array] {
			seen[v.array] = true
			stored += v.array.count
		}
		wanted += v.count // of at most 2^31 each, of at most 2^18 tensors
	}
	if most := 2*stored + spare; wanted > most {
		return fmt.Errorf("its tensors have %d values, and it stores %d: at most twice as many and %d are read", wanted, stored, spare)
	}
	return nil
}

// removePrefix removes the prefix if every name has it.
func (f *File) removePrefix(views []view) {
	for _, v := range views {
		if len(v.name) == len(prefix) || !strings.HasPrefix(v.name, prefix) {
			return
		}
	}
	f.Prefix = prefix
	for i := range views {
		views[i].name = views[i].name[len(prefix):]
	}
}

func (f *File) countTypes(views []view) {
	at := map[string]int{}
	for _, v := range views {
		i, known := at[v.array.dtype.Name]
		if !known {
			i = len(f.Types)
			at[v.array.dtype.Name] = i
			f.Types = append(f.Types, TypeCount{Type: v.array.dtype.Name})
		}
		f.Types[i].Tensors++
	}
}

// read reads the values, one array after the other in order of first use, so that no more
// than one is in memory as bytes.
func (f *File) read(views []view) error {
	f.Tensors = make([]weights.Tensor, len(views))
	using := map[*array][]int{}
	var order []*array
	for i, v := range views {
		if using[v.array] == nil {
			order = append(order, v.array)
		}
		using[v.array] = append(using[v.array], i)
	}
	var buffer []byte
	for _, a := range order {
		var err error
		if buffer, err = a.read(buffer); err != nil {
			return fmt.Errorf("tensor %q: cannot read its values: %w", views[using[a][0]].name, err)
		}
		for _, i := range using[a] {
			t := weights.Tensor{Name: views[i].name, Shape: views[i].shape, Data: make([]float32, views[i].count)}
			views[i].decode(t.Data, buffer)
			if err := finite(t, views[i].array.dtype); err != nil {
				return err
			}
			f.Tensors[i] = t
		}
	}
	return nil
}

// read returns the bytes of the array; it uses buffer where that suffices. It
// has been compared with the size of the file.
func (a *array) read(buffer []byte) ([]byte, error) {
	size := a.count * int64(a.dtype.Width)
	if int64(cap(buffer)) < size {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	if a.whole == nil {
		_, err := io.ReadFull(a.src.from(a.offset), buffer)
		return buffer, err
	}
	r, err := a.whole()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return buffer, readWhole(r, buffer)
}

// decode brings the values of a view in row-major order and as float32.
func (v view) decode(to []float32, from []byte) {
	if len(to) == 0 {
		return
	}
	value := decoders[v.array.dtype.Name]
	width := int64(v.array.dtype.Width)
	stride := v.stride
	if stride == nil {
		stride = rowMajor(v.shape)
	}
	index := make([]int, len(v.shape))
	at := v.offset
	for i := range to {
		to[i] = value(from[at*width:])
		for d := len(index) - 1; d >= 0; d-- {
			index[d]++
			at += stride[d]
			if index[d] < v.shape[d] {
				break
			}
			at -= int64(v.shape[d]) * stride[d]
			index[d] = 0
		}
	}
}

var decoders = map[string]func(b []byte) float32{
	"float32":  func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	"float64":  func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	"float16":  func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) },
	"bfloat16": func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) },
}

// fromHalf is the value of an IEEE 754 binary16.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and subnormal: fraction * 2^-24, which float32 has exactly
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// finite refuses NaN and infinities.
func finite(t weights.Tensor, dtype pickle.Dtype) error {
	for i, v := range t.Data {
		if math.Float32bits(v)&0x7f800000 != 0x7f800000 {
			continue
		}
		beyond := ""
		if dtype.Name == "float64" && v == v {
			beyond = ", or beyond the range of float32"
		}
		return fmt.Errorf("tensor %q: value %d of %d is %v%s: weights must be finite numbers", t.Name, i, len(t.Data), v, beyond)
	}
	return nil
}

// rowMajor are the strides of a shape whose values follow each other.
func rowMajor(shape []int) []int64 {
	stride := make([]int64, len(shape))
	n := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		stride[i] = n
		n *= int64(shape[i])
	}
	return stride
}
