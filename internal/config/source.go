package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Prefix begins every environment variable and env-file key that is the
// program's.
const Prefix = "BLOCKTRAIN_"

// The origins of values that no file or variable gave.
const (
	OriginFlag    = "flag"
	OriginDefault = "default"
)

// Key is the environment variable, and the env-file key, of an option:
// "batch-size" has BLOCKTRAIN_BATCH_SIZE.
func Key(option string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

// Text is a value as it was written, and where.
type Text struct {
	Value  string
	Origin string // "flag", "environment BLOCKTRAIN_EPOCHS", ".env.local:3"
}

// Source is one place that values come from, by Key.
type Source map[string]Text

// Flags is the source of the options given on the command line, by option name.
func Flags(given map[string]string) Source {
	source := Source{}
	for name, value := range given {
		source[Key(name)] = Text{value, OriginFlag}
	}
	return source
}

// Environment is the source of the variables of environ, each "NAME=value", that
// begin with Prefix.
func Environment(environ []string) Source {
	source := Source{}
	for _, variable := range environ {
		key, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(key, Prefix) {
			source[key] = Text{value, "environment " + key}
		}
	}
	return source
}

// Only returns the part of the source that belongs to the options for which keep
// is true.
func (s Source) Only(options []*Option, keep func(*Option) bool) Source {
	part := Source{}
	for _, option := range options {
		if text, ok := s[Key(option.Name)]; ok && keep(option) {
			part[Key(option.Name)] = text
		}
	}
	return part
}

// Ambient is what surrounds a command: the process environment, and the env files
// of a folder.
type Ambient struct {
	Environ []string // of the process, each "NAME=value"
	Dir     string   // where .env.local and .env are looked for
	Files   []string // further env files; a later one outranks an earlier one
}

// Sources returns the sources in order of precedence: the process environment, the
// Files from last to first, .env.local, .env. The latter two need not exist. A key
// in a file that is not the Key of a known option is an error; unknown variables of
// the process environment are returned, for they may belong to another program or
// version.
func (a Ambient) Sources(known []string) (sources []Source, unknown []string, err error) {
	environment := Environment(a.Environ)
	sources = []Source{environment}
	var errs []error
	read := func(path string) {
		source, err := readKnown(path, known)
		sources, errs = append(sources, source), append(errs, err)
	}
	for _, path := range slices.Backward(a.Files) {
		read(path)
	}
	for _, name := range []string{".env.local", ".env"} {
		path := filepath.Join(a.Dir, name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			read(path)
		}
	}
	return sources, environment.unknown(known), errors.Join(errs...)
}

// readKnown reads an env file that must exist and hold no unknown key.
func readKnown(path string, known []string) (Source, error) {
	source, err := ReadEnvFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Usagef("env file %s does not exist", path)
	}
	delete(source, givenAsFlags)
	return source, errors.Join(err, source.checkKeys(known))
}

// unknown lists the keys that are not the Key of a known option, sorted.
func (s Source) unknown(known []string) []string {
	var keys []string
	for key := range s {
		if !slices.ContainsFunc(known, func(name string) bool { return Key(name) == key }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// checkKeys refuses keys that are not the Key of a known option.
func (s Source) checkKeys(known []string) error {
	var errs []error
	for _, key := range s.unknown(known) {
		errs = append(errs, unknownKey(s[key].Origin, key, known))
	}
	return errors.Join(errs...)
}

// NearestKeys are the keys of known options that resemble key, nearest first.
func NearestKeys(key string, known []string) []string {
	short := strings.TrimPrefix(strings.ToUpper(key), Prefix)
	near := Nearest(strings.ToLower(strings.ReplaceAll(short, "_", "-")), known)
	for i, name := range near {
		near[i] = Key(name)
	}
	return near
}

func unknownKey(origin, key string, known []string) error {
	hint := "'blocktrain config' lists every setting"
	near := NearestKeys(key, known)
	if len(near) == 0 {
		return &UsageError{Err: fmt.Errorf("%s: unknown key %s", origin, key), Hint: hint}
	}
	return &UsageError{
		Err:  fmt.Errorf("%s: unknown key %s: did you mean %s?", origin, key, strings.Join(near, " or ")),
		Hint: hint,
	}
}
