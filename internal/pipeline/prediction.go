package pipeline

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

func writeJSONL(w io.Writer, p *Prediction) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(p)
}

// csvHeader names the columns of writeCSV for a model with so many classes.
func csvHeader(classes int) []string {
	columns := []string{"source", "label", "index", "probability"}
	for place := 2; place <= min(topCandidates, classes); place++ {
		columns = append(columns, fmt.Sprintf("label_%d", place), fmt.Sprintf("index_%d", place), fmt.Sprintf("probability_%d", place))
	}
	return append(columns, "error")
}

// writeCSV writes the prediction as a line of so many columns; those of candidates
// that there are not are empty.
func writeCSV(w io.Writer, p *Prediction, columns int) error {
	row := []string{p.Source}
	for _, c := range p.Top {
		row = append(row, c.Label, strconv.Itoa(c.Index), strconv.FormatFloat(float64(c.Probability), 'g', -1, 32))
	}
	for len(row) < columns-1 {
		row = append(row, "")
	}
	return writeRow(w, append(row, p.Error))
}

func writeRow(w io.Writer, row []string) error {
	c := csv.NewWriter(w)
	if err := c.Write(row); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}
