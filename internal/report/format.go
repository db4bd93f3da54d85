package report

import (
	"github.com/blocktrain/blocktrain/internal/htmlpage"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// formats are the functions that both templates have.
func formats() map[string]any {
	functions := htmlpage.Formats()
	functions["optional"] = metric.PercentOrDash
	functions["interval"] = intervalOrDash
	functions["epochs"] = epochs
	functions["value"] = func(r metric.Result) float64 { _, v := r.Measured(); return v }
	functions["loss"] = metric.LossText
	functions["phase"] = metric.PhaseWords
	functions["prose"] = func(s string) string { return metric.Clip(s, maxProse) }
	return functions
}

func epochs(n int) string {
	if n == 1 {
		return "1 epoch"
	}
	return metric.Count(n) + " epochs"
}

func intervalOrDash(i *metric.Interval) string {
	if i == nil {
		return "–"
	}
	return i.Percent()
}
