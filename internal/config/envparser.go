package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// envParser reads the statements of an env file, whose format ReadEnvFile describes.
type envParser struct {
	rest string // that is not read yet
	line int    // where it begins, from 1
	set  map[string]envValue

	replaced int // bytes that references were replaced by
}

// envValue is what a name is set to.
type envValue struct {
	value string
	line  int
	err   error // why there is no value, in a line of another program
}

func newEnvParser(text string) *envParser {
	text = strings.TrimPrefix(text, "\ufeff") // some editors write a byte order mark
	return &envParser{rest: strings.ReplaceAll(text, "\r\n", "\n"), line: 1, set: map[string]envValue{}}
}

var (
	nothing    = regexp.MustCompile(`^[ \t]*(?:#.*)?$`)
	assignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.]+)[ \t]*=(.*)$`)
)

// statement reads a line, or as many as a quoted value spans, and returns the name that
// it sets: none where the line is empty or a comment.
func (p *envParser) statement() (name string, err error) {
	text := p.take()
	if nothing.MatchString(text) {
		return "", nil
	}
	match := assignment.FindStringSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("want NAME=value, found %q", shorten(text))
	}
	name = match[1]
	if before, twice := p.set[name]; twice {
		return "", fmt.Errorf("%s is set already in line %d; want each name once", name, before.line)
	}
	made := envValue{line: p.line - 1}
	value := strings.TrimLeft(match[2], " \t")
	if strings.HasPrefix(value, "'") || strings.HasPrefix(value, `"`) {
		made.value, err = p.quoted(value, text)
	} else {
		made.value, err = p.bare(match[2])
	}
	if mistake := (*valueError)(nil); errors.As(err, &mistake) && !isOurs(name) {
		made.err, err = err, nil // another program may read it otherwise
	}
	p.set[name] = made
	return name, err
}

// take removes the first line from the rest.
func (p *envParser) take() string {
	line, rest, _ := strings.Cut(p.rest, "\n")
	p.rest = rest
	p.line++
	return line
}

// control finds the first control character of text that is no tab and ends no line.
func control(text string) (line int, found rune) {
	line = 1
	for _, r := range text {
		switch {
		case r == '\n':
			line++
		case r != '\t' && unicode.IsControl(r):
			return line, r
		}
	}
	return 0, 0
}

// valueError is a mistake in a value that does not hide where the value ends.
type valueError struct{ text string }

func (e *valueError) Error() string { return e.text }

func valueErrorf(format string, args ...any) error {
	return &valueError{fmt.Sprintf(format, args...)}
}

var comment = regexp.MustCompile(`[ \t]#`)

// bare is the value of text without quotes. Older versions wrote " #" behind a value
// with a " #" of its own.
func (p *envParser) bare(text string) (string, error) {
	if marks := comment.FindAllStringIndex(text, -1); len(marks) > 0 {
		if len(marks) > 1 && !strings.HasSuffix(text, " #") {
			return "", valueErrorf(`" #" is there more than once; want one comment, or the value in quotes`)
		}
		text = text[:marks[len(marks)-1][0]]
	}
	return p.expand(strings.Trim(text, " \t"), "$")
}

// quoted is the value of text that begins with a quote. Where the quote is not closed
// in it, the lines below belong to the value.
func (p *envParser) quoted(text, statement string) (string, error) {
	quote := text[0]
	end := closing(text)
	for end < 0 && p.rest != "" {
		text += "\n" + p.take()
		end = closing(text)
	}
	switch {
	case end < 0:
		return "", fmt.Errorf("a quoted value is not closed; want a %c at its end", quote)
	case !nothing.MatchString(text[end+1:]):
		return "", fmt.Errorf("want NAME=value, found %q: after a quoted value there can be only a comment", shorten(statement))
	case quote == '\'':
		return text[1:end], nil
	}
	return p.expand(text[1:end], `nr\"$`)
}

// closing finds the quote that closes the one at the beginning of text, or -1.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return i
		case text[i] == '\\' && (text[0] == '"' || strings.HasPrefix(text[i+1:], "'")):
			i++
		}
	}
	return -1
}

var reference = regexp.MustCompile(`^\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})`)

// expand replaces references, and a backslash before one of the characters escaped.
// Where only dollar signs are escaped, any other backslash is itself.
func (p *envParser) expand(text, escaped string) (string, error) {
	var b strings.Builder
	for text != "" {
		switch {
		case text[0] == '\\' && len(text) > 1 && strings.IndexByte(escaped, text[1]) >= 0:
			b.WriteString(unescaped.Replace(text[:2]))
			text = text[2:]
		case text[0] == '\\' && escaped != "$":
			return "", valueErrorf(`%q in double quotes means nothing; want \n, \r, \\, \" or \$, or the value in single quotes`, text[:min(2, len(text))])
		case text[0] == '$':
			value, length, err := p.refer(text)
			if err != nil {
				return "", err
			}
			if p.replaced += len(value); p.replaced > maxEnvFile { // references to references double in length
				return "", valueErrorf("the values of names make the file longer by more than %d bytes; want shorter ones", maxEnvFile)
			}
			b.WriteString(value)
			text = text[length:]
		default:
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	return b.String(), nil
}

var unescaped = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\\`, `\`, `\"`, `"`, `\$`, `$`)

// refer returns the value of the reference at the beginning of text, and its length.
func (p *envParser) refer(text string) (value string, length int, err error) {
	match := reference.FindStringSubmatch(text)
	if match == nil {
		return "", 0, valueErrorf(`$ stands before no name; want $NAME, ${NAME}, or \$ for a dollar sign`)
	}
	name := match[1] + match[2]
	found, set := p.set[name]
	switch {
	case !set:
		return "", 0, valueErrorf(`$%s is not set above in this file; want a name that is (only such names are replaced), or \$ for a dollar sign`, name)
	case found.err != nil:
		return "", 0, valueErrorf("$%s has no value here: line %d: %v", name, found.line, found.err)
	}
	return found.value, len(match[0]), nil
}

// shorten is the first line of s, or its beginning, for an error.
func shorten(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if runes := []rune(line); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return line
}
