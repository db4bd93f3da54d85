package crossval

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Table shows all for people: the folds, mean and spread, and the pooled evaluation.
func (cv *CrossValidation) Table() string {
	var b strings.Builder
	r := cv.Result
	fmt.Fprintf(&b, "cross-validation of %s with %d folds%s\n\n", metric.Clip(r.Dataset, 30), len(r.Folds), r.notes())
	fmt.Fprintf(&b, "%4s %8s %10s %6s %10s", "fold", "training", "validation", "test", "best epoch")
	for _, s := range r.Figures {
		if shown(s.Name) {
			fmt.Fprintf(&b, " %9s", strings.ReplaceAll(s.Name, "_", " "))
		}
	}
	b.WriteByte('\n')
	for _, f := range r.Folds {
		fmt.Fprintf(&b, "%4d %8s %10s %6s %10s", f.Number, metric.Count(f.Train), metric.Count(f.Validation), metric.Count(f.Test),
			fmt.Sprintf("%d of %d", f.BestEpoch, f.Epochs))
		for _, figure := range f.Figures {
			writeValue(&b, figure.Name, figure.Value)
		}
		b.WriteByte('\n')
	}
	for _, line := range []struct {
		name  string
		value func(s Spread) float64
	}{{"mean", func(s Spread) float64 { return s.Mean }}, {"standard deviation", func(s Spread) float64 { return s.StdDev }}} {
		fmt.Fprintf(&b, "%-42s", line.name)
		for _, s := range r.Figures {
			writeValue(&b, s.Name, line.value(s))
		}
		b.WriteByte('\n')
	}
	if cv.Pooled != nil {
		fmt.Fprintf(&b, "\nall folds together, each example judged once:\n%s", cv.Pooled.Table())
		if c := r.Pooled.Sensor; c != nil {
			fmt.Fprintf(&b, "\nseen through the sensor, all folds together:\n%s", c.Table())
		}
		r.Pooled.writeControls(&b)
	}
	cv.writeTracked(&b)
	return b.String()
}

// writeControls writes what the figures of clips are held against.
func (p *Pooled) writeControls(b *strings.Builder) {
	if p.Controls == nil {
		return
	}
	b.WriteByte('\n')
	p.Controls.WriteTable(b)
	if p.LeftOut != "" {
		fmt.Fprintf(b, "no network was trained on painted-over targets: %s\n", p.LeftOut)
	}
	if w := p.Controls.Warning(); w != "" {
		fmt.Fprintf(b, "\n%s\n", w)
	}
}

// notes say what the folds keep together and leave out.
func (r *Result) notes() string {
	notes := ""
	if grouped(r.Group) {
		notes = ", groups (" + metric.Clip(r.Group, 20) + ") in one fold each"
	}
	if r.IncludeTest {
		notes += ", the official test part included"
	}
	return notes
}

// shown says whether the table has a figure; the JSON has all.
func shown(name string) bool { return name != "calibration_error" }

func writeValue(b *strings.Builder, name string, v float64) {
	switch {
	case !shown(name):
	case name == "loss", name == metric.MeanSquaredError.Name:
		fmt.Fprintf(b, " %9s", metric.LossText(v))
	default:
		fmt.Fprintf(b, " %7s %%", metric.Percent(v))
	}
}

// text says what a cross-validation would do.
func (made *division) text(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dry run: no directory is made; %s would get these folds\n\n", dir)
	fmt.Fprintf(&b, "%4s %9s %10s %6s\n", "fold", "training", "validation", "test")
	for k, s := range made.splits {
		fmt.Fprintf(&b, "%4d %9s %10s %6s\n", k+1, metric.Count(len(s.Train)), metric.Count(len(s.Validation)), metric.Count(len(s.Test)))
	}
	if groups, images := dataset.CountGroups(made.data); images > 0 {
		fmt.Fprintf(&b, "\n%s groups of %s images stay in one fold each\n", metric.Count(groups), metric.Count(images))
	}
	if left := dataset.Official(made.data, dataset.PartTest); len(left) > 0 && !made.folds.IncludeTest {
		fmt.Fprintf(&b, "\nthe official test part, %s images, takes no part; --include-test joins it\n", metric.Count(len(left)))
	}
	return b.String()
}
