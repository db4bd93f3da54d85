// Package lazyjson reads JSON texts without building a tree: a text is checked once as a whole,
// and its values are then slices of it. An array of a million numbers costs no allocation.
package lazyjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// What no honest request has: arrays and objects so deep inside each other, and objects of so
// many members, which would take more memory than their text.
const (
	maxDepth   = 100
	maxMembers = 1000
)

// syntaxError is what is wrong with a JSON text, and at which byte.
type syntaxError struct {
	what string
	at   int
}

// Error implements error. The words are those of RapidJSON, which Triton answers with.
func (e *syntaxError) Error() string { return fmt.Sprintf("%s at %d", e.what, e.at) }

const (
	invalidValue = "Invalid value."
	noQuote      = "Missing a closing quotation mark in string."
	badEscape    = "Invalid escape character in string."
	noName       = "Missing a name for object member."
	noColon      = "Missing a colon after a name of object member."
	noCommaBrace = "Missing a comma or } after an object member."
	noCommaArray = "Missing a comma or ] after an array element."
	moreValues   = "The document root must not be followed by other values."
	tooDeep      = "Arrays or objects are nested too deeply."
	tooMany      = "An object has too many members."
)

// Value is the text of one value of a JSON text that Parse found to be well formed,
// without space around it.
type Value []byte

// Parse checks the syntax of a JSON text and returns its value.
func Parse(b []byte) (Value, error) {
	s := scanner{b: b}
	s.space()
	if s.at == len(b) {
		return nil, &syntaxError{"The document is empty.", s.at}
	}
	start := s.at
	if err := s.value(0); err != nil {
		return nil, err
	}
	end := s.at
	if s.space(); s.at < len(b) {
		return nil, &syntaxError{moreValues, s.at}
	}
	return Value(b[start:end]), nil
}

// scanner checks syntax from byte at on.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) fail(what string) error { return &syntaxError{what, s.at} }

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

func (s *scanner) space() { s.at = skipSpace(s.b, s.at) }

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\t') {
		at++
	}
	return at
}

func (s *scanner) value(depth int) error {
	if depth > maxDepth {
		return s.fail(tooDeep)
	}
	switch s.peek() {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) word(word string) error {
	for i := range len(word) {
		if s.peek() != word[i] {
			return s.fail(invalidValue)
		}
		s.at++
	}
	return nil
}

func (s *scanner) number() error {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	switch {
	case s.peek() == '0':
		s.at++
	case !s.digits():
		s.at = start
		return s.fail(invalidValue)
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return s.fail("Miss fraction part in number.")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return s.fail("Miss exponent in number.")
		}
	}
	return nil
}

// digits goes over digits and says whether there is one.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.b) && isDigit(s.b[s.at]) {
		s.at++
	}
	return s.at > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) text() error {
	for s.at++; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.fail(badEscape)
		case c == '\\':
			if s.at++; bytes.IndexByte([]byte(`"\/bfnrtu`), s.peek()) < 0 {
				s.at--
				return s.fail(badEscape)
			}
			if s.peek() == 'u' && !s.hex() {
				return s.fail("Incorrect hex digit after \\u escape in string.")
			}
		}
	}
	return s.fail(noQuote)
}

// hex goes over the four digits after \u, to the last of them.
func (s *scanner) hex() bool {
	for range 4 {
		s.at++
		if c := s.peek() | 0x20; !isDigit(s.peek()) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (s *scanner) array(depth int) error {
	s.at++
	if s.space(); s.peek() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ']':
			s.at++
			return nil
		case ',':
			s.at++
			s.space()
		default:
			return s.fail(noCommaArray)
		}
	}
}

func (s *scanner) object(depth int) error {
	s.at++
	if s.space(); s.peek() == '}' {
		s.at++
		return nil
	}
	for range maxMembers {
		if err := s.member(depth); err != nil {
			return err
		}
		switch s.peek() {
		case '}':
			s.at++
			return nil
		case ',':
			s.at++
			s.space()
		default:
			return s.fail(noCommaBrace)
		}
	}
	return s.fail(tooMany)
}

func (s *scanner) member(depth int) error {
	if s.peek() != '"' {
		return s.fail(noName)
	}
	if err := s.text(); err != nil {
		return err
	}
	if s.space(); s.peek() != ':' {
		return s.fail(noColon)
	}
	s.at++
	s.space()
	if err := s.value(depth + 1); err != nil {
		return err
	}
	s.space()
	return nil
}

// What follows reads values that are well formed.

// End is the byte after the value that begins at byte at.
func End(b []byte, at int) int {
	depth := 0
	for ; at < len(b); at++ {
		switch b[at] {
		case '"':
			at = endOfText(b, at) - 1
		case '[', '{':
			depth++
			continue
		case ']', '}':
			if depth == 0 {
				return at
			}
			depth--
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}

func endOfText(b []byte, at int) int {
	for at++; at < len(b) && b[at] != '"'; at++ {
		if b[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// IsObject says whether the value is an object.
func (v Value) IsObject() bool { return len(v) > 0 && v[0] == '{' }

// IsArray says whether the value is an array.
func (v Value) IsArray() bool { return len(v) > 0 && v[0] == '[' }

// IsText says whether the value is a string.
func (v Value) IsText() bool { return len(v) > 0 && v[0] == '"' }

// Text is the string that a value is.
func (v Value) Text() string {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	_ = json.Unmarshal(v, &s) // the syntax is known to be right
	return s
}

// Elements are those of an array; of anything else there are none.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if !v.IsArray() {
			return
		}
		for at := skipSpace(v, 1); at < len(v)-1; {
			stop := End(v, at)
			if !yield(v[at:stop]) {
				return
			}
			at = skipSpace(v, stop)
			if at < len(v)-1 { // the comma
				at = skipSpace(v, at+1)
			}
		}
	}
}

// Member is a member of an object.
type Member struct {
	Name string
	Of   Value
}

// Object are the members of an object.
type Object []Member

// Members are those of an object; of anything else there are none.
func (v Value) Members() Object {
	if !v.IsObject() {
		return nil
	}
	var all Object
	for at := skipSpace(v, 1); at < len(v)-1; {
		stop := endOfText(v, at)
		name := v[at:stop].Text()
		at = skipSpace(v, skipSpace(v, stop)+1) // after the colon
		stop = End(v, at)
		all = append(all, Member{name, v[at:stop]})
		at = skipSpace(v, stop)
		if at < len(v)-1 { // the comma
			at = skipSpace(v, at+1)
		}
	}
	return all
}

// Find is the first member of that name; nil where there is none.
func (o Object) Find(name string) Value {
	for _, m := range o {
		if m.Name == name {
			return m.Of
		}
	}
	return nil
}
