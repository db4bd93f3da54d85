package config

import (
	"fmt"
	"os"
	"strings"
)

// maxEnvFile bounds the size of an env file in bytes.
const maxEnvFile = 64 << 10

// ReadEnvFile reads an env file and keeps the names that begin with Prefix, in any
// case. The error of a file that does not exist is fs.ErrNotExist; any other names the
// file and the line. A line of an env file is empty, a comment that begins with #, or
//
//	NAME=value
//
// with "export" before it or not. A name consists of letters, digits, _ and dots, and
// is set once. A value is one of
//
//	text to the end of the line, or to a " #" that begins a comment; \$ is a dollar sign
//	'text', which may span lines, and in which only \' is special: it ends nothing, and stays as it is
//	"text", which may span lines, with \n, \r, \\, \" and \$
//
// Outside single quotes, $NAME and ${NAME} are replaced by the value of a name that is
// set above in the same file. Lines end in LF or CRLF, a byte order mark is skipped, and
// other control characters than the tab are refused.
func ReadEnvFile(path string) (Source, error) {
	b, err := readSmallFile(path)
	if err != nil {
		return nil, err
	}
	return parseEnv(path, b)
}

// ParseEnv reads the text of an env file that comes with the program; origin is
// what Origins say of its values.
func ParseEnv(origin string, text []byte) (Source, error) {
	source, err := parseEnv(origin, text)
	for key, value := range source {
		source[key] = Text{value.Value, origin}
	}
	return source, err
}

func readSmallFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, Usagef("env file %s is not a regular file", path)
	}
	size := info.Size()
	var b []byte
	if size <= maxEnvFile {
		b, err = os.ReadFile(path)
		size = int64(len(b)) // the file may have grown
	}
	switch {
	case err != nil:
		return nil, &UsageError{Err: fmt.Errorf("cannot read env file: %w", err)}
	case size > maxEnvFile:
		return nil, Usagef("env file %s has %d bytes: want at most %d", path, size, maxEnvFile)
	}
	return b, nil
}

// parseEnv reads the text of an env file; path is for origins and errors.
func parseEnv(path string, b []byte) (Source, error) {
	p := newEnvParser(string(b))
	if line, found := control(p.rest); line > 0 {
		return nil, Usagef("%s:%d: want NAME=value, found the control character %U", path, line, found)
	}
	source := Source{}
	for p.rest != "" {
		place := fmt.Sprintf("%s:%d", path, p.line)
		name, err := p.statement()
		if err != nil {
			return nil, Usagef("%s: %w", place, err)
		}
		if isOurs(name) {
			source[name] = Text{p.set[name].value, place}
		}
	}
	return source, nil
}

func isOurs(key string) bool { return strings.HasPrefix(strings.ToUpper(key), Prefix) }
