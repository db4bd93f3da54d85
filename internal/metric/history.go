package metric

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Epoch is one line of history.jsonl: what one pass over the training part came
// to. All but the times is within the reproducibility contract, and is what
// `blocktrain verify` compares.
type Epoch struct {
	Schema             int     `json:"schema"`
	Epoch              int     `json:"epoch"` // from 1
	TrainLoss          float64 `json:"train_loss"`
	TrainAccuracy      float64 `json:"train_accuracy"`
	ValidationLoss     float64 `json:"validation_loss"`
	ValidationAccuracy float64 `json:"validation_accuracy"`
	LearningRate       float64 `json:"learning_rate"` // of the epoch's last step
	GradientNorm       float64 `json:"gradient_norm"` // mean over the epoch's steps, before clipping
	Seconds            float64 `json:"seconds"`
	ImagesPerSecond    float64 `json:"images_per_second"`
	WeightsSHA256      string  `json:"weights_sha256"`
	EMASHA256          string  `json:"ema_sha256,omitempty"` // averaged weights, where they are kept
	OptimizerSHA256    string  `json:"optimizer_sha256,omitempty"`
}

// historyColumns is the order of the columns of history.csv and at the same
// time the keys that a line of history.jsonl must have, less the optional ones.
var historyColumns = []string{
	"epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
	"learning_rate", "gradient_norm", "seconds", "images_per_second", "weights_sha256",
	"ema_sha256", "optimizer_sha256",
}

func optionalColumn(name string) bool { return name == "ema_sha256" || name == "optimizer_sha256" }

func (e *Epoch) numbers() []float64 {
	return []float64{e.TrainLoss, e.TrainAccuracy, e.ValidationLoss, e.ValidationAccuracy,
		e.LearningRate, e.GradientNorm, e.Seconds, e.ImagesPerSecond}
}

// check refuses what no training run writes.
func (e *Epoch) check() error {
	if e.Schema != Schema {
		return fmt.Errorf("schema is %d, want %d", e.Schema, Schema)
	}
	if e.Epoch < 1 {
		return fmt.Errorf("epoch is %d, want 1 or more", e.Epoch)
	}
	for i, v := range e.numbers() {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %v, want a finite number", historyColumns[1+i], v)
		}
	}
	for _, share := range []float64{e.TrainAccuracy, e.ValidationAccuracy} {
		if share < 0 || share > 1 {
			return fmt.Errorf("an accuracy is %v, want 0 to 1", share)
		}
	}
	if err := checkDigest("weights_sha256", e.WeightsSHA256); err != nil {
		return err
	}
	return errors.Join(checkOptionalDigest("ema_sha256", e.EMASHA256), checkOptionalDigest("optimizer_sha256", e.OptimizerSHA256))
}

func checkDigest(name, digest string) error {
	if b, err := hex.DecodeString(digest); err != nil || len(b) != 32 {
		return fmt.Errorf("%s is %q, want 64 hexadecimal digits", name, digest)
	}
	return nil
}

func checkOptionalDigest(name, digest string) error {
	if digest == "" {
		return nil
	}
	return checkDigest(name, digest)
}

// AppendEpoch adds a line to the history at path, making the file if need be,
// and returns when it is on disk. Call it before writing the checkpoint that
// covers the epoch: a line too many is cut off on resuming, a missing one is
// not made up.
func AppendEpoch(path string, e Epoch) (err error) {
	e.Schema = Schema
	if err := e.check(); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return f.Sync()
}

// ReadHistory reads the history at path. A line that is malformed, cut short or
// out of turn is an error that gives its number.
func ReadHistory(path string) ([]Epoch, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	history, err := ParseHistory(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return history, nil
}

// ParseHistory reads the lines of a history.jsonl: epochs 1, 2, 3 and so on.
func ParseHistory(b []byte) ([]Epoch, error) {
	var history []Epoch
	for number, line := range numbered(b) {
		e, err := parseEpoch(line, number)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		history = append(history, e)
	}
	return history, nil
}

// numbered yields the lines of b, line feed included, numbered from 1.
func numbered(b []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		number := 0
		for line := range bytes.Lines(b) {
			number++
			if !yield(number, line) {
				return
			}
		}
	}
}

func parseEpoch(line []byte, want int) (Epoch, error) {
	var e Epoch
	if !bytes.HasSuffix(line, []byte("\n")) {
		return e, errors.New("it is cut short, as by a crash: resuming the run removes it, unless the checkpoint counts it")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("not the JSON of an epoch: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("data after the JSON of an epoch")
	}
	if err := checkKeys(line); err != nil {
		return e, err
	}
	if err := e.check(); err != nil {
		return e, err
	}
	if e.Epoch != want {
		return e, fmt.Errorf("it holds epoch %d, want epoch %d", e.Epoch, want)
	}
	return e, nil
}

// checkKeys finds what decoding into a struct does not: keys left out.
func checkKeys(line []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return err
	}
	for _, name := range historyColumns {
		if _, ok := keys[name]; !ok && !optionalColumn(name) {
			return fmt.Errorf("%q is missing", name)
		}
	}
	return nil
}

// TruncateHistory cuts the history at path back to its first epochs lines, as
// resuming from a checkpoint of that epoch requires; whatever follows, even
// half a line, is dropped. Fewer lines than that are an error. No file counts
// as no lines.
func TruncateHistory(path string, epochs int) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && epochs == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	kept, found := 0, 0
	for number, line := range numbered(b) {
		if number > epochs {
			break
		}
		if _, err := parseEpoch(line, number); err != nil {
			return fmt.Errorf("%s: line %d: %w: restore the file or start a new run", path, number, err)
		}
		kept, found = kept+len(line), number
	}
	if found < epochs {
		return fmt.Errorf("%s: it has %d epochs but the checkpoint is at epoch %d: restore the file or start a new run", path, found, epochs)
	}
	if kept == len(b) {
		return nil
	}
	return fileio.WriteBytes(path, b[:kept])
}

// WriteHistoryCSV writes the history as a table with a header line.
func WriteHistoryCSV(w io.Writer, history []Epoch) error {
	c := csv.NewWriter(w)
	if err := c.Write(historyColumns); err != nil {
		return err
	}
	for _, e := range history {
		row := []string{strconv.Itoa(e.Epoch)}
		for _, v := range e.numbers() {
			row = append(row, number(v))
		}
		if err := c.Write(append(row, e.WeightsSHA256, e.EMASHA256, e.OptimizerSHA256)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// number is the shortest text that gives v again.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
