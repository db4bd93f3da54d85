package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Difference is the first place at which what was found is not what was recorded.
// It is the error of a verification, and part of its result.
type Difference struct {
	File     string   `json:"file"`            // that holds what was recorded
	Epoch    int      `json:"epoch,omitempty"` // from 1; 0 where it is of none
	Figure   string   `json:"figure"`          // such as weights_sha256 or per_class[3].f1
	Recorded string   `json:"recorded"`
	Found    string   `json:"found"`
	Others   []string `json:"others,omitempty"` // figures of the same epoch that differ too
	Cause    string   `json:"cause"`
}

// nothing stands for a value that a document does not have.
const nothing = "nothing"

// Error implements error. It says where; what was recorded and what was found is in
// the account of the verification.
func (d *Difference) Error() string { return fmt.Sprintf("%v: %s", rundir.ErrDifference, d.place()) }

// Unwrap makes a difference a rundir.ErrDifference.
func (d *Difference) Unwrap() error { return rundir.ErrDifference }

// place says where the difference is.
func (d *Difference) place() string {
	if d.Epoch > 0 {
		return fmt.Sprintf("%s, epoch %d, %s", d.File, d.Epoch, d.Figure)
	}
	return d.File + ", " + d.Figure
}

// unreadable is the difference of a file that is not what the program wrote.
func unreadable(file string, err error) *Difference {
	return &Difference{File: file, Figure: "content", Recorded: "a file that this program reads", Found: err.Error(), Cause: changed(file) + "; or another version of the program wrote it"}
}

// document is a JSON value in which numbers are kept as they are written.
type document = any

// maxDocument is the length of the longest document, as of an evaluation.
const maxDocument = 48 << 20

func readDocument(path string) (document, error) {
	b, err := fileio.ReadFile(path, maxDocument)
	if err != nil {
		return nil, err
	}
	return parseDocument(b)
}

func parseDocument(b []byte) (document, error) {
	var value document
	if err := fileio.DecodeJSON(b, &value, fileio.Form{}); err != nil { // keys that come twice, above all
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err := d.Decode(&value)
	return value, err
}

// documentOf is v as it would be written.
func documentOf(v any) (document, error) {
	b, err := fileio.MarshalJSON(v)
	if err != nil {
		return nil, err
	}
	return parseDocument(b)
}

// identityOf is the identity of a record as it would be written.
func identityOf(record *rundir.Record) (document, error) {
	b, err := fileio.MarshalJSONAs(&record.Identity, record.Schema)
	if err != nil {
		return nil, err
	}
	return parseDocument(b)
}

// without removes keys from a document that is an object.
func without(d document, keys ...string) document {
	if object, is := d.(map[string]any); is {
		for _, key := range keys {
			delete(object, key)
		}
	}
	return d
}

// firstDifference finds the first value of a recorded document, by the order of
// keys, that a found one does not have; nil if there is none. What was found
// besides does not count: an older program may not have recorded it.
func firstDifference(path string, recorded, found document) *Difference {
	switch r := recorded.(type) {
	case map[string]any:
		if f, is := found.(map[string]any); is {
			return firstInObject(path, r, f)
		}
	case []any:
		if f, is := found.([]any); is && len(r) == len(f) {
			return firstInArray(path, r, f)
		}
	}
	was, is := words(recorded), words(found)
	if was == is {
		return nil
	}
	return &Difference{Figure: path, Recorded: was, Found: is}
}

func firstInObject(path string, recorded, found map[string]any) *Difference {
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		if d := firstDifference(strings.TrimPrefix(path+"."+key, "."), recorded[key], found[key]); d != nil {
			return d
		}
	}
	return nil
}

func firstInArray(path string, recorded, found []any) *Difference {
	for i := range recorded {
		if d := firstDifference(fmt.Sprintf("%s[%d]", path, i), recorded[i], found[i]); d != nil {
			return d
		}
	}
	return nil
}

// words is a JSON value in one line.
func words(value document) string {
	switch v := value.(type) {
	case nil:
		return nothing
	case string:
		return v
	}
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
