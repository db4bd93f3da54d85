package predict

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// Prediction is one line of the result of predict.
type Prediction struct {
	Source      string      `json:"source"`
	Label       string      `json:"label,omitempty"`
	Index       *int        `json:"index,omitempty"` // of the label
	Probability *float32    `json:"probability,omitempty"`
	Top         []Candidate `json:"top,omitempty"` // the five most probable classes at most
	Error       string      `json:"error,omitempty"`
}

// Candidate is a class with its probability.
type Candidate struct {
	Label       string  `json:"label"`
	Index       int     `json:"index"`
	Probability float32 `json:"probability"`
}

// topCandidates is the number of classes that a prediction lists.
const topCandidates = 5

func (p *Prediction) fill(probabilities []float32, classes []string) {
	order := rank(probabilities)
	for _, i := range order[:min(topCandidates, len(order))] {
		p.Top = append(p.Top, Candidate{classes[i], i, probabilities[i]})
	}
	best := p.Top[0]
	p.Label, p.Index, p.Probability = best.Label, &best.Index, &best.Probability
}

// Writer writes predictions, a line each.
type Writer interface {
	// Begin writes what comes before the first line.
	Begin() error
	Write(p *Prediction) error
}

// NewWriter returns the writer of a format, "jsonl" or "csv", for a model with so
// many classes.
func NewWriter(format string, w io.Writer, classes int) Writer {
	if format == "csv" {
		return csvWriter{csv.NewWriter(w), csvHeader(classes)}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonWriter{e}
}

type jsonWriter struct{ *json.Encoder }

func (w jsonWriter) Begin() error { return nil }

func (w jsonWriter) Write(p *Prediction) error { return w.Encode(p) }

// csvWriter writes lines of the columns of its header. Those of candidates that there
// are not are empty.
type csvWriter struct {
	*csv.Writer
	header []string
}

func (w csvWriter) Begin() error { return w.line(w.header) }

func (w csvWriter) Write(p *Prediction) error {
	row := []string{p.Source}
	for _, c := range p.Top {
		row = append(row, c.Label, strconv.Itoa(c.Index), strconv.FormatFloat(float64(c.Probability), 'g', -1, 32))
	}
	for len(row) < len(w.header)-1 {
		row = append(row, "")
	}
	return w.line(append(row, p.Error))
}

func (w csvWriter) line(row []string) error {
	if err := w.Writer.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// csvHeader names the columns of csvWriter for a model with so many classes.
func csvHeader(classes int) []string {
	columns := []string{"source", "label", "index", "probability"}
	for place := 2; place <= min(topCandidates, classes); place++ {
		columns = append(columns, fmt.Sprintf("label_%d", place), fmt.Sprintf("index_%d", place), fmt.Sprintf("probability_%d", place))
	}
	return append(columns, "error")
}
