package fileio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// walker goes through the text of a document, which is valid JSON, and compares it with
// shapes.
type walker struct {
	text       []byte
	at         int
	schema     int
	open       bool // keys that the type does not have are passed over
	valuesLeft int
	path       []step
}

// step is a key, or an index where there is none.
type step struct {
	key   string
	index int // -1 for a key
}

// maxDepth is how many objects and arrays may be inside each other.
const maxDepth = 32

// fail is an error that says where.
func (w *walker) fail(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if len(w.path) == 0 {
		return fmt.Errorf("%s", message)
	}
	return fmt.Errorf("%s: %s", pathText(w.path), message)
}

// pathText is a path such as identity.datasets[2].options.
func pathText(path []step) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		b.WriteString(keyText(s.key))
	}
	return b.String()
}

// keyText is a key as it is shown: quoted if it has other characters than ours have.
func keyText(key string) string {
	plain := key != "" && len(key) <= 60
	for _, c := range key {
		plain = plain && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("_-/.", c))
	}
	if plain {
		return key
	}
	return fmt.Sprintf("%.60q", key)
}

// next passes over spaces and gives the byte that follows.
func (w *walker) next() byte {
	for w.at < len(w.text) {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\n', '\r':
			w.at++
		default:
			return c
		}
	}
	return 0
}

// value passes over one value and refuses what the shape does not take.
func (w *walker) value(s *shape) error {
	w.valuesLeft--
	c := w.next()
	switch {
	case s.err != nil:
		return w.fail("%v", s.err)
	case w.valuesLeft < 0:
		return w.fail("the document has more values than one of this kind may have")
	case len(w.path) >= maxDepth && (c == '{' || c == '['):
		return fmt.Errorf("objects and arrays are more than %d deep in each other", maxDepth)
	case c == 'n' && !s.nullable:
		return w.fail("it is null, want %s", s.kind)
	case c == 'n':
		w.at += len("null")
		return nil
	case s.kind != anyShape && !s.takes(c):
		return w.fail("it is %s, want %s", kindOf(c), s.kind)
	}
	switch c {
	case '{':
		return w.object(s)
	case '[':
		return w.array(s)
	case '"':
		_, err := w.quoted()
		return err
	}
	return w.scalar(s)
}

// takes says whether a value that begins with c can be of the shape.
func (s *shape) takes(c byte) bool {
	kind := kindOf(c)
	return s.kind == kind || s.kind == mapShape && kind == objectShape
}

// kindOf is the kind of a value that begins with c and is not null.
func kindOf(c byte) shapeKind {
	switch c {
	case '{':
		return objectShape
	case '[':
		return arrayShape
	case '"':
		return textShape
	case 't', 'f':
		return boolShape
	}
	return numberShape
}

// scalar passes over a number, true or false.
func (w *walker) scalar(s *shape) error {
	n := bytes.IndexAny(w.text[w.at:], ",]} \t\n\r")
	if n < 0 {
		n = len(w.text) - w.at
	}
	if text := w.text[w.at : w.at+n]; s.whole && bytes.ContainsAny(text, ".eE") {
		return w.fail("%.30s is no whole number", text)
	}
	w.at += n
	return nil
}

// array passes over an array.
func (w *walker) array(s *shape) error {
	element := anything
	if s.element != nil {
		element = shapeOf(s.element)
	}
	w.at++
	w.path = append(w.path, step{index: 0})
	for {
		switch w.next() {
		case ']':
			w.at++
			n := w.path[len(w.path)-1].index
			w.path = w.path[:len(w.path)-1]
			if s.kind == arrayShape && s.length >= 0 && n != s.length {
				return w.fail("it has %d values, want %d", n, s.length)
			}
			return nil
		case ',':
			w.at++
		}
		if err := w.value(element); err != nil {
			return err
		}
		w.path[len(w.path)-1].index++
	}
}

// object passes over an object.
func (w *walker) object(s *shape) error {
	if s.kind != objectShape {
		member := anything
		if s.element != nil {
			member = shapeOf(s.element)
		}
		return w.members(func(string) error { return w.value(member) })
	}
	seen := make(map[string]bool, len(s.fields))
	err := w.members(func(key string) error {
		f := s.byName[key]
		if f == nil || !f.in(w.schema) {
			return w.unknown(s, key)
		}
		seen[key] = true
		if f.optional && w.next() == 'n' && !w.open {
			return w.fail("it is null, want no key where there is no value")
		}
		return w.value(shapeOf(f.typ))
	})
	if err != nil {
		return err
	}
	for i := range s.fields {
		f := &s.fields[i]
		if f.in(w.schema) && !f.optional && !seen[f.name] {
			w.path = append(w.path, step{f.name, -1})
			return w.fail("the key is missing")
		}
	}
	return nil
}

// unknown is the error of a key that the shape does not have; in an open document, the
// key and its value are passed over.
func (w *walker) unknown(s *shape, key string) error {
	for i := range s.fields {
		f := &s.fields[i]
		switch {
		case !strings.EqualFold(f.name, key):
		case f.name != key:
			return w.fail("the key is unknown, want it written %s", f.name)
		default:
			return w.fail("the key is unknown in a file of schema %d", w.schema)
		}
	}
	if w.open {
		return w.value(anything)
	}
	return w.fail("the key is unknown%s", s.wanted(w.schema))
}

// maxNamed is the most keys that a message lists.
const maxNamed = 24

// wanted are the keys that an object may have, for the end of a message; none where they are too many to be read.
func (s *shape) wanted(schema int) string {
	var names []string
	for _, f := range s.fields {
		if f.in(schema) {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 || len(names) > maxNamed {
		return ""
	}
	return ", want one of " + strings.Join(names, ", ")
}

// members passes over an object and calls member at each value, with the key.
func (w *walker) members(member func(key string) error) error {
	w.at++
	seen := map[string]bool{}
	for {
		switch w.next() {
		case '}':
			w.at++
			return nil
		case ',':
			w.at++
			w.next()
		}
		key, err := w.quoted()
		if err != nil {
			return err
		}
		w.path = append(w.path, step{key, -1})
		if seen[key] {
			return w.fail("the key comes twice")
		}
		seen[key] = true
		w.next()
		w.at++ // the colon
		if err := member(key); err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
	}
}

// quoted passes over a string and gives what it says.
func (w *walker) quoted() (string, error) {
	from, escaped := w.at+1, false
	w.at++
	for ; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	raw := w.text[from:w.at]
	w.at++
	if !utf8.Valid(raw) {
		return "", w.fail("a string is not UTF-8")
	}
	if !escaped {
		return string(raw), nil
	}
	if !pairedSurrogates(raw) {
		return "", w.fail("a string has half of a surrogate pair")
	}
	var text string
	err := json.Unmarshal(w.text[from-1:w.at], &text)
	return text, err
}

// pairedSurrogates says whether each escape of a high surrogate in the inside of a string
// is followed by one of a low surrogate, and there are no other ones.
func pairedSurrogates(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		unit := escapedUnit(raw[i:])
		switch {
		case unit < 0: // another escape
			i++
			continue
		case unit >= 0xDC00 && unit < 0xE000:
			return false
		case unit >= 0xD800 && unit < 0xDC00:
			if low := escapedUnit(raw[i+6:]); low < 0xDC00 || low >= 0xE000 {
				return false
			}
			i += 6
		}
		i += 5
	}
	return true
}

// escapedUnit is the UTF-16 unit of the escape \uXXXX that raw begins with, -1 if it
// begins with none.
func escapedUnit(raw []byte) int {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
