package weights

import "io"

// Entry is what the header of a safetensors file says of one tensor. Its values are the
// Size bytes from byte Offset of the file on.
type Entry struct {
	Name         string
	Dtype        string // as the format spells it: "F32", "BF16"
	Shape        []int
	Offset, Size int64
}

// ReadEntries reads the header of a safetensors file of size bytes whose values need not
// be float32, and no value. The entries come in the order of their values, and the values
// fill the file without holes or overlap. width gives the bytes that a value of a type
// has, or refuses the type; the error then names the tensor.
func ReadEntries(r io.Reader, size int64, width func(dtype string) (bytes int, err error)) ([]Entry, error) {
	h, begin, err := readLayout(r, size, width)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(h.entries))
	for i, e := range h.entries {
		entries[i] = Entry{Name: e.name, Dtype: e.dtype, Shape: e.shape, Offset: begin + e.begin, Size: e.end - e.begin}
	}
	return entries, nil
}
