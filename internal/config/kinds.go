package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Int declares an integer option held in *p.
func (o *Options) Int(p *int, name string, value int, doc string, checks ...Check) {
	o.declare(&Option{
		Name: name, Type: "int", Default: strconv.Itoa(value), Doc: doc,
		get: func() string { return strconv.Itoa(*p) },
		set: func(s string) error {
			v, err := strconv.Atoi(s)
			if err != nil {
				return errors.New("want a whole number")
			}
			if err := runChecks(checks, float64(v)); err != nil {
				return err
			}
			*p = v
			return nil
		},
	})
}

// Bool declares an on/off option held in *p.
func (o *Options) Bool(p *bool, name string, value bool, doc string) {
	o.declare(&Option{
		Name: name, Type: typeBool, Default: strconv.FormatBool(value), Doc: doc,
		get: func() string { return strconv.FormatBool(*p) },
		set: func(s string) error {
			v, err := strconv.ParseBool(s)
			if err != nil {
				return errors.New("want true or false")
			}
			*p = v
			return nil
		},
	})
}

// String declares a free-text option held in *p. The optional check sees the
// value before it is stored.
func (o *Options) String(p *string, name, value, doc string, checks ...func(string) error) {
	o.declare(&Option{
		Name: name, Type: "string", Default: value, Doc: doc,
		get: func() string { return *p },
		set: func(s string) error {
			for _, check := range checks {
				if err := check(s); err != nil {
					return err
				}
			}
			*p = s
			return nil
		},
	})
}

// Canonical declares an option held in *p in the one form that canonical gives to all
// texts of one meaning.
func (o *Options) Canonical(p *string, name, value, doc string, canonical func(string) (string, error)) {
	o.declare(&Option{
		Name: name, Type: "string", Default: value, Doc: doc,
		get: func() string { return *p },
		set: func(s string) error {
			text, err := canonical(s)
			if err != nil {
				return err
			}
			*p = text
			return nil
		},
	})
}

// Choice declares an option that takes one of a few words.
func (o *Options) Choice(p *string, name, value, doc string, choices ...string) {
	o.String(p, name, value, doc, func(s string) error {
		if slices.Contains(choices, s) {
			return nil
		}
		return fmt.Errorf("want one of %s", strings.Join(choices, ", "))
	})
	o.declared[len(o.declared)-1].Type = strings.Join(choices, "|")
}

// Choices are the words a choice or a switch takes; it is nil for other types.
func (o *Option) Choices() []string {
	switch {
	case o.Type == typeBool:
		return []string{"true", "false"}
	case strings.Contains(o.Type, "|"):
		return strings.Split(o.Type, "|")
	}
	return nil
}

// IsSwitch reports whether the option is on or off.
func (o *Option) IsSwitch() bool { return o.Type == typeBool }

// List declares an option that holds words separated by commas; spaces around a
// word do not count. The optional check sees each word. As a flag the option may
// be repeated, and its values are then joined.
func (o *Options) List(p *[]string, name, value, doc string, checks ...func(string) error) {
	o.declare(&Option{
		Name: name, Type: typeList, Default: value, Doc: doc,
		get: func() string { return strings.Join(*p, ",") },
		set: func(s string) error {
			words := splitList(s)
			for _, word := range words {
				for _, check := range checks {
					if err := check(word); err != nil {
						return err
					}
				}
			}
			*p = words
			return nil
		},
	})
}

// Words declares a list whose words may have any characters. In its text, commas stand
// between words, and a word that would not be read again as itself stands in double quotes,
// with "" for each one in it: see [SplitWords].
func (o *Options) Words(p *[]string, name, value, doc string) {
	o.declare(&Option{
		Name: name, Type: typeList, Default: value, Doc: doc, words: true,
		get: func() string { return JoinWords(*p) },
		set: func(s string) error {
			*p = SplitWords(s)
			return nil
		},
	})
}

// HasWords reports whether the option was declared by Words.
func (o *Option) HasWords() bool { return o.words }

const (
	typeList = "list"
	typeBool = "bool"
)

// IsList reports whether values of the option given one after the other add up.
func (o *Option) IsList() bool { return o.Type == typeList }

func splitList(s string) []string {
	words := []string{}
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
