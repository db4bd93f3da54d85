// Package pbtxt reads protobuf's text format into Go structs as protobuf's C++ parser
// does, which is the one in Triton, and reports mistakes in its words.
//
// It is not google.golang.org/protobuf/encoding/prototext: that refuses strings which
// are not UTF-8 and Triton takes them, its messages are others, and descriptors would
// have to be linked in for them.
//
// A message is a struct with a field of type Message whose tag has the full name. Every
// other field has the name in its tag, "name" or "name,oneof=NAME", and is one of
// string, bool, int32, int64, uint32, uint64, float32, float64, an Enum; a pointer to
// one of these, which is nil when it is not set; a pointer to a message; a slice of
// values or messages; a map whose keys are strings or uint64.
package pbtxt

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Message marks a struct as a message.
type Message struct{}

// Enum is an enumeration of the schema: an int32 that knows its names, by number from 0.
type Enum interface{ Names() []string }

// Error is a mistake in the text. Lines and columns count from 1.
type Error struct {
	Line, Column int
	Message      string // full name of the message that the text is of
	Text         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("Error parsing text-format %s: %d:%d: %s", e.Message, e.Line, e.Column, e.Text)
}

// schema is what the tags of a struct say.
type schema struct {
	name   string
	fields map[string]field
}

type field struct {
	index int
	name  string
	oneof string
	entry reflect.Type // of a map: the message that an entry of it is
}

var schemas sync.Map // reflect.Type -> *schema

func schemaOf(t reflect.Type) *schema {
	if known, is := schemas.Load(t); is {
		return known.(*schema)
	}
	s := &schema{fields: map[string]field{}}
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("pbtxt")
		if t.Field(i).Type == reflect.TypeFor[Message]() {
			s.name = tag
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		f := field{index: i, name: name, oneof: strings.TrimPrefix(rest, "oneof=")}
		if kind := t.Field(i).Type; kind.Kind() == reflect.Map {
			f.entry = entryType(kind, s.name+"."+camel(name)+"Entry")
		}
		s.fields[name] = f
	}
	schemas.Store(t, s)
	return s
}

// entryType is the message that an entry of a map is.
func entryType(t reflect.Type, name string) reflect.Type {
	return reflect.StructOf([]reflect.StructField{
		{Name: "Message", Type: reflect.TypeFor[Message](), Tag: reflect.StructTag(fmt.Sprintf(`pbtxt:"%s"`, name))},
		{Name: "Key", Type: t.Key(), Tag: `pbtxt:"key"`},
		{Name: "Value", Type: t.Elem(), Tag: `pbtxt:"value"`},
	})
}

// camel is the form of a field's name in that message's name: metric_tags is MetricTags.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// Unmarshal reads text into the message that into points to. The fields called as one of
// without are taken for unknown, in whatever message. The error of a mistake in the text
// is an *Error.
func Unmarshal(text string, into any, without ...string) error {
	v := reflect.ValueOf(into).Elem()
	p := &parser{lexer: lexer{text: text}, without: without}
	err := p.advance()
	if err == nil {
		err = p.message(v, "")
	}
	if mistake, is := err.(*Error); is { //nolint:errorlint // made here, never wrapped
		mistake.Message = schemaOf(v.Type()).name
	}
	return err
}
