package dataset

// Error is an error that says which dataset it is about.
type Error struct {
	Dataset string // the module's name, with the folder where that tells more: "folder DIR"
	Err     error
}

// Error implements error.
func (e *Error) Error() string { return e.Dataset + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the dataset.
func (e *Error) Unwrap() error { return e.Err }

// NotFoundError is the error of a Source that finds no data where it looks: a
// mistake in what it was told, not in the data.
type NotFoundError struct{ Err error }

// Error implements error.
func (e *NotFoundError) Error() string { return e.Err.Error() }

// Unwrap returns what is missing, and where.
func (e *NotFoundError) Unwrap() error { return e.Err }
