package metric

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteClassesCSV writes the table of classes, one line each under a header
// line. What is undefined is an empty field.
func (e *Evaluation) WriteClassesCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	header := []string{"label", "support", "accuracy", "interval_low", "interval_high", "precision", "recall", "f1"}
	if err := c.Write(header); err != nil {
		return err
	}
	for _, class := range e.PerClass {
		var low, high *float64
		if class.Interval != nil {
			low, high = &class.Interval.Low, &class.Interval.High
		}
		row := []string{class.Label, strconv.Itoa(class.Support)}
		for _, v := range []*float64{class.Accuracy, low, high, class.Precision, class.Recall, class.F1} {
			row = append(row, optional(v))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

// WriteConfusionCSV writes the confusion matrix with the predicted classes as
// header line and the true class at the head of each row. Where the evaluation has
// the counts that are not 0 alone, it writes a line for each of those.
func (e *Evaluation) WriteConfusionCSV(w io.Writer) error {
	if e.Confusion == nil {
		return csv.NewWriter(w).WriteAll(e.sparseRows())
	}
	return csv.NewWriter(w).WriteAll(e.denseRows())
}

func (e *Evaluation) denseRows() [][]string {
	header := []string{"true \\ predicted"}
	for _, class := range e.PerClass {
		header = append(header, class.Label)
	}
	rows := [][]string{header}
	for i, counts := range e.Confusion {
		row := []string{e.PerClass[i].Label}
		for _, n := range counts {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	return rows
}

func (e *Evaluation) sparseRows() [][]string {
	rows := [][]string{{"true", "predicted", "count"}}
	for c := range e.Cells() {
		rows = append(rows, []string{e.PerClass[c.True].Label, e.PerClass[c.Predicted].Label, strconv.Itoa(c.Count)})
	}
	return rows
}
