package fileio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// MarshalJSON is the one form that every JSON file of the program has: two
// spaces, no HTML escapes, a final newline. A document has the keys of its schema alone.
func MarshalJSON(v any) ([]byte, error) {
	b, err := marshal(v)
	if err != nil || !bySchema(reflect.TypeOf(v), nil) {
		return b, err
	}
	text, err := TopKey(b, "schema")
	if err != nil {
		return nil, fmt.Errorf("a document whose keys depend on its schema: %w", err)
	}
	schema, err := strconv.Atoi(string(text))
	if err != nil {
		return nil, err
	}
	return prune(b, v, schema)
}

// MarshalJSONAs is [MarshalJSON] for a part of a document of the given schema.
func MarshalJSONAs(v any, schema int) ([]byte, error) {
	b, err := marshal(v)
	if err != nil || !bySchema(reflect.TypeOf(v), nil) {
		return b, err
	}
	return prune(b, v, schema)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// bySchema says whether some keys of a type are not in every schema. Above are the types
// that it is inside.
func bySchema(t reflect.Type, above []reflect.Type) bool {
	if t == nil {
		return false
	}
	for _, other := range above {
		if other == t {
			return false
		}
	}
	s := shapeOf(t)
	above = append(above, t)
	if s.element != nil && bySchema(s.element, above) {
		return true
	}
	for i := range s.fields {
		if f := &s.fields[i]; !f.in(0) || !f.in(allSchemas) || bySchema(f.typ, above) {
			return true
		}
	}
	return false
}

// prune leaves out the keys that the schema does not have.
func prune(b []byte, v any, schema int) ([]byte, error) {
	w := walker{text: b, valuesLeft: len(b), schema: schema}
	text, err := w.prune(shapeOf(reflect.TypeOf(v)))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// prune is the text of the value that follows, of the given shape, without the keys that
// the schema does not have.
func (w *walker) prune(s *shape) ([]byte, error) {
	c := w.next()
	switch {
	case s.err != nil:
		return nil, s.err
	case c == '{' && s.kind != anyShape:
		return w.pruneObject(s)
	case c == '[' && s.kind == arrayShape && bySchema(s.element, nil):
		return w.pruneArray(shapeOf(s.element))
	}
	from := w.at
	err := w.value(anything)
	return w.text[from:w.at], err
}

func (w *walker) pruneObject(s *shape) ([]byte, error) {
	var kept [][]byte
	err := w.members(func(key string) error {
		typ, keep := s.element, true
		if f := s.byName[key]; f != nil {
			typ, keep = f.typ, f.in(w.schema)
		} else if s.kind == objectShape {
			return errors.New(key + ": a key that the type does not have")
		}
		value, err := w.prune(shapeOf(typ))
		if err != nil || !keep {
			return err
		}
		name, err := marshal(key)
		kept = append(kept, append(append(bytes.TrimSpace(name), ':'), value...))
		return err
	})
	return append(append([]byte{'{'}, bytes.Join(kept, []byte{','})...), '}'), err
}

func (w *walker) pruneArray(element *shape) ([]byte, error) {
	var values [][]byte
	for w.at++; ; {
		switch w.next() {
		case ']':
			w.at++
			return append(append([]byte{'['}, bytes.Join(values, []byte{','})...), ']'), nil
		case ',':
			w.at++
		}
		value, err := w.prune(element)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
}
