package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// headerAlignment is the multiple that the header is padded to, so that the
// values start at an aligned address when a reader maps the file.
const headerAlignment = 8

// WriteFile writes f to path atomically.
func WriteFile(path string, f File) error {
	return fileio.WriteAtomic(path, func(w io.Writer) error { return Write(w, f) })
}

// Write writes f in the safetensors format. Tensors and metadata keys come in
// bytewise order, so that equal contents give equal bytes.
func Write(w io.Writer, f File) error {
	tensors := byName(f.Tensors)
	header, err := encodeHeader(f.Metadata, tensors)
	if err != nil {
		return err
	}
	prefix := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	if _, err := w.Write(append(prefix, header...)); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeFloats(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

// encodeHeader returns the padded JSON header for tensors in name order.
func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	entries := make([]string, 0, len(tensors)+1)
	if len(metadata) > 0 {
		entry, err := encodeMetadata(metadata)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	begin := 0
	for i, t := range tensors {
		if err := checkWritable(t); err != nil {
			return nil, err
		}
		if i > 0 && tensors[i-1].Name == t.Name {
			return nil, fmt.Errorf("two tensors are called %q", t.Name)
		}
		end := begin + bytesPerValue*len(t.Data)
		entries = append(entries, encodeTensor(t, begin, end))
		begin = end
	}
	return joinHeader(entries)
}

func joinHeader(entries []string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, entry := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(entry)
	}
	b.WriteByte('}')
	for b.Len()%headerAlignment != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("%w: it would take %d bytes, at most %d are allowed", ErrHeaderTooLarge, b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

func checkWritable(t Tensor) error {
	switch {
	case t.Name == "":
		return errors.New("a tensor has no name")
	case t.Name == metadataKey:
		return fmt.Errorf("a tensor cannot be called %q: the format uses that name for metadata", metadataKey)
	case !utf8.ValidString(t.Name):
		return fmt.Errorf("tensor name %q is not valid UTF-8", t.Name)
	}
	return checkTensor(t)
}

func encodeTensor(t Tensor, begin, end int) string {
	shape := t.Shape
	if shape == nil {
		shape = []int{} // null is not a shape
	}
	return fmt.Sprintf(`%s:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, quote(t.Name), compact(shape), begin, end)
}

func encodeMetadata(metadata map[string]string) (string, error) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
			return "", fmt.Errorf("metadata %q is not valid UTF-8", key)
		}
	}
	return quote(metadataKey) + ":" + compact(metadata), nil
}

// quote returns s as a JSON string.
func quote(s string) string { return compact(s) }

// compact returns the JSON form of a value that always has one; maps come out
// in key order.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("weights: " + err.Error())
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
