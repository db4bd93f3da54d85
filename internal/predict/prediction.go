package predict

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	Top         []Candidate `json:"top,omitempty"` // the most probable classes, as many as were asked for

	// Of a classifier whose head had a phase of its own: how far the image is from the training
	// images, and the share of the validation part that is at most so far away, in percent.
	Distance           *float32 `json:"distance,omitempty"`
	DistancePercentile *float64 `json:"distance_percentile,omitempty"`

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

// topCandidates is the number of classes that a prediction lists where no other was asked for.
const topCandidates = 5

// Ranked lists at most top classes of those names from the most probable to the least, ties in
// the order of the classes.
func Ranked(probabilities []float32, classes []string, top int) []Candidate {
	list := make([]Candidate, len(probabilities))
	for i, p := range probabilities {
		list[i] = Candidate{classes[i], i, p}
	}
	slices.SortStableFunc(list, func(a, b Candidate) int { return cmp.Compare(b.Probability, a.Probability) })
	return list[:min(top, len(list))]
}

// classes enters the most probable classes.
func (p *Prediction) classes(top []Candidate) {
	p.Top = top
	best := top[0]
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
		columns := ClassColumns(min(p.request.Top, len(p.Labels)))
		if p.unusual != nil {
			columns = append(columns, "distance", "distance_percentile")
		}
		return csvWriter{csv.NewWriter(w), append(append([]string{"source"}, columns...), "error"), (*Prediction).classRow}, nil
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
	row := ClassRow(p.Top)
	if p.Distance != nil {
		row = append(row, strconv.FormatFloat(float64(*p.Distance), 'g', -1, 32), strconv.FormatFloat(*p.DistancePercentile, 'g', -1, 64))
	}
	return row
}

// ClassRow is the text of the columns of ClassColumns.
func ClassRow(top []Candidate) []string {
	var row []string
	for _, c := range top {
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

// ClassColumns names the columns of so many classes of a line.
func ClassColumns(top int) []string {
	columns := []string{"label", "index", "probability"}
	for place := 2; place <= top; place++ {
		columns = append(columns, fmt.Sprintf("label_%d", place), fmt.Sprintf("index_%d", place), fmt.Sprintf("probability_%d", place))
	}
	return columns
}
