package config

import (
	"errors"
	"fmt"
	"slices"
	"sort"
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
	Group   string // heading it is listed under in a command's help
	Class   Class  // what its value may affect
	// Placeholder stands for the value in help, such as DIR; empty: a word for the type.
	Placeholder string

	later bool // see Options.Later
	words bool // see Options.Words
	flags bool // see Options.FromFlags
	set   func(string) error
	get   func() string
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

// Class says what a value may affect, and so where it is recorded and whether
// it can change once a run exists.
type Class string

// The classes. Values of Invocation and Consent belong to one call of the program
// and are part of no record; those of Consent are taken from flags alone.
const (
	Invocation Class = ""
	Consent    Class = "consent"   // what somebody decides for this call, and no file or variable for them
	Identity   Class = "identity"  // may affect the bits of the result
	Execution  Class = "execution" // how and where the work is done, never a bit
	Gate       Class = "gate"      // by what a finished result is judged
	Threshold  Class = "threshold" // how good it must be, which the surroundings of a later call may change
	Naming     Class = "naming"    // what the result is called, and what people are told of it
)

// Options is an ordered collection of options. A module's constructor declares
// every option it has on the Options it is given, and receives the value at
// once: declared values are looked up in the user's input, parsed and checked
// in the same call.
type Options struct {
	declared []*Option
	input    map[string]string
	errs     []error
	view     bool
	group    string
	class    Class
}

// NewOptions returns an empty collection that takes values from input.
func NewOptions(input map[string]string) *Options { return &Options{input: input} }

// View returns an empty collection whose declarations read the variables that
// they are given and leave them as they are.
func View() *Options { return &Options{view: true} }

// Begin sets the heading and the class of the options declared from here on.
func (o *Options) Begin(group string, class Class) { o.group, o.class = group, class }

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

// Later says that the option declared last was added to a module of which there are
// records already. Its default must be what the module did before. Resolved leaves
// the option out where it has that default, so that an identity which was recorded
// without the option stays what it was.
func (o *Options) Later() { o.declared[len(o.declared)-1].later = true }

// FromFlags says that the options of those names, declared before, are taken from flags alone.
// Without names it is all that were declared. What the environment and env files say under
// such a name is meant for another command, and may be of another type: it is not looked at.
func (o *Options) FromFlags(names ...string) {
	for _, option := range o.declared {
		if len(names) == 0 || slices.Contains(names, option.Name) {
			option.flags = true
		}
	}
}

// Placeholder sets what stands in help for the value of the option declared last.
func (o *Options) Placeholder(word string) { o.declared[len(o.declared)-1].Placeholder = word }

// IsFromFlags says whether only a flag sets the option.
func (o *Option) IsFromFlags() bool { return o.flags }

// IsLater says whether the option was added Later.
func (o *Option) IsLater() bool { return o.later }

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
// Options of the class Execution are left out, since they affect no result, and those
// that were added Later where they have their default.
func (o *Options) Resolved() map[string]string {
	m := make(map[string]string, len(o.declared))
	for _, option := range o.declared {
		if option.Class != Execution && !(option.later && option.Value() == option.Default) {
			m[option.Name] = option.Value()
		}
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
	option.Group, option.Class = o.group, o.class
	o.declared = append(o.declared, option)
	if o.view {
		return
	}
	value, given := o.input[option.Name]
	if !given {
		value = option.Default
	}
	if err := option.Set(value); err != nil {
		o.errs = append(o.errs, err)
	}
}
