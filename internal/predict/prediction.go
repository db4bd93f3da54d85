package predict

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Prediction is one line of the result of predict.
type Prediction struct {
	Source      string      `json:"source"`
	Label       string      `json:"label,omitempty"`
	Index       *int        `json:"index,omitempty"` // of the label
	Probability *float32    `json:"probability,omitempty"`
	Top         []Candidate `json:"top,omitempty"` // the five most probable classes at most

	// Of an auto-encoder: the mean squared error of the reconstruction, and whether that
	// is more than 99 % of the images of the validation part have.
	Score   *float32 `json:"score,omitempty"`
	Anomaly *bool    `json:"anomaly,omitempty"`

	// Of networks for other targets: the outputs by name.
	Outputs map[string][]float32 `json:"outputs,omitempty"`

	Error string `json:"error,omitempty"`
}

// Candidate is a class with its probability.
type Candidate struct {
	Label       string  `json:"label"`
	Index       int     `json:"index"`
	Probability float32 `json:"probability"`
}

// topCandidates is the number of classes that a prediction lists.
const topCandidates = 5

// classes enters the probabilities of the classes of those names.
func (p *Prediction) classes(probabilities []float32, classes []string) {
	order := rank(probabilities)
	for _, i := range order[:min(topCandidates, len(order))] {
		p.Top = append(p.Top, Candidate{classes[i], i, probabilities[i]})
	}
	best := p.Top[0]
	p.Label, p.Index, p.Probability = best.Label, &best.Index, &best.Probability
}

// score enters a score, and whether it is above the typical one unless that is negative.
func (p *Prediction) score(score, typical float32) {
	p.Score = &score
	if typical >= 0 {
		anomaly := score > typical
		p.Anomaly = &anomaly
	}
}

// Writer writes predictions, a line each.
type Writer interface {
	// Begin writes what comes before the first line.
	Begin() error
	Write(p *Prediction) error
}

// NewWriter returns the writer of a format, "jsonl" or "csv", for what the predictor
// makes of images.
func (p *Predictor) NewWriter(format string, w io.Writer) (Writer, error) {
	if format != "csv" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return jsonWriter{e}, nil
	}
	switch name := p.Target.Properties().Name; name {
	case metric.TargetClass:
		return csvWriter{csv.NewWriter(w), csvHeader(len(p.Labels)), (*Prediction).classRow}, nil
	case metric.TargetImage:
		return csvWriter{csv.NewWriter(w), []string{"source", "score", "anomaly", "error"}, (*Prediction).scoreRow}, nil
	default:
		return nil, config.Usagef("--format csv does not fit target %s: want jsonl", name)
	}
}

type jsonWriter struct{ *json.Encoder }

func (w jsonWriter) Begin() error { return nil }

func (w jsonWriter) Write(p *Prediction) error { return w.Encode(p) }

// csvWriter writes lines of the columns of its header. Those that a prediction lacks are
// empty.
type csvWriter struct {
	*csv.Writer
	header []string
	row    func(p *Prediction) []string // without the error, which comes last
}

func (w csvWriter) Begin() error { return w.line(w.header) }

func (w csvWriter) Write(p *Prediction) error {
	row := append([]string{p.Source}, w.row(p)...)
	for len(row) < len(w.header)-1 {
		row = append(row, "")
	}
	return w.line(append(row, p.Error))
}

func (p *Prediction) classRow() []string {
	var row []string
	for _, c := range p.Top {
		row = append(row, c.Label, strconv.Itoa(c.Index), strconv.FormatFloat(float64(c.Probability), 'g', -1, 32))
	}
	return row
}

func (p *Prediction) scoreRow() []string {
	if p.Score == nil {
		return nil
	}
	row := []string{strconv.FormatFloat(float64(*p.Score), 'g', -1, 32)}
	if p.Anomaly != nil {
		row = append(row, strconv.FormatBool(*p.Anomaly))
	}
	return row
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
