package config

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// givenAsFlags is the key of a record's list of the options that were given on the
// command line. Env files may hold it, so that a record can serve as one; it means
// nothing there.
const givenAsFlags = Prefix + "GIVEN_AS_FLAGS"

// Record is the configuration that a run was started with.
type Record struct {
	All   Source // every recorded value
	Flags Source // those of them that were given on the command line
}

// RecordText is the present values of the options as an env file that
// ReadRecord, and every other reader of env files, understands. Options of the
// classes Invocation and Consent are left out. A value that no env file can hold, since
// there is a control character in it, is an error.
func RecordText(options []*Option, origins Origins) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# The configuration this run was started with.\n")
	var flags []string
	for _, option := range options {
		if option.Class == Invocation || option.Class == Consent {
			continue
		}
		value, err := quote(option.Value())
		if err != nil {
			return nil, Usagef("%s: %w", option.Name, err)
		}
		fmt.Fprintf(&b, "%s=%s\n", Key(option.Name), value)
		if origins[option.Name] == OriginFlag {
			flags = append(flags, option.Name)
		}
	}
	b.WriteString("# Given on the command line; these outrank the environment when a stage is repeated.\n")
	fmt.Fprintf(&b, "%s=%s\n", givenAsFlags, strings.Join(flags, ","))
	return []byte(b.String()), nil
}

// ReadRecord reads a file that WriteRecord wrote. A key that is not the Key of a
// known option is an error.
func ReadRecord(path string, known []string) (Record, error) {
	all, err := ReadEnvFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, Usagef("%s does not exist: not a run directory, or its run never began", path)
	}
	if err != nil {
		return Record{}, err
	}
	flags := Source{}
	for _, name := range splitList(all[givenAsFlags].Value) {
		if text, ok := all[Key(name)]; ok {
			flags[Key(name)] = text
		}
	}
	delete(all, givenAsFlags)
	return Record{All: all, Flags: flags}, all.checkKeys(known)
}

// Sources returns the sources of a command that works on the recorded run, in
// order of precedence: explicit flags; recorded flags; the ambient sources, but
// only for thresholds and what concerns this invocation alone; the record.
func (r Record) Sources(options []*Option, flags Source, ambient []Source) []Source {
	sources := []Source{flags, r.Flags}
	for _, source := range ambient {
		sources = append(sources, source.Only(options, func(o *Option) bool {
			return o.Class == Threshold || o.Class == Invocation
		}))
	}
	return append(sources, r.All)
}

// plain values are written and shown without quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:,=+@%-]*$`)

var doubleQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\r", `\r`)

// quote writes a value in the first of three forms, the plainest first, that reads as
// that value again.
func quote(value string) (string, error) {
	if plain.MatchString(value) {
		return value, nil
	}
	for _, form := range []string{"'" + value + "'", `"` + doubleQuoted.Replace(value) + `"`} {
		read, err := parseEnv("", []byte(Prefix+"="+form))
		if err == nil && len(read) == 1 && read[Prefix].Value == value {
			return form, nil
		}
	}
	return "", fmt.Errorf("%q cannot be written in an env file: want a value without control characters", value)
}
