package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// lineWidth is the width that text is made for.
const lineWidth = 80

// wrap breaks text at spaces, and after commas of long words, into lines of at most
// width characters where that is possible.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, breakWord(line, width)...)
			line = word
		}
	}
	return append(lines, breakWord(line, width)...)
}

// breakWord breaks a line that is too long after commas.
func breakWord(line string, width int) []string {
	var lines []string
	for utf8.RuneCountInString(line) > width {
		cut := strings.LastIndex(line[:width], ",")
		if cut < 0 {
			break
		}
		lines = append(lines, line[:cut+1])
		line = line[cut+1:]
	}
	return append(lines, line)
}

// writeEntry writes text beside its head, in a column that begins at indent; a head
// that reaches into the column has a line of its own.
func writeEntry(w io.Writer, head string, indent int, text string) {
	lines := wrap(text, lineWidth-indent)
	if utf8.RuneCountInString(head) > indent-2 {
		fmt.Fprintln(w, head)
		head = ""
	}
	for _, line := range lines {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-*s%s", indent, head, line), " "))
		head = ""
	}
}
