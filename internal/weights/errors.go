package weights

import "errors"

// The ways in which a file can break the format. Every error of Read wraps
// exactly one of them, or is an error of reading itself.
var (
	ErrTooShort         = errors.New("too short to be a safetensors file")
	ErrHeaderTooLarge   = errors.New("the header is too large")
	ErrHeaderBeyondFile = errors.New("the header reaches beyond the end of the file")
	ErrHeaderStart      = errors.New("the header does not start with {")
	ErrHeaderEncoding   = errors.New("the header is not valid UTF-8")
	ErrHeaderSyntax     = errors.New("the header is not the JSON expected")
	ErrDuplicateKey     = errors.New("a key appears twice in the header")
	ErrName             = errors.New("a tensor has no name")
	ErrMetadata         = errors.New("the metadata is not a map from strings to strings")
	ErrUnknownField     = errors.New("unknown field")
	ErrMissingField     = errors.New("missing field")
	ErrDtype            = errors.New("unsupported dtype")
	ErrShape            = errors.New("invalid shape")
	ErrOffsets          = errors.New("invalid data_offsets")
	ErrSize             = errors.New("the data_offsets do not fit the shape")
	ErrOutOfRange       = errors.New("the values reach beyond the end of the file")
	ErrOverlap          = errors.New("the values overlap with those of another tensor")
	ErrHole             = errors.New("bytes before the values belong to no tensor")
	ErrTrailing         = errors.New("bytes after the last tensor belong to no tensor")
)
