package pipeline

import (
	"encoding/csv"
	"encoding/json"
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

// csvHeader names the columns of writeCSV.
const csvHeader = "source,label,index,probability,error"

func writeCSV(w io.Writer, p *Prediction) error {
	row := []string{p.Source, p.Label, "", "", p.Error}
	if p.Index != nil {
		row[2] = strconv.Itoa(*p.Index)
		row[3] = strconv.FormatFloat(float64(*p.Probability), 'g', -1, 32)
	}
	c := csv.NewWriter(w)
	if err := c.Write(row); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}
