package config

import "fmt"

// UsageError marks a mistake in what the user asked for, on the command line or
// in the configuration, as opposed to a failure of the work itself. The program
// ends with exit code 2.
type UsageError struct {
	Err  error
	Hint string // what to do next; may be empty
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the mistake itself.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError; the arguments are those of fmt.Errorf.
func Usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// Usage marks an error as a mistake in what the user asked for.
func Usage(err error) error { return &UsageError{Err: err} }
