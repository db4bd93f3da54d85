package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Document is a JSON value in which numbers are kept as they are written.
type Document = any

// maxDocument is the length of the longest document, as of an evaluation.
const maxDocument = 48 << 20

// Read reads the document at path.
func Read(path string) (Document, error) {
	b, err := fileio.ReadFile(path, maxDocument)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Parse reads a document strictly.
func Parse(b []byte) (Document, error) {
	var value Document
	if err := fileio.DecodeJSON(b, &value, fileio.Form{}); err != nil { // keys that come twice, above all
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err := d.Decode(&value)
	return value, err
}

// Of is v as it would be written.
func Of(v any) (Document, error) {
	b, err := fileio.MarshalJSON(v)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// OfIdentity is the identity of a record as it would be written.
func OfIdentity(record *rundir.Record) (Document, error) {
	b, err := fileio.MarshalJSONAs(&record.Identity, record.Schema)
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

// Rounded is a recorded document with the texts of found where the two are the same
// numbers in float32: programs that wrote schema 1 recorded more digits than were used.
func Rounded(recorded, found Document) Document {
	switch r := recorded.(type) {
	case string:
		if f, ok := found.(string); ok && config.SameInFloat32(r, f) {
			return f
		}
	case map[string]any:
		f, _ := found.(map[string]any)
		for key, value := range r {
			r[key] = Rounded(value, f[key])
		}
	}
	return recorded
}

// Between finds the first value that differs between what a file has and what was found, both
// as they would be written. It returns a [Difference] with the file, the figure below path, and
// the cause; nil if there is none.
func Between(file, path, cause string, recorded, found any) error {
	was, err := Of(recorded)
	if err != nil {
		return err
	}
	is, err := Of(found)
	if err != nil {
		return err
	}
	d := First(path, was, is)
	if d == nil {
		return nil
	}
	d.File, d.Cause = file, cause
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
