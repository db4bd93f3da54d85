package logging

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	plain  = "\x1b[0m"
)

// outcomes are how tables, and lines of the program, say what something came to.
var outcomes = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^(decision  )(approved|forced|refused)($)`),
	regexp.MustCompile(`(?m)(  )(passed|FAILED)($)`),
	regexp.MustCompile(`(?m)^(blocktrain: |)(refused|verified in part|not verified|verified)(:)`),
}

// colors of outcomes.
var colors = map[string]string{
	"approved": green, "passed": green, "verified": green,
	"forced": yellow, "verified in part": yellow,
	"refused": red, "FAILED": red, "not verified": red,
}

// Colored says whether w is a terminal on which colours are wanted: NO_COLOR is what
// programs agree on for those that do not want any.
func Colored(w io.Writer) bool { return IsTerminal(w) && os.Getenv("NO_COLOR") == "" }

// Plain is a text whose characters do nothing to a terminal: what would move the cursor, change
// colours or turn the direction of text is written as Go writes it in strings. Names in files
// of other people may have such characters. Ends of lines and tabs stay.
func Plain(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029') {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Paint gives the outcomes in a text their colours: of decisions and of the criteria in
// their tables, of verifications, and of the message of a model that is refused.
func Paint(text string) string {
	for _, outcome := range outcomes {
		text = outcome.ReplaceAllStringFunc(text, func(found string) string {
			parts := outcome.FindStringSubmatch(found)
			return parts[1] + colors[parts[2]] + parts[2] + plain + parts[3]
		})
	}
	return text
}
