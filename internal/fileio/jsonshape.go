package fileio

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shape is which JSON values a Go type takes.
type shape struct {
	kind     shapeKind
	nullable bool
	length   int          // of an array; -1 for a slice
	whole    bool         // the number must be an integer
	element  reflect.Type // of arrays, slices and maps
	fields   []shapeField // of structs, in their order
	byName   map[string]*shapeField
	err      error // why the type cannot be read
}

type shapeKind string

const (
	anyShape    shapeKind = "any value"
	objectShape shapeKind = "an object"
	mapShape    shapeKind = "an object of any keys"
	arrayShape  shapeKind = "an array"
	textShape   shapeKind = "a string"
	numberShape shapeKind = "a number"
	boolShape   shapeKind = "true or false"
)

// shapeField is one key of an object.
type shapeField struct {
	name     string
	typ      reflect.Type
	optional bool
	from, to int // the first and the last schema that has it
}

// allSchemas is above every schema.
const allSchemas = 1 << 30

// in says whether a document of that schema knows the key.
func (f *shapeField) in(schema int) bool { return f.from <= schema && schema <= f.to }

var (
	anything = &shape{kind: anyShape, nullable: true}
	shapes   sync.Map // of *shape, by reflect.Type

	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	strict          = reflect.TypeFor[Strict]()
)

// shapeOf is the shape of a type; what a pointer leads to may be null.
func shapeOf(t reflect.Type) *shape {
	if known, has := shapes.Load(t); has {
		return known.(*shape)
	}
	s := makeShape(t)
	shapes.Store(t, s)
	return s
}

func makeShape(t reflect.Type) *shape {
	switch p := reflect.PointerTo(t); {
	case t == nil, t == reflect.TypeFor[json.RawMessage]():
		return anything
	case t.Kind() == reflect.Pointer:
		s := *shapeOf(t.Elem())
		s.nullable = true
		return &s
	case t == reflect.TypeFor[time.Time]():
		return &shape{kind: textShape}
	case p.Implements(strict):
		return &shape{kind: anyShape}
	case p.Implements(unmarshaler):
		return &shape{err: fmt.Errorf("the type %s has a JSON form of its own, which nothing says to be strict", t)}
	case p.Implements(textUnmarshaler):
		return &shape{kind: textShape}
	}
	return plainShape(t)
}

func plainShape(t reflect.Type) *shape {
	switch k := t.Kind(); k {
	case reflect.Interface:
		return anything
	case reflect.Struct:
		return structShape(t)
	case reflect.Map:
		return &shape{kind: mapShape, element: t.Elem(), nullable: true}
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 { // which is written as a string
			return &shape{kind: arrayShape, element: t.Elem(), length: -1, nullable: true}
		}
	case reflect.Array:
		return &shape{kind: arrayShape, element: t.Elem(), length: t.Len()}
	case reflect.String:
		return &shape{kind: textShape}
	case reflect.Bool:
		return &shape{kind: boolShape}
	case reflect.Float32, reflect.Float64:
		return &shape{kind: numberShape}
	default:
		if reflect.Int <= k && k <= reflect.Uint64 {
			return &shape{kind: numberShape, whole: true}
		}
	}
	return &shape{err: fmt.Errorf("the type %s is not read from JSON", t)}
}

func structShape(t reflect.Type) *shape {
	s := &shape{kind: objectShape, byName: map[string]*shapeField{}}
	s.err = s.addFields(t)
	for i := range s.fields {
		f := &s.fields[i]
		if s.byName[f.name] != nil {
			s.err = fmt.Errorf("the type %s has the key %q twice", t, f.name)
		}
		s.byName[f.name] = f
	}
	return s
}

// addFields adds the keys of a struct and of those embedded in it.
func (s *shape) addFields(t reflect.Type) error {
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged, !f.IsExported(), tag == "-":
			continue // its own fields are visible too
		case f.Anonymous || !tagged || name == "":
			return fmt.Errorf("the field %s of %s has no name in JSON", f.Name, t)
		}
		field := shapeField{name: name, typ: f.Type, from: 0, to: allSchemas}
		field.optional = strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if err := field.setSchemas(f.Tag.Get("schema")); err != nil {
			return fmt.Errorf("the field %s of %s: %w", f.Name, t, err)
		}
		s.fields = append(s.fields, field)
	}
	return nil
}

// setSchemas reads the tag that says which schemas have the key: "2" is from 2 on, "-1"
// up to 1.
func (f *shapeField) setSchemas(tag string) error {
	if tag == "" {
		return nil
	}
	n, err := strconv.Atoi(tag)
	if err != nil || n == 0 {
		return fmt.Errorf("the tag schema %q is no schema", tag)
	}
	if f.from = n; n < 0 {
		f.from, f.to = 0, -n
	}
	return nil
}
