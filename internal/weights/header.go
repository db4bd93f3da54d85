package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// header is the parsed JSON header.
type header struct {
	metadata map[string]string
	entries  []entry
}

// entry is one tensor of the header. Its values are the bytes begin to end of
// what follows the header; shape and byte range agree.
type entry struct {
	name       string
	dtype      string
	width      int64 // bytes of a value
	shape      []int
	begin, end int64
}

// parser walks the header token by token, since encoding/json would silently
// let a repeated key win and match field names in any case.
type parser struct {
	d     *json.Decoder
	width func(dtype string) (int, error)
}

// ownWidth takes the type of values that our own files have.
func ownWidth(dtype string) (int, error) {
	if dtype != "F32" {
		return 0, fmt.Errorf("%w %.60s: only F32 is read here; convert the file to float32", ErrDtype, dtype)
	}
	return bytesPerValue, nil
}

// parseHeader reads the JSON object raw, which may be padded with spaces.
func parseHeader(raw []byte, width func(dtype string) (int, error)) (header, error) {
	p := parser{json.NewDecoder(bytes.NewReader(raw)), width}
	p.d.UseNumber()
	var h header
	err := p.object("the header", func(key string) error {
		if key == metadataKey {
			metadata, err := p.metadata()
			h.metadata = metadata
			return err
		}
		e, err := p.entry(key)
		h.entries = append(h.entries, e)
		return err
	})
	if err != nil {
		return header{}, err
	}
	if rest := strings.Trim(string(raw[p.d.InputOffset():]), " "); rest != "" {
		return header{}, fmt.Errorf("%w: %.40q follows its closing brace, expected spaces alone", ErrHeaderSyntax, rest)
	}
	if err := fileio.DecodeJSON(raw, new(json.RawMessage), fileio.Form{}); err != nil { // broken text, which the decoder replaces
		return header{}, fmt.Errorf("%w: %w", ErrHeaderSyntax, err)
	}
	return h, nil
}

