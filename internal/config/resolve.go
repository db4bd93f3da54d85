package config

import (
	"errors"
	"fmt"
	"strconv"
)

// Origins says for each option, by name, where its value came from.
type Origins map[string]string

// Resolve sets every declared option to the value of the first source that has
// one, and what is FromFlags to that of a flag; the others keep their default. The error, a UsageError, names each
// malformed value and its place.
func (o *Options) Resolve(sources ...Source) (Origins, error) {
	origins := Origins{}
	var errs []error
	for _, option := range o.declared {
		text, given := Lookup(option.Name, sources...)
		if option.flags && text.Origin != OriginFlag {
			text, given = Text{Origin: OriginDefault}, false
		}
		origins[option.Name] = text.Origin
		if !given {
			continue
		}
		if err := option.set(text.Value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", text.describe(option.Name), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &UsageError{Err: err}
	}
	return origins, nil
}

// Lookup returns the value of an option in the first source that has one.
func Lookup(option string, sources ...Source) (text Text, given bool) {
	for _, source := range sources {
		if text, given = source[Key(option)]; given {
			return text, true
		}
	}
	return Text{Origin: OriginDefault}, false
}

// describe is the value as the user wrote it, with its place.
func (t Text) describe(option string) string {
	switch t.Origin {
	case OriginFlag:
		return fmt.Sprintf("--%s %s", option, shown(t.Value))
	case "environment " + Key(option):
		return fmt.Sprintf("%s=%s", t.Origin, shown(t.Value))
	}
	return fmt.Sprintf("%s: %s=%s", t.Origin, Key(option), shown(t.Value))
}

// shown is a value as an error shows it: in quotes where its ends would be in
// doubt.
func shown(value string) string {
	if value != "" && plain.MatchString(value) {
		return value
	}
	return strconv.Quote(value)
}
