package pickle

import (
	"fmt"
	"math"
)

// A value is nil (None), bool, int64, float64, string, Tuple, *List, *Dict, *Tensor or
// *Storage. Others do not leave the machine.

// Tuple is a Python tuple.
type Tuple []any

// List is a Python list.
type List struct{ Items []any }

// Dict is a dict or an OrderedDict, in its own order. No key comes twice.
type Dict struct {
	Keys   []any // string, int64, bool or float64
	Values []any

	at map[any]int
}

// Get returns the value of a key.
func (d *Dict) Get(key string) (value any, there bool) {
	i, there := d.at[key]
	if !there {
		return nil, false
	}
	return d.Values[i], true
}

func (d *Dict) set(key, value any) error {
	switch k := key.(type) {
	case string, int64, bool:
	case float64:
		if k != k {
			return fmt.Errorf("a dict has NaN as a key")
		}
	default:
		return fmt.Errorf("a dict has %s as a key, expected a text or a number", Kind(key))
	}
	if _, twice := d.at[key]; twice {
		return fmt.Errorf("a dict has the key %.100q twice", fmt.Sprint(key))
	}
	if d.at == nil {
		d.at = map[any]int{}
	}
	d.at[key] = len(d.Keys)
	d.Keys, d.Values = append(d.Keys, key), append(d.Values, value)
	return nil
}

// Storage is an array of values that tensors view. The pickle says which one it is; the
// values stand elsewhere.
type Storage struct {
	Key      string
	Dtype    Dtype
	Elements int64
}

// Bytes is how many bytes the values take.
func (s *Storage) Bytes() int64 { return s.Elements * int64(s.Dtype.Width) }

// Tensor is a view of a storage: the value at index i of each dimension is that at
// Offset + sum of i*Stride. All of them lie in the storage.
type Tensor struct {
	Storage *Storage
	Offset  int64
	Shape   []int
	Stride  []int64
}

// Elements is the number of values, which is not larger than MaxElements.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// Limits of tensors.
const (
	MaxRank     = 32
	MaxElements = math.MaxInt32 // of a tensor and of a storage: 8 GiB of float32
)

// newTensor checks that a view lies in its storage.
func newTensor(s *Storage, offset int64, shape, stride []int64) (*Tensor, error) {
	if len(shape) != len(stride) {
		return nil, fmt.Errorf("a tensor has %d dimensions and %d strides", len(shape), len(stride))
	}
	if len(shape) > MaxRank {
		return nil, fmt.Errorf("a tensor has %d dimensions, expected at most %d", len(shape), MaxRank)
	}
	if offset < 0 || offset > s.Elements {
		return nil, fmt.Errorf("a tensor begins at value %d of a storage of %d values", offset, s.Elements)
	}
	t := &Tensor{Storage: s, Offset: offset, Stride: stride}
	elements, last := int64(1), offset
	for i, d := range shape {
		if d < 0 || stride[i] < 0 || d > MaxElements || stride[i] > MaxElements {
			return nil, fmt.Errorf("a tensor has dimension %d with stride %d, expected numbers from 0 to %d", d, stride[i], MaxElements)
		}
		if elements *= d; elements > MaxElements {
			return nil, fmt.Errorf("a tensor has more than %d values", MaxElements)
		}
		last = min(last+max(d-1, 0)*stride[i], s.Elements) // which is beyond the end already: so no sum overflows
		t.Shape = append(t.Shape, int(d))
	}
	if elements > 0 && last >= s.Elements {
		return nil, fmt.Errorf("a tensor of shape %v with strides %v from value %d on reaches beyond its storage of %d values", t.Shape, stride, offset, s.Elements)
	}
	return t, nil
}

// Dtype is a type of values in a storage.
type Dtype struct {
	Name  string // "float32"
	Width int    // bytes
	Float bool
}

// storageTypes are the classes of storages whose values a reader can take or step over.
var storageTypes = map[string]Dtype{
	"FloatStorage":    {"float32", 4, true},
	"DoubleStorage":   {"float64", 8, true},
	"HalfStorage":     {"float16", 2, true},
	"BFloat16Storage": {"bfloat16", 2, true},
	"LongStorage":     {"int64", 8, false},
	"IntStorage":      {"int32", 4, false},
	"ShortStorage":    {"int16", 2, false},
	"CharStorage":     {"int8", 1, false},
	"ByteStorage":     {"uint8", 1, false},
	"BoolStorage":     {"bool", 1, false},
}

// Kind says in words what a value is.
func Kind(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case int64, float64:
		return "a number"
	case string:
		return "a text"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case *Tensor:
		return fmt.Sprintf("a tensor of %s, %v", v.Storage.Dtype.Name, v.Shape)
	case *Storage:
		return "a storage"
	case global:
		return "the global " + v.String()
	}
	return "a mark"
}
