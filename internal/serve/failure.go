package serve

import (
	"fmt"
	"net/http"
)

// failure is an error that a client is told, with the status that goes with it. The words
// are those of Triton, so that clients which know them find them, where there are any.
type failure struct {
	status int
	words  string
}

// Error implements error.
func (f *failure) Error() string { return f.words }

// invalid refuses what a request asks.
func invalid(format string, args ...any) error {
	return &failure{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// misread is the answer to JSON of another form than the protocol has, for which Triton has
// the status of an internal error.
func misread(format string, args ...any) error {
	return &failure{http.StatusInternalServerError, fmt.Sprintf(format, args...)}
}

func missing(name string) error {
	return misread("Unable to parse '%s': attempt to access non-existing object member '%s'", name, name)
}

// otherKind says that a value is not of the kind that it must be: "string", "array".
func otherKind(name, kind string) error {
	return misread("Unable to parse '%s': attempt to access JSON non-%s as %s", name, kind, kind)
}

// withID begins the words of the checks that know the request: with its id, as Triton does.
func withID(id string) string {
	if id == "" {
		id = "<id_unknown>"
	}
	return "[request id: " + id + "] "
}
