package jpeg

import "fmt"

// UnsupportedError is a valid file of a kind that the package does not read.
type UnsupportedError struct {
	Kind string // what the file is, such as "arithmetic coding"
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return "JPEG file with " + e.Kind + ": not supported, convert it to PNG or to a baseline JPEG"
}

// DamagedError is a file that is not what the standard says.
type DamagedError struct {
	Problem string
}

// Error implements error.
func (e *DamagedError) Error() string { return "damaged JPEG file: " + e.Problem }

func damaged(format string, a ...any) error {
	return &DamagedError{fmt.Sprintf(format, a...)}
}

func unsupported(format string, a ...any) error {
	return &UnsupportedError{fmt.Sprintf(format, a...)}
}
