package config

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Option is one named, typed, documented value. It is declared once, by the
// module or command that owns it, and that one declaration yields its default,
// its validation, its line of documentation, its flag and its record in
// run.json.
type Option struct {
	Name    string // as typed by a user: "label-smoothing"
	Type    string // "int", "float", "bool", "string" or "a|b|c" for a choice
	Default string
	Doc     string // one line, lower case, no full stop

	set func(string) error
	get func() string
}

// Value is the present value in the form that Set accepts.
func (o *Option) Value() string { return o.get() }

// Set parses and validates s and stores the result in the variable that the
// option was declared for.
func (o *Option) Set(s string) error {
	if err := o.set(s); err != nil {
		return fmt.Errorf("%s=%s: %w", o.Name, s, err)
	}
	return nil
}

// Options is an ordered collection of options. A module's constructor declares
// every option it has on the Options it is given, and receives the value at
// once: declared values are looked up in the user's input, parsed and checked
// in the same call.
type Options struct {
	declared []*Option
	input    map[string]string
	errs     []error
}

// NewOptions returns an empty collection that takes values from input.
func NewOptions(input map[string]string) *Options { return &Options{input: input} }

// ParseOptions reads the form "key=value,key=value" of a --<kind>-options flag.
func ParseOptions(s string) (*Options, error) {
	input := map[string]string{}
	for field := range strings.SplitSeq(s, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			return nil, fmt.Errorf("option %q: want key=value", field)
		}
		if _, twice := input[key]; twice {
			return nil, fmt.Errorf("option %q is given twice", key)
		}
		input[key] = value
	}
	return NewOptions(input), nil
}

// All returns the declared options in the order of declaration.
func (o *Options) All() []*Option { return o.declared }

// Lookup finds a declared option by name; it is nil when there is none.
func (o *Options) Lookup(name string) *Option {
	for _, option := range o.declared {
		if option.Name == name {
			return option
		}
	}
	return nil
}

// Resolved maps every declared option to its present value, defaults included.
func (o *Options) Resolved() map[string]string {
	m := make(map[string]string, len(o.declared))
	for _, option := range o.declared {
		m[option.Name] = option.Value()
	}
	return m
}

// Err reports every malformed value and every input key that no option claimed.
func (o *Options) Err() error {
	errs := o.errs
	keys := make([]string, 0, len(o.input))
	for key := range o.input {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if o.Lookup(key) == nil {
			errs = append(errs, UnknownName("option", key, o.names()))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) names() []string {
	names := make([]string, len(o.declared))
	for i, option := range o.declared {
		names[i] = option.Name
	}
	return names
}

func (o *Options) declare(option *Option) {
	o.declared = append(o.declared, option)
	value, given := o.input[option.Name]
	if !given {
		value = option.Default
	}
	if err := option.Set(value); err != nil {
		o.errs = append(o.errs, err)
	}
}

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

// Float declares an option held in the float64 *p; infinities and NaN are
// refused.
func (o *Options) Float(p *float64, name string, value float64, doc string, checks ...Check) {
	o.declare(&Option{
		Name: name, Type: "float", Default: formatFloat(value), Doc: doc,
		get: func() string { return formatFloat(*p) },
		set: func(s string) error {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || v-v != 0 {
				return errors.New("want a finite number")
			}
			if err := runChecks(checks, v); err != nil {
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
		Name: name, Type: "bool", Default: strconv.FormatBool(value), Doc: doc,
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

// Choice declares an option that takes one of a few words.
func (o *Options) Choice(p *string, name, value, doc string, choices ...string) {
	o.String(p, name, value, doc, func(s string) error {
		for _, choice := range choices {
			if s == choice {
				return nil
			}
		}
		return fmt.Errorf("want one of %s", strings.Join(choices, ", "))
	})
	o.declared[len(o.declared)-1].Type = strings.Join(choices, "|")
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Check validates a number.
type Check func(float64) error

func runChecks(checks []Check, v float64) error {
	for _, check := range checks {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

// AtLeast accepts low and above.
func AtLeast(low float64) Check {
	return func(v float64) error {
		if v < low {
			return fmt.Errorf("want at least %v", low)
		}
		return nil
	}
}

// Above accepts what is greater than low.
func Above(low float64) Check {
	return func(v float64) error {
		if v <= low {
			return fmt.Errorf("want more than %v", low)
		}
		return nil
	}
}

// Between accepts low to high, both included.
func Between(low, high float64) Check {
	return func(v float64) error {
		if v < low || v > high {
			return fmt.Errorf("want %v to %v", low, high)
		}
		return nil
	}
}
