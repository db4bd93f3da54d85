package metric

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Result is how well one set of weights does on one part of a dataset, for a target
// of any kind: the content of evaluation/<part>.json.
type Result interface {
	// Header says what was judged on what. It may be written to.
	Header() *Head
	// MeanLoss is the loss that the history records for the validation part.
	MeanLoss() float64
	// Measured is the target's figure and the value that it has here.
	Measured() (Figure, float64)
	// Facts are the figures that people compare, the most important one first.
	Facts() []Fact
	// Check compares the figures with each other and refuses what cannot be.
	Check() error
	// Table shows all for the log, at most 80 columns wide, ShortTable the essence.
	Table() string
	ShortTable() string
	// Tables are what there is to write as CSV beside the JSON.
	Tables() []CSVTable
	// OutputsSHA256 is the digest of what the network made of the examples: equal
	// weights and data give an equal one.
	OutputsSHA256() string
	// MeasuredLatency is nil where no time was measured.
	MeasuredLatency() *Latency
	SetLatency(l *Latency)
}

// Head is what every result begins with.
type Head struct {
	Schema int `json:"schema"`
	// Target is the name of the target; it is empty for classes.
	Target string `json:"target,omitempty"`

	// What was evaluated on what; set by whoever has a part evaluated.
	Dataset       string `json:"dataset,omitempty"`
	Part          string `json:"part,omitempty"`    // "validation", "test"
	Weights       string `json:"weights,omitempty"` // "best", "ema"
	WeightsSHA256 string `json:"weights_sha256,omitempty"`

	// ClassMap has the classes of other data that were scored as other classes of the
	// model; it is nil where none was, as in every evaluation of a run's own parts.
	ClassMap *[]RenamedClass `json:"class_map,omitempty"`

	Examples int `json:"examples"`
}

// RenamedClass is a class of data by the name that a model has for it.
type RenamedClass struct {
	Data  string `json:"data"`
	Model string `json:"model"`
}

// Header implements Result.
func (h *Head) Header() *Head { return h }

// TargetName is the name of the target, which files of classes leave out.
func (h *Head) TargetName() string {
	if h.Target == "" {
		return TargetClass
	}
	return h.Target
}

// The targets whose results this package defines.
const (
	TargetClass = "class"
	TargetImage = "image"
)

// check refuses the head of another target's result, and one of a schema that is not
// among those given.
func (h *Head) check(target string, schemas ...int) error {
	switch {
	case !slices.Contains(schemas, h.Schema):
		return fmt.Errorf("schema is %d, want %s", h.Schema, strings.Trim(strings.ReplaceAll(fmt.Sprint(schemas), " ", " or "), "[]"))
	case h.Target != target:
		return fmt.Errorf("target is %q, want %q", h.Target, target)
	}
	return nil
}

// Fact is a figure in words.
type Fact struct{ Name, Value string }

// CSVTable is a table of a result.
type CSVTable struct {
	Suffix string // what its file's name ends with: "-classes.csv"
	Write  func(w io.Writer) error
}

// Figure is the number by which people and early stopping compare epochs and models.
// The history has it as train_<name> and validation_<name>.
type Figure struct {
	Name           string // "accuracy": small letters, digits and underscores
	Unit           string // "share" of 1, or a unit to be shown
	LargerIsBetter bool
}

// The figures of the targets class and image.
var (
	Accuracy         = Figure{Name: "accuracy", Unit: "share", LargerIsBetter: true}
	MeanSquaredError = Figure{Name: "error", Unit: "mse"}
)

// Monitor is the key under which the history has the figure of the validation part.
func (f Figure) Monitor() string { return "validation_" + f.Name }

// Text writes a value for people: "98.77 %" or "0.01235 mse".
func (f Figure) Text(v float64) string {
	if f.Unit == Accuracy.Unit {
		return Percent(v) + " %"
	}
	return short(v) + " " + f.Unit
}

// short has four significant digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// LossText has four decimals, or four significant digits where those would show less of
// a small loss.
func LossText(v float64) string {
	if v != 0 && v < 0.01 {
		return short(v)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// Present says whether there is a result: neither nil nor a nil pointer, which an
// optional result becomes when it is put into the interface.
func Present(r Result) bool {
	switch r := r.(type) {
	case nil:
		return false
	case *Evaluation:
		return r != nil
	case *Reconstruction:
		return r != nil
	}
	return true
}

// ReadResult reads the result of any target and refuses one whose figures do not fit
// together. Blank makes the empty result of a target to read into, or returns an
// error for a target that the caller does not want.
func ReadResult(path string, blank func(target string) (Result, error)) (Result, error) {
	b, err := fileio.ReadFile(path, resultForm.MaxBytes)
	if err != nil {
		return nil, err
	}
	head, err := headOf(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := blank(head.TargetName())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := fileio.DecodeJSON(b, r, resultForm); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w: evaluate the run again", path, err)
	}
	return r, nil
}

// resultForm is of a result's file. The confusion matrix of 2,000 classes takes 36 MB in
// schema 1.
var resultForm = fileio.Form{MaxBytes: 48 << 20, Schemas: fileio.UpTo(ClipsSchema)}

// headOf reads the target of a result.
func headOf(b []byte) (head Head, err error) {
	const key = "target"
	text, err := fileio.TopKey(b, key)
	if errors.Is(err, fileio.ErrMissingKey) {
		return head, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &head.Target)
	}
	if err == nil && head.Target == "" {
		err = errors.New("it is empty, or null")
	}
	if err != nil {
		return head, fmt.Errorf("%s: %w", key, err)
	}
	return head, nil
}

// only is the blank result of one target and refuses all others.
func only(wanted string, r Result) func(string) (Result, error) {
	return func(target string) (Result, error) {
		if target != wanted {
			return nil, fmt.Errorf("it is a result of target %s, want one of target %s", target, wanted)
		}
		return r, nil
	}
}
