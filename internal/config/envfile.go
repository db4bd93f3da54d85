package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// maxEnvFile bounds the size of an env file in bytes.
const maxEnvFile = 64 << 10

// ReadEnvFile reads a file of NAME=value lines in the dotenv format and keeps the
// names that begin with Prefix, in any case; a name set twice has its last value.
// The error of a file that does not exist is fs.ErrNotExist; any other names the
// file and the line.
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
	if info.Size() > maxEnvFile {
		return nil, Usagef("env file %s has %d bytes: want at most %d", path, info.Size(), maxEnvFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &UsageError{Err: fmt.Errorf("cannot read env file: %w", err)}
	}
	return b, nil
}

// parseEnv finds out what godotenv does not say: the line of each name and of each
// mistake. For that it hands godotenv one statement after the other, where a
// statement is as few lines as godotenv accepts, since a quoted value may span
// several.
func parseEnv(path string, b []byte) (Source, error) {
	text := strings.TrimPrefix(string(b), "\ufeff") // some editors write a byte order mark
	text += "\n"                                    // godotenv takes "NAME" at the very end for a value
	lines := strings.SplitAfter(text, "\n")
	places := map[string]string{}
	for i := 0; i < len(lines); {
		n, keys, err := firstStatement(lines[i:])
		place := fmt.Sprintf("%s:%d", path, i+1)
		if err == nil {
			err = checkReferences(strings.Join(lines[i:i+n], ""), keys, places)
		}
		if err != nil {
			return nil, Usagef("%s: %w", place, err)
		}
		for _, key := range keys {
			places[key] = place
		}
		i += n
	}
	values, err := godotenv.Unmarshal(text)
	if err != nil {
		return nil, Usagef("%s: not an env file: %w", path, err)
	}
	return ours(values, places), nil
}

// ours keeps the values whose name begins with Prefix.
func ours(values, places map[string]string) Source {
	source := Source{}
	for key, value := range values {
		if isOurs(key) {
			source[key] = Text{value, places[key]}
		}
	}
	return source
}

func isOurs(key string) bool { return strings.HasPrefix(strings.ToUpper(key), Prefix) }

var errUnclosed = errors.New("a quoted value is not closed")

// firstStatement returns how many of the lines the first statement has and the
// names that it sets, none where the line is empty or a comment.
func firstStatement(lines []string) (n int, keys []string, err error) {
	for n = 1; n <= len(lines); n++ {
		keys, err = statementKeys(strings.Join(lines[:n], ""))
		if !errors.Is(err, errUnclosed) {
			return n, keys, err
		}
	}
	return n, nil, err
}

func statementKeys(statement string) ([]string, error) {
	values, err := godotenv.Unmarshal(statement)
	_, nameless := values[""]
	switch {
	case err != nil && strings.HasPrefix(err.Error(), "unterminated quoted value"):
		return nil, errUnclosed
	case err != nil || nameless:
		return nil, fmt.Errorf("want NAME=value, found %q", shorten(statement))
	}
	return slices.Sorted(maps.Keys(values)), nil
}

var reference = regexp.MustCompile(`\$\{?(_*[A-Z0-9][A-Z0-9_]*)`)

// checkReferences refuses a reference in one of our values to a name that is not
// set above it. godotenv would replace it by nothing, and $HOME/data would
// silently be /data. Whether the text is a reference, and not quoted or a
// comment, shows in whether setting the name makes a difference.
func checkReferences(statement string, keys []string, above map[string]string) error {
	if !slices.ContainsFunc(keys, isOurs) {
		return nil
	}
	for _, match := range reference.FindAllStringSubmatch(statement, -1) {
		name := match[1]
		if _, set := above[name]; set {
			continue
		}
		unset, _ := godotenv.Unmarshal(statement)
		set, _ := godotenv.Unmarshal(name + "=x\n" + statement)
		for _, key := range keys {
			if unset[key] != set[key] {
				return fmt.Errorf("$%s is not set above in this file (only such names are replaced; write \\$ for a dollar sign)", name)
			}
		}
	}
	return nil
}

// shorten is the first line of s, or its beginning, for an error.
func shorten(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if runes := []rune(line); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return line
}
