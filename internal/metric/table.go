package metric

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const (
	tableClasses = 30 // more than this many classes are summarised
	worstClasses = 10 // how many of them are shown then
	shortClasses = 5  // of a short table
	labelColumns = 27
)

// Table is the evaluation for the log: at most 80 columns wide, all shares in
// per cent. Of more than 30 classes it shows the ten worst.
func (e *Evaluation) Table() string { return e.table(tableClasses, worstClasses) }

// ShortTable is Table with the five worst classes alone.
func (e *Evaluation) ShortTable() string { return e.table(shortClasses, shortClasses) }

// table shows all classes where there are at most limit, of more the worst.
func (e *Evaluation) table(limit, worst int) string {
	var b strings.Builder
	e.writeSummary(&b)
	b.WriteByte('\n')
	classes, left := e.PerClass, 0
	if len(classes) > limit {
		classes, left = e.Worst(worst), len(classes)-worst
	}
	fmt.Fprintf(&b, "%s %7s %8s  %-15s %9s %6s\n", pad("class", labelColumns), "support", "accuracy", "95 % interval", "precision", "F1")
	for _, c := range classes {
		interval := "–"
		if c.Interval != nil {
			interval = c.Interval.Percent()
		}
		fmt.Fprintf(&b, "%s %7s %8s  %-15s %9s %6s\n", pad(Clip(c.Label, labelColumns), labelColumns),
			Count(c.Support), PercentOrDash(c.Accuracy), interval, PercentOrDash(c.Precision), PercentOrDash(c.F1))
	}
	if left > 0 {
		fmt.Fprintf(&b, "and %d more classes, none of them worse\n", left)
	}
	e.writeClips(&b)
	return b.String()
}

func (e *Evaluation) writeSummary(b *strings.Builder) {
	e.writePart(b)
	fmt.Fprintf(b, "%s of %s examples right, %d classes", Count(e.Correct), Count(e.Examples), len(e.PerClass))
	if missing := len(e.WithoutExamples()); missing > 0 {
		fmt.Fprintf(b, ", %d of them without examples", missing)
	}
	b.WriteByte('\n')
	fmt.Fprintf(b, "accuracy     %s %% (%s %s)", Percent(e.Accuracy), e.IntervalWords(), e.AccuracyInterval.Percent())
	if e.TellsTopFive() {
		fmt.Fprintf(b, ", top five %s %%", Percent(e.TopK.Five))
	}
	b.WriteByte('\n')
	fmt.Fprintf(b, "loss         %.4f, calibration error %s %%, macro F1 %s %%\n", e.Loss, Percent(e.CalibrationError), Percent(e.Macro.F1))
	if w := e.WorstClass; w != nil {
		fmt.Fprintf(b, "worst class  %s: %s %% of %s (%s)\n", Clip(w.Label, 30), Percent(w.Accuracy), Count(w.Support), w.Interval.Percent())
	}
	for _, p := range e.MostConfused(1) {
		fmt.Fprintf(b, "mistaken     %s for %s, most often (%s)\n", Clip(p.Label, 20), Clip(p.Predicted, 20), Count(p.Count))
	}
	writeLatency(b, e.Latency)
}

// writePart begins a summary.
func (h *Head) writePart(b *strings.Builder) {
	if h.Part != "" {
		fmt.Fprintf(b, "%s part of %s: ", Clip(h.Part, 20), Clip(h.Dataset, 30))
	}
}

func writeLatency(b *strings.Builder, l *Latency) {
	if l != nil {
		fmt.Fprintf(b, "latency      p50 %.3g ms, p95 %.3g ms (batch %d, workers %d, %s samples)\n", l.P50, l.P95, l.Batch, l.Workers, Count(l.Samples))
		if c := l.Calibration; c != nil {
			fmt.Fprintf(b, "calibration  p50 %.3g ms, p95 %.3g ms (%s); the model takes %.3g times as long\n", c.P50, c.P95, c.Network, c.Ratio)
		}
	}
}

// Worst returns up to limit classes: those without examples first, then by
// rising accuracy, ties in the order of the classes.
func (e *Evaluation) Worst(limit int) []Class {
	sorted := slices.Clone(e.PerClass)
	slices.SortStableFunc(sorted, func(a, b Class) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	return sorted[:min(max(limit, 0), len(sorted))]
}

func sortKey(c Class) float64 {
	if c.Accuracy == nil {
		return -1
	}
	return *c.Accuracy
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-Columns(s)))
}
