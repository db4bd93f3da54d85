package video

import "fmt"

// Kind is what is wrong with a video. errors.Is(err, video.Damaged) finds it in any error of
// this package.
type Kind string

// The kinds of errors.
const (
	Missing     Kind = "ffmpeg is missing"
	NotFound    Kind = "no such file"
	Empty       Kind = "no frames"
	Damaged     Kind = "damaged"
	Stalled     Kind = "stalled"
	Changed     Kind = "format changes"
	Variable    Kind = "variable frame rate"
	Backwards   Kind = "time stamps go backwards"
	Rotated     Kind = "rotation tag"
	Ambiguous   Kind = "several video streams"
	Playlist    Kind = "names other files"
	TooLarge    Kind = "too large"
	Unsupported Kind = "not supported"
	Unnumbered  Kind = "frames not numbered without gaps"
	Unreachable Kind = "cannot be opened"
)

// Error implements error, so that a kind can be the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Error is an error of one video.
type Error struct {
	Name string // as messages name the video, without user and password
	Kind Kind
	Text string

	again bool // it may go better when it is opened again
}

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Text }

// Is finds the kind.
func (e *Error) Is(target error) bool { return target == e.Kind }

func failf(name string, kind Kind, format string, args ...any) *Error {
	return &Error{Name: name, Kind: kind, Text: fmt.Sprintf(format, args...)}
}
