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
	"strconv"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

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

// EpochLine is the line of an epoch in a history, with its line feed.
func EpochLine(e Epoch) ([]byte, error) {
	e.Schema = Schema
	if err := e.check(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(e)
	return append(line, '\n'), err
}

// AppendEpoch adds a line to the history at path, making the file if need be,
// and returns when it is on disk. Call it before writing the checkpoint that
// covers the epoch: a line too many is cut off on resuming, a missing one is
// not made up.
func AppendEpoch(path string, e Epoch) (err error) {
	line, err := EpochLine(e)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	f, err := fileio.OpenAppend(path)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(line); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return f.Sync()
}

// MaxHistory is the length of the longest history in bytes: 100,000 epochs, the most there
// can be, take some 60 million.
const MaxHistory = 64 << 20

// ReadHistory reads the history at path. A line that is malformed, cut short or
// out of turn is an error that gives its number.
func ReadHistory(path string) ([]Epoch, error) {
	b, err := fileio.ReadFile(path, MaxHistory)
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
		if number > 1 && e.FigureName() != history[0].FigureName() {
			return nil, fmt.Errorf("line %d: it has the figure %s, and the lines before it have %s", number, e.FigureName(), history[0].FigureName())
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

// TruncateHistory cuts the history at path back to its first epochs lines, as
// resuming from a checkpoint of that epoch requires; whatever follows, even
// half a line, is dropped. Fewer lines than that are an error. No file counts
// as no lines.
func TruncateHistory(path string, epochs int) error {
	b, err := fileio.ReadFile(path, MaxHistory)
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

// WriteHistoryCSV writes the history as a table with a header line. An empty history
// has the header of classes.
func WriteHistoryCSV(w io.Writer, history []Epoch) error {
	c := csv.NewWriter(w)
	figure := Accuracy.Name
	if len(history) > 0 {
		figure = history[0].FigureName()
	}
	if err := c.Write(epochColumns(figure)); err != nil {
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
