package report

import (
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Evaluated is an evaluation of a classifier with the name of its part.
type Evaluated struct {
	Part string
	*metric.Evaluation
}

// Judged is a result of any target with the name of its part.
type Judged struct {
	Part string
	metric.Result
}

// Results lists the results there are, the test part first.
func (r *Report) Results() []Judged {
	var all []Judged
	if metric.Present(r.Test) {
		all = append(all, Judged{"test", r.Test})
	}
	if metric.Present(r.Validation) {
		all = append(all, Judged{"validation", r.Validation})
	}
	return all
}

// Evaluations are the results that are those of a classifier.
func (r *Report) Evaluations() []Evaluated {
	var all []Evaluated
	for _, result := range r.Results() {
		if e, is := result.Result.(*metric.Evaluation); is {
			all = append(all, Evaluated{result.Part, e})
		}
	}
	return all
}

// ClipResults are the evaluations that have figures of clips.
func (r *Report) ClipResults() []Evaluated {
	return slices.DeleteFunc(r.Evaluations(), func(e Evaluated) bool { return e.Clips == nil })
}

// ControlsOf are the controls of the evaluation of a part; nil where there are none.
func (r *Report) ControlsOf(part string) *metric.ControlledPart { return r.Controls.Of(part) }

// Others are the results of targets other than class, which are shown by their facts.
func (r *Report) Others() []Judged {
	var all []Judged
	for _, result := range r.Results() {
		if _, is := result.Result.(*metric.Evaluation); !is {
			all = append(all, result)
		}
	}
	return all
}

// FactRow is one fact of results, with its value in each of Others.
type FactRow struct {
	Name   string
	Values []string
}

// FactRows turns the facts of Others round: there are more facts than parts, and a row
// for each part would be too wide for the page.
func (r *Report) FactRows() []FactRow {
	var rows []FactRow
	for _, result := range r.Others() {
		for i, fact := range result.Facts() {
			if i == len(rows) {
				rows = append(rows, FactRow{Name: fact.Name})
			}
			rows[i].Values = append(rows[i].Values, fact.Value)
		}
	}
	return rows
}

// Judged is the evaluation that the tables of classes are of: that of the test
// part, or else the validation part; its Evaluation is nil without either.
func (r *Report) Judged() Evaluated {
	if all := r.Evaluations(); len(all) > 0 {
		return all[0]
	}
	return Evaluated{}
}

// manyClasses says whether there are too many for a confusion matrix.
func (r *Report) manyClasses() bool {
	e := r.Judged().Evaluation
	return e != nil && len(e.PerClass) > metric.DenseClasses
}

// ConfusedPairs are the pairs of classes that the page lists: more of them where no
// confusion matrix shows the others.
func (r *Report) ConfusedPairs() []metric.ConfusedPair {
	switch e := r.Judged().Evaluation; {
	case e == nil:
		return nil
	case r.manyClasses():
		return e.MostConfused(visualization.MaxPairs)
	default:
		return e.MostConfused(10)
	}
}

// TargetName is the name of the target: the report's own, or that of the results.
func (r *Report) TargetName() string {
	if r.Target != "" {
		return r.Target
	}
	for _, result := range r.Results() {
		return result.Header().TargetName()
	}
	return metric.TargetClass
}

// Properties are those of the report's target.
func (r *Report) Properties() (target.Properties, error) {
	t, err := target.MakeTarget(r.TargetName())
	if err != nil {
		return target.Properties{}, err
	}
	return t.Properties(), nil
}

// Latency is that of the test part, nil where it was not measured.
func (r *Report) Latency() *metric.Latency {
	if !metric.Present(r.Test) {
		return nil
	}
	return r.Test.MeasuredLatency()
}

// AnomalyLimit is the score above which an auto-encoder calls an image an anomaly, the
// 99th percentile of the validation part; nil where there is none.
func (r *Report) AnomalyLimit() *float64 {
	if v, is := r.Validation.(*metric.Reconstruction); is && v != nil {
		return &v.Score.P99
	}
	return nil
}

// inPercent says whether the figure of the history is the accuracy.
func (r *Report) inPercent() bool {
	return len(r.History) == 0 || r.History[0].FigureName() == metric.Accuracy.Name
}

// FigureHead is the head of a part's column of figures in the history.
func (r *Report) FigureHead(part string) string {
	if r.inPercent() {
		return part + " %"
	}
	return part + " " + r.History[0].FigureName()
}

// FigureCell is a value of that column.
func (r *Report) FigureCell(v float64) string {
	if r.inPercent() {
		return metric.Percent(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
