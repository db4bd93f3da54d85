package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Module is one entry of a kind's table: how to build it and one line on what
// it is. New declares the module's options on o and returns the module made
// from them; it does no input or output, so that listing modules and checking a
// configuration cost nothing.
type Module[T any] struct {
	Doc string
	New func(o *Options) (T, error)
}

// Make builds the module called name from table. The options are in the form
// "key=value,key=value". The second result holds every option of the module
// with the value it resolved to.
func Make[T any](kind string, table map[string]Module[T], name, options string) (T, map[string]string, error) {
	var none T
	module, ok := table[name]
	if !ok {
		return none, nil, UnknownName(kind, name, slices.Collect(maps.Keys(table)))
	}
	o, err := ParseOptions(options)
	if err != nil {
		return none, nil, &OptionError{kind, name, err}
	}
	made, err := module.New(o)
	if optionErr := o.Err(); optionErr != nil {
		err = optionErr
	}
	if err != nil {
		return none, nil, &OptionError{kind, name, err}
	}
	return made, o.Resolved(), nil
}

// OptionError is what is wrong with the options that a module was to be made with.
type OptionError struct {
	Kind, Name string // of the module
	Err        error  // says which option, and what is wanted
}

// Error implements error.
func (e *OptionError) Error() string { return fmt.Sprintf("%s %s: %v", e.Kind, e.Name, e.Err) }

// Unwrap returns what is wrong.
func (e *OptionError) Unwrap() error { return e.Err }

// FromFlag adds, to what is wrong with the options of modules, the flag that they were
// given in. Other errors stay as they are.
func FromFlag(flag string, err error) error {
	var options *OptionError
	if errors.As(err, &options) {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return err
}

// Description documents one module for `blocktrain list`.
type Description struct {
	Name    string
	Doc     string
	Options []*Option
}

// Describe documents every module of a table, sorted by name.
func Describe[T any](table map[string]Module[T]) []Description {
	var all []Description
	for _, name := range slices.Sorted(maps.Keys(table)) {
		o := NewOptions(nil)
		// The error is of no interest: a module that needs an option to be set
		// has declared it by then.
		_, _ = table[name].New(o)
		all = append(all, Description{Name: name, Doc: table[name].Doc, Options: o.All()})
	}
	return all
}

// AddForTest adds a module to a table until the end of a test, which is what t is. The
// program itself has no other modules than those of the tables.
func AddForTest[T any](t interface{ Cleanup(func()) }, table map[string]Module[T], name string, module Module[T]) {
	table[name] = module
	t.Cleanup(func() { delete(table, name) })
}