// object reads an object and calls member at each key, with the value to be
// read next. what names the object in errors.
func (p parser) object(what string, member func(key string) error) error {
	if err := p.delimiter(what, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.d.More() {
		token, err := p.token(what)
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("%w: %s: found %.60v where a key was expected", ErrHeaderSyntax, what, token)
		}
		if seen[key] {
			return fmt.Errorf("%w: %s has %.60q more than once", ErrDuplicateKey, what, key)
		}
		if len(seen) == maxKeys {
			return fmt.Errorf("%w: %s has more than %d keys", ErrHeaderTooLarge, what, maxKeys)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	return p.delimiter(what, '}')
}

// metadata reads the value of the metadata key.
func (p parser) metadata() (map[string]string, error) {
	metadata := map[string]string{}
	err := p.object(metadataKey, func(key string) error {
		token, err := p.token(metadataKey)
		if err != nil {
			return err
		}
		value, ok := token.(string)
		if !ok {
			return fmt.Errorf("%w: %.60q is %.60v, expected a string", ErrMetadata, key, token)
		}
		metadata[key] = value
		return nil
	})
	return metadata, err
}

// entry reads the value of a tensor's key.
func (p parser) entry(name string) (entry, error) {
	if name == "" {
		return entry{}, ErrName
	}
	e := entry{name: name}
	what := fmt.Sprintf("tensor %.200q", name)
	missing := map[string]bool{"dtype": true, "shape": true, "data_offsets": true}
	err := p.object(what, func(key string) error {
		delete(missing, key)
		switch key {
		case "dtype":
			return p.dtype(what, &e)
		case "shape":
			return p.shape(what, &e)
		case "data_offsets":
			return p.offsets(what, &e)
		}
		return fmt.Errorf("%s: %w %.60q (expected dtype, shape and data_offsets)", what, ErrUnknownField, key)
	})
	if err != nil {
		return e, err
	}
	for _, field := range []string{"dtype", "shape", "data_offsets"} {
		if missing[field] {
			return e, fmt.Errorf("%s: %w %q", what, ErrMissingField, field)
		}
	}
	return e, e.check(what)
}

// check compares the byte range with the shape.
func (e entry) check(what string) error {
	n, ok := elements(e.shape)
	if !ok {
		return fmt.Errorf("%s: %w: %s has more values than can be counted", what, ErrShape, showShape(e.shape))
	}
	if have, want := e.end-e.begin, int64(n)*e.width; have != want {
		return fmt.Errorf("%s: %w: [%d,%d] is %d bytes, %s of %s takes %d", what, ErrSize, e.begin, e.end, have, showShape(e.shape), e.dtype, want)
	}
	return nil
}

func (p parser) dtype(what string, e *entry) error {
	token, err := p.token(what)
	if err != nil {
		return err
	}
	name, ok := token.(string)
	if !ok {
		return fmt.Errorf("%s: %w %.60v: expected a string", what, ErrDtype, token)
	}
	width, err := p.width(name)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	e.dtype, e.width = name, int64(width)
	return nil
}

func (p parser) shape(what string, e *entry) error {
	dims, err := p.numbers(what, ErrShape)
	for _, d := range dims {
		if d > math.MaxInt {
			return fmt.Errorf("%s: %w: dimension %d is too large", what, ErrShape, d)
		}
		e.shape = append(e.shape, int(d))
	}
	return err
}

func (p parser) offsets(what string, e *entry) error {
	numbers, err := p.numbers(what, ErrOffsets)
	if err != nil {
		return err
	}
	if len(numbers) != 2 {
		return fmt.Errorf("%s: %w: found %d numbers, expected [begin,end]", what, ErrOffsets, len(numbers))
	}
	if numbers[0] > numbers[1] || numbers[1] > math.MaxInt64 {
		return fmt.Errorf("%s: %w: found %d, expected [begin,end] with begin <= end", what, ErrOffsets, numbers)
	}
	e.begin, e.end = int64(numbers[0]), int64(numbers[1])
	return nil
}

// maxNumbers is how many dimensions a tensor may have: ours have four at the most, and a
// header holds millions of numbers.
const maxNumbers = 32

// numbers reads an array of whole numbers, none negative.
func (p parser) numbers(what string, kind error) ([]uint64, error) {
	token, err := p.token(what)
	if err != nil {
		return nil, err
	}
	if token != json.Delim('[') {
		return nil, fmt.Errorf("%s: %w: found %.60v, expected an array of whole numbers", what, kind, token)
	}
	var numbers []uint64
	for p.d.More() {
		if len(numbers) == maxNumbers {
			return nil, fmt.Errorf("%s: %w: more than %d numbers", what, kind, maxNumbers)
		}
		token, err := p.token(what)
		if err != nil {
			return nil, err
		}
		text, _ := token.(json.Number)
		n, err := strconv.ParseUint(text.String(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: found %.60v, expected a whole number, not negative", what, kind, token)
		}
		numbers = append(numbers, n)
	}
	return numbers, p.delimiter(what, ']')
}

func (p parser) delimiter(what string, want json.Delim) error {
	token, err := p.token(what)
	if err != nil {
		return err
	}
	if token != want {
		kind := ErrHeaderSyntax
		if what == metadataKey {
			kind = ErrMetadata
		}
		return fmt.Errorf("%w: %s: found %.60v, expected %v", kind, what, token, want)
	}
	return nil
}

func (p parser) token(what string) (json.Token, error) {
	token, err := p.d.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHeaderSyntax, what, err)
	}
	return token, nil
}

// showShape is the form of a shape in errors; a rank that no tensor of ours has
// is not spelt out.
func showShape(shape []int) string {
	const limit = 8
	if len(shape) > limit {
		return fmt.Sprintf("%v… (rank %d)", shape[:limit], len(shape))
	}
	return fmt.Sprint(shape)
}
