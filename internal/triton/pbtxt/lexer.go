package pbtxt

import (
	"fmt"
	"strings"
)

// kind is what a token is.
type kind int

const (
	tokenEnd kind = iota
	tokenIdentifier
	tokenInteger
	tokenFloat
	tokenString
	tokenSymbol
)

// token is a piece of the text. Of a string, text has the quotes and escapes as written.
type token struct {
	kind         kind
	text         string
	line, column int // from 0
}

// tabWidth is the width by which protobuf's tokenizer counts columns.
const tabWidth = 8

// lexer cuts text into tokens by the rules of protobuf's io::Tokenizer, with comments
// that begin with '#'.
type lexer struct {
	text         string
	at           int
	line, column int // of the character at
}

func (l *lexer) peek(ahead int) byte {
	if l.at+ahead < len(l.text) {
		return l.text[l.at+ahead]
	}
	return 0
}

func (l *lexer) atEnd() bool { return l.at >= len(l.text) }

func (l *lexer) step() {
	switch l.text[l.at] {
	case '\n':
		l.line, l.column = l.line+1, 0
	case '\t':
		l.column += tabWidth - l.column%tabWidth
	default:
		l.column++
	}
	l.at++
}

func (l *lexer) fail(format string, args ...any) error {
	return &Error{Line: l.line + 1, Column: l.column + 1, Text: fmt.Sprintf(format, args...)}
}

func isSpace(c byte) bool  { return strings.IndexByte(" \n\t\r\v\f", c) >= 0 }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }
func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// skip passes over white space and comments.
func (l *lexer) skip() {
	for !l.atEnd() {
		switch {
		case isSpace(l.peek(0)):
			l.step()
		case l.peek(0) == '#':
			for !l.atEnd() && l.peek(0) != '\n' {
				l.step()
			}
		default:
			return
		}
	}
}

// next returns the next token.
func (l *lexer) next() (token, error) {
	l.skip()
	t := token{line: l.line, column: l.column}
	if l.atEnd() {
		return t, nil
	}
	begin, c := l.at, l.peek(0)
	var err error
	switch {
	case c < ' ' || c == 0x7f:
		return t, l.fail("Invalid control characters encountered in text.")
	case c >= 0x80:
		return t, l.fail("Interpreting non ascii codepoint %d.", c)
	case isLetter(c):
		t.kind = tokenIdentifier
		for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
			l.step()
		}
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		t.kind, err = l.number()
	case c == '"' || c == '\'':
		t.kind = tokenString
		err = l.quoted(c)
	default:
		t.kind = tokenSymbol
		l.step()
	}
	t.text = l.text[begin:l.at]
	return t, err
}

// number passes over a number, of which the sign is no part.
func (l *lexer) number() (kind, error) {
	found := tokenInteger
	switch {
	case l.peek(0) == '0' && (l.peek(1) == 'x' || l.peek(1) == 'X'):
		l.step()
		l.step()
		if !isHex(l.peek(0)) {
			return found, l.fail("\"0x\" must be followed by hex digits.")
		}
		l.while(isHex)
	case l.peek(0) == '0' && isDigit(l.peek(1)):
		l.step()
		l.while(func(c byte) bool { return '0' <= c && c <= '7' })
		if isDigit(l.peek(0)) {
			return found, l.fail("Numbers starting with leading zero must be in octal.")
		}
	default:
		var err error
		if found, err = l.decimal(); err != nil {
			return found, err
		}
	}
	switch c := l.peek(0); {
	case isLetter(c):
		return found, l.fail("Need space between number and identifier.")
	case c == '.' && found == tokenFloat:
		return found, l.fail("Already saw decimal point or exponent; can't have another one.")
	case c == '.':
		return found, l.fail("Hex and octal numbers must be integers.")
	}
	return found, nil
}

func (l *lexer) while(is func(byte) bool) {
	for is(l.peek(0)) {
		l.step()
	}
}

// decimal passes over a decimal number with its fraction, exponent and suffix 'f'.
func (l *lexer) decimal() (kind, error) {
	found := tokenInteger
	l.while(isDigit)
	if l.peek(0) == '.' {
		found = tokenFloat
		l.step()
		l.while(isDigit)
	}
	if c := l.peek(0); c == 'e' || c == 'E' {
		found = tokenFloat
		l.step()
		if c := l.peek(0); c == '+' || c == '-' {
			l.step()
		}
		if !isDigit(l.peek(0)) {
			return found, l.fail("\"e\" must be followed by exponent.")
		}
		l.while(isDigit)
	}
	if c := l.peek(0); c == 'f' || c == 'F' {
		found = tokenFloat
		l.step()
	}
	return found, nil
}

// quoted passes over a string and checks its escapes.
func (l *lexer) quoted(quote byte) error {
	l.step()
	for {
		switch c := l.peek(0); {
		case l.atEnd():
			return l.fail("Unexpected end of string.")
		case c == '\n':
			return l.fail("String literals cannot cross line boundaries.")
		case c == quote:
			l.step()
			return nil
		case c == '\\':
			l.step()
			if err := l.escape(); err != nil {
				return err
			}
		default:
			l.step()
		}
	}
}

// escape passes over what follows a backslash.
func (l *lexer) escape() error {
	c := l.peek(0)
	digits, what := 0, ""
	switch {
	case !l.atEnd() && strings.IndexByte("abfnrtv\\?'\"", c) >= 0, '0' <= c && c <= '7':
	case c == 'x' || c == 'X':
		digits, what = 1, "Expected hex digits for escape sequence."
	case c == 'u':
		digits, what = 4, "Expected four hex digits for \\u escape sequence."
	case c == 'U':
		digits, what = 8, "Expected eight hex digits up to 10ffff for \\U escape sequence"
	default:
		return l.fail("Invalid escape sequence in string literal.")
	}
	l.step()
	for range digits {
		if !isHex(l.peek(0)) {
			return l.fail("%s", what)
		}
		l.step()
	}
	return nil
}
