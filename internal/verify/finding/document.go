package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Document is a JSON value in which numbers are kept as they are written.
type Document = any

// Read reads the document at path.
func Read(path string) (Document, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Parse reads a document, after which nothing may follow.
func Parse(b []byte) (Document, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var value Document
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data after the end of the JSON value")
	}
	return value, nil
}

// Of is v as it would be written.
func Of(v any) (Document, error) {
	b, err := fileio.MarshalJSON(v)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Without removes keys from a document that is an object.
func Without(d Document, keys ...string) Document {
	if object, is := d.(map[string]any); is {
		for _, key := range keys {
			delete(object, key)
		}
	}
	return d
}

// absent is the value of a key that an object does not have. It differs from every
// value that a document can have, null included.
type absent struct{}

// First finds the first value, by the order of keys, that is in one document and not
// in the other, or that differs; nil if there is none.
func First(path string, recorded, found Document) *Difference {
	switch r := recorded.(type) {
	case map[string]any:
		if f, is := found.(map[string]any); is {
			return firstInObject(path, r, f)
		}
	case []any:
		if f, is := found.([]any); is && len(r) == len(f) {
			return firstInArray(path, r, f)
		}
	}
	was, is := words(recorded), words(found)
	if was == is && same(recorded, found) {
		return nil
	}
	return &Difference{Figure: path, Recorded: was, Found: is}
}

// same tells apart values that have the same words: a key with null and no key, the
// string "1" and the number 1.
func same(a, b Document) bool { return fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) }

func firstInObject(path string, recorded, found map[string]any) *Difference {
	keys := maps.Clone(recorded)
	maps.Copy(keys, found)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if d := First(strings.TrimPrefix(path+"."+key, "."), at(recorded, key), at(found, key)); d != nil {
			return d
		}
	}
	return nil
}

func at(object map[string]any, key string) Document {
	if value, has := object[key]; has {
		return value
	}
	return absent{}
}

func firstInArray(path string, recorded, found []any) *Difference {
	for i := range recorded {
		if d := First(fmt.Sprintf("%s[%d]", path, i), recorded[i], found[i]); d != nil {
			return d
		}
	}
	return nil
}

// words is a JSON value in one line.
func words(value Document) string {
	switch v := value.(type) {
	case absent:
		return Nothing
	case nil:
		return "null"
	case string:
		return v
	}
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
