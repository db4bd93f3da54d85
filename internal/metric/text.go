package metric

import (
	"strconv"
	"strings"
	"unicode"
)

// Clip makes one line of at most width terminal columns of s, which may be any
// text that a user named a class or a file: control characters become spaces,
// and what is too long ends in an ellipsis.
func Clip(s string, width int) string {
	s = printable(s)
	if Columns(s) <= width {
		return s
	}
	var b strings.Builder
	used := 0
	for _, r := range s {
		if used+runeColumns(r) > width-1 {
			break
		}
		used += runeColumns(r)
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

// printable replaces what would move the cursor and invalid UTF-8, and drops the
// marks that change the direction of text and what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case r == '\u061c' || r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069', r&0xfffe == 0xfffe:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Columns is the width of s on a terminal.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is 0 for marks that combine with the letter before, 2 for the
// wide characters of East Asia and emoji, and 1 for the rest.
func runeColumns(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Cf, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// Percent writes a share with two digits after the point: 0.98765 is "98.77".
// Only 1 is "100.00": what rounds to it stays "99.99".
func Percent(share float64) string {
	if share < 1 && share > 0.9999 {
		return "99.99"
	}
	return strconv.FormatFloat(100*share, 'f', 2, 64)
}

// PercentOrDash is Percent, and a dash for what is undefined.
func PercentOrDash(share *float64) string {
	if share == nil {
		return "–"
	}
	return Percent(*share)
}

// Percent writes the interval as "97.22 to 99.91".
func (i Interval) Percent() string { return Percent(i.Low) + " to " + Percent(i.High) }

// Count writes a whole number with commas between the thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	digits := strings.TrimPrefix(s, "-")
	sign := s[:len(s)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
