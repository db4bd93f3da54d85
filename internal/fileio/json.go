package fileio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
)

// Form says which JSON documents are read as one kind of file.
type Form struct {
	// MaxBytes is the length of the longest document. It also bounds the number of values
	// to a sixth of it, since a short value takes more memory than text.
	MaxBytes int64
	// Schemas are the numbers that the document's first key, "schema", may have. None: a
	// document of this kind has no schema.
	Schemas []int
	// Open documents are answers of somebody else's server, which may have keys that the
	// type does not have. They are passed over, unless they are a key of the type in other
	// letters. A key that may be missing may be null there.
	Open bool
}

// UpTo are the schemas from 1 to the newest one.
func UpTo(newest int) []int {
	var schemas []int
	for n := 1; n <= newest; n++ {
		schemas = append(schemas, n)
	}
	return schemas
}

// ReadJSON decodes the file at path into v, which must be a pointer, as [DecodeJSON] does.
// It refuses what is not a regular file and what is longer than form allows. Errors name the
// file and the key.
func ReadJSON(path string, v any, form Form) error {
	b, err := ReadFile(path, form.MaxBytes)
	if err != nil {
		return err
	}
	if err := DecodeJSON(b, v, form); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// DecodeJSON decodes a document into v, which must be a pointer, and refuses whatever
// encoding/json takes without a word: keys that come twice at any depth, that are written
// in other letters, that v does not have or that are missing; null for a value that
// cannot be absent; arrays of another length; text that is not Unicode; deep nesting;
// data behind the document.
//
// A key may be missing if its field is marked omitempty, and is then never null. A field with the tag schema:"2"
// is known from schema 2 of the document on, one with schema:"-1" up to schema 1. A type
// with an UnmarshalJSON of its own must be [Strict].
func DecodeJSON(b []byte, v any, form Form) error {
	if form.MaxBytes > 0 && int64(len(b)) > form.MaxBytes {
		return fmt.Errorf("it has %d bytes, want at most %d", len(b), form.MaxBytes)
	}
	if err := checkSyntax(b); err != nil {
		return err
	}
	w := walker{text: b, valuesLeft: len(b), open: form.Open}
	if form.MaxBytes > 0 {
		w.valuesLeft = int(form.MaxBytes / bytesPerValue)
	}
	if len(form.Schemas) > 0 {
		schema, err := schemaOf(b, form.Schemas)
		if err != nil {
			return err
		}
		w.schema = schema
	}
	if err := w.value(shapeOf(reflect.TypeOf(v))); err != nil {
		return err
	}
	return plainError(json.Unmarshal(b, v))
}

// Strict marks a type whose UnmarshalJSON refuses all that [DecodeJSON] refuses, by
// calling it for the form that the type has. Keys that come twice and text that is not
// Unicode are refused before UnmarshalJSON is called.
type Strict interface {
	json.Unmarshaler
	StrictJSON()
}

// bytesPerValue is how many bytes of a long document a value takes at least.
const bytesPerValue = 6

// checkSyntax refuses what is not one JSON value.
func checkSyntax(b []byte) error {
	if json.Valid(b) {
		return nil
	}
	if bytes.HasPrefix(b, []byte("\ufeff")) {
		return errors.New("not the JSON expected here: it begins with a byte order mark, want UTF-8 without one")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	var value json.RawMessage
	switch err := d.Decode(&value); {
	case errors.Is(err, io.EOF):
		return errors.New("not the JSON expected here: it is empty")
	case err != nil:
		return fmt.Errorf("not the JSON expected here: %w", err)
	}
	return errors.New("data after the end of the JSON value")
}

// schemaOf reads the schema of a document, which must be one of those wanted.
func schemaOf(b []byte, wanted []int) (int, error) {
	text, err := TopKey(b, "schema")
	if err != nil {
		return 0, err
	}
	for _, schema := range wanted {
		if string(text) == fmt.Sprint(schema) {
			return schema, nil
		}
	}
	return 0, fmt.Errorf("schema is %.20s, this program reads %s", text, anyOf(wanted))
}

func anyOf(numbers []int) string {
	text := fmt.Sprint(numbers[0])
	for _, n := range numbers[1:] {
		text += " or " + fmt.Sprint(n)
	}
	return text
}

// ErrMissingKey says that a document does not have a key.
var ErrMissingKey = errors.New("the key is missing")

// TopKey returns the text of the value that a document, which must be an object, has at
// a key. A key that comes twice is an error,
// and so is one that is missing, [ErrMissingKey].
func TopKey(b []byte, key string) ([]byte, error) {
	if err := checkSyntax(b); err != nil {
		return nil, err
	}
	w, found := walker{text: b, valuesLeft: len(b)}, []byte(nil)
	if c := w.next(); c != '{' {
		return nil, errors.New("it is no JSON object")
	}
	err := w.members(func(name string) error {
		w.next()
		from := w.at
		err := w.value(anything)
		if name == key {
			found = b[from:w.at]
		}
		return err
	})
	if err == nil && found == nil {
		err = fmt.Errorf("%s: %w", key, ErrMissingKey)
	}
	return slices.Clone(found), err
}

// plainError says in words which value does not fit.
func plainError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("%s: %.60s does not fit, want %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return err
}
