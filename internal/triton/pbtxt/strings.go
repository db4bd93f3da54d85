package pbtxt

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// simpleEscapes are the characters that stand for another after a backslash.
var simpleEscapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unquote returns the bytes that a string of the text stands for. The lexer has checked
// its quotes and escapes.
func unquote(quoted string) string {
	s := quoted[1 : len(quoted)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case '0' <= c && c <= '7':
			n := run(s[i:], 3, func(c byte) bool { return '0' <= c && c <= '7' })
			v, _ := strconv.ParseUint(s[i:i+n], 8, 16)
			b.WriteByte(byte(v))
			i += n - 1
		case c == 'x' || c == 'X':
			n := run(s[i+1:], 2, isHex)
			v, _ := strconv.ParseUint(s[i+1:i+1+n], 16, 8)
			b.WriteByte(byte(v))
			i += n
		case c == 'u' || c == 'U':
			n := map[byte]int{'u': 4, 'U': 8}[c]
			v, _ := strconv.ParseUint(s[i+1:i+1+n], 16, 32)
			b.WriteString(point(v))
			i += n
		default:
			if simple, is := simpleEscapes[c]; is {
				c = simple
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

// run counts the first characters of s, most at most, of which all are so.
func run(s string, most int, so func(byte) bool) int {
	n := 0
	for n < len(s) && n < most && so(s[n]) {
		n++
	}
	return n
}

func point(v uint64) string {
	if v > utf8.MaxRune {
		return string(utf8.RuneError)
	}
	return string(rune(v))
}
