package dataset

// NotFoundError is the error of a Source that finds no data where it looks: a
// mistake in what it was told, not in the data.
type NotFoundError struct{ Err error }

// Error implements error.
func (e *NotFoundError) Error() string { return e.Err.Error() }

// Unwrap returns what is missing, and where.
func (e *NotFoundError) Unwrap() error { return e.Err }
