package report

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/htmlpage"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

const (
	// fewExamples is below how many examples of a class, or of a part, figures are
	// called uncertain.
	fewExamples = 100
	// poorCalibration is from which expected calibration error on the
	// probabilities are called unreliable.
	poorCalibration = 0.05
)

// AllLimits are the limits of the target, those that follow from the figures, and after
// them those that were given.
func (r *Report) AllLimits() ([]string, error) {
	p, err := r.Properties()
	if err != nil {
		return nil, err
	}
	limits := slices.Clone(p.Prose.Limits)
	if e := r.Judged().Evaluation; e != nil {
		limits = append(limits, limitsOf(e)...)
	} else if len(r.Results()) == 0 {
		limits = append(limits, fmt.Sprintf("The model was not evaluated: nothing is known of its %s.", p.Figure.Name))
	} else {
		limits = append(limits, r.limitsOfFew()...)
	}
	if l := r.Latency(); l != nil {
		limits = append(limits, fmt.Sprintf("Times are those of the machine they were measured on (%s).", htmlpage.Dash(l.Machine)))
	}
	return slices.Concat(limits, r.Controls.Warnings(), r.Limits), nil
}

// addDistance says what a distance of an image is and is not, of a model that has them.
func (r *Report) addDistance(record *rundir.Record) {
	if record.Files[layout.ReferenceFile] == "" {
		return
	}
	r.Limits = append(r.Limits, "“blocktrain predict” says with each image how far it is from the training images (distance, distance_percentile): a high percentile is a reason to look at the image, a low one is no proof that the label is right. The ONNX file and servers do not give it.")
}

// limitsOfFew are those of results that rest on few examples.
func (r *Report) limitsOfFew() []string {
	var limits []string
	for _, result := range r.Others() {
		if n := result.Header().Examples; n < fewExamples {
			limits = append(limits, fmt.Sprintf("The figures of the %s part rest on fewer than %d examples.", result.Part, fewExamples))
		}
	}
	return limits
}

func limitsOf(e *metric.Evaluation) []string {
	var limits []string
	if missing := e.WithoutExamples(); len(missing) > 0 {
		limits = append(limits, fmt.Sprintf("Nothing is known of %s without test examples, the first of them %q.", classes(len(missing)), missing[0]))
	}
	few := 0
	for _, c := range e.PerClass {
		if c.Support > 0 && c.Support < fewExamples {
			few++
		}
	}
	if few > 0 {
		limits = append(limits, fmt.Sprintf("The figures of %s rest on fewer than %d examples: mind the intervals.", classes(few), fewExamples))
	}
	if e.CalibrationError >= poorCalibration {
		limits = append(limits, fmt.Sprintf("Do not take the probabilities at their word: on average they are off by %s percentage points.", metric.Percent(e.CalibrationError)))
	}
	return limits
}

func classes(n int) string {
	if n == 1 {
		return "one class"
	}
	return metric.Count(n) + " classes"
}
