package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// foldsForm is of files of folds.
var foldsForm = fileio.Form{MaxBytes: splitForm.MaxBytes, Schemas: []int{FoldsSchema}}

// WriteFolds writes f to path atomically, one line for each field.
func WriteFolds(path string, f *Folds) error {
	b, err := f.encode()
	if err == nil && int64(len(b)) > foldsForm.MaxBytes {
		err = fmt.Errorf("the lists have %d bytes, which is more than the %d that are read again: use fewer examples", len(b), foldsForm.MaxBytes)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return fileio.WriteBytes(path, b)
}

// ReadFolds reads a file that WriteFolds wrote.
func ReadFolds(path string) (*Folds, error) {
	var f Folds
	if err := fileio.ReadJSON(path, &f, foldsForm); err != nil {
		return nil, err
	}
	if err := f.checkForm(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &f, nil
}

// Digest is the hexadecimal SHA-256 of the file of the folds.
func (f *Folds) Digest() string {
	b, err := f.encode()
	if err != nil {
		panic(err) // numbers and strings always have a JSON form
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (f *Folds) encode() ([]byte, error) {
	return encodeFields([]jsonField{
		{"schema", f.Schema}, {"dataset", f.Dataset}, {"seed", f.Seed}, {"ratios", f.Ratios}, {"group", f.Group},
		{"include_test", f.IncludeTest}, {"folds", f.Folds},
	})
}

// jsonField is a field of an object that is written field by field.
type jsonField struct {
	name  string
	value any
}

// encodeFields is JSON with a line for each field, so that it can be read and compared
// without taking a line for each of its numbers.
func encodeFields(fields []jsonField) ([]byte, error) {
	var b bytes.Buffer
	separator := "{\n"
	for _, field := range fields {
		value, err := json.Marshal(field.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s  %q: %s", separator, field.name, value)
		separator = ",\n"
	}
	b.WriteString("\n}\n")
	return b.Bytes(), nil
}

// checkDigest refuses what is no digest of a dataset.
func checkDigest(text string) error {
	if digest, err := hex.DecodeString(text); err != nil || len(digest) != sha256.Size {
		return fmt.Errorf("dataset %q: want the dataset's digest, 64 hexadecimal digits", text)
	}
	return nil
}
