package detection

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// Row is a line of the table of figures for people: all clips, or those of a class.
type Row struct {
	Name string
	*Figures
}

// Rows are all clips, and then each class where there are several.
func (r *Result) Rows() []Row { return rowsOf(&r.All, r.PerClass) }

func rowsOf(all *Figures, perClass []ClassFigures) []Row {
	rows := []Row{{"all", all}}
	for i := range perClass {
		if len(perClass) > 1 {
			rows = append(rows, Row{perClass[i].Label, &perClass[i].Figures})
		}
	}
	return rows
}

// IoUText is the mean intersection over union.
func (f *Figures) IoUText() string {
	if f.IoU == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f", *f.IoU)
}

const labelColumns = 20

// Table is the result for the log, at most 80 columns wide, shares in per cent.
func (r *Result) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "targets found in %s clips of the %s part, %s frames with a target\n", metric.Count(r.All.Clips), r.Part, metric.Count(r.All.Targets))
	writeRows(&b, r.Rows())
	for _, line := range r.Words() {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// writeRows writes a table of figures.
func writeRows(b *strings.Builder, rows []Row) {
	fmt.Fprintf(b, "%-*s %7s %6s %6s %-15s %6s %5s %6s\n", labelColumns, "", "frames", "first", "track", "95 % interval", "in 5", "IoU", "> 0.3")
	for _, row := range rows {
		interval := "–"
		if row.Track.Interval != nil {
			interval = row.Track.Interval.Percent()
		}
		fmt.Fprintf(b, "%s %7s %6s %6s %-15s %6s %5s %6s\n", padded(row.Name), metric.Count(row.Targets),
			metric.PercentOrDash(row.First.Share), metric.PercentOrDash(row.Track.Share), interval, metric.PercentOrDash(row.Best.Share), row.IoUText(), metric.PercentOrDash(row.Over30.Share))
	}
}

func padded(name string) string {
	name = metric.Clip(name, labelColumns)
	return name + strings.Repeat(" ", max(0, labelColumns-len([]rune(name))))
}

// Words are sentences on the threshold, the false alarms and the speed.
func (r *Result) Words() []string {
	var words []string
	if t := r.Threshold; t != nil {
		chosen := fmt.Sprintf("reaches %d %% of the targets of the validation part", Wanted)
		if !r.Thresholds.Enough {
			chosen = fmt.Sprintf("finds the most targets of the validation part, where none reaches %d %%", Wanted)
		}
		words = append(words, fmt.Sprintf("The threshold %.4g %s.", t.Score, chosen),
			fmt.Sprintf("It finds %s %% of the targets of this part.", metric.PercentOrDash(t.Found.Share)))
		words = append(words, r.Quiet.alarmWords(&t.Rates)...)
	}
	if s := r.Speed; s != nil {
		words = append(words, fmt.Sprintf("A frame takes %.3g ms; %.3g frames/s with decoding (%d workers).", s.Milliseconds, s.PerSecond, s.Workers))
	}
	return words
}

// alarmWords says how many false alarms there are, and on what they are counted.
func (q *Quiet) alarmWords(t *Rates) []string {
	if t.PerMinute == nil {
		return []string{"There are no frames that false alarms could be counted on."}
	}
	on := "frames whose targets are painted over"
	if q.On == OnEmpty {
		on = "empty frames"
	}
	return []string{
		fmt.Sprintf("%.4g false alarms a minute (95 %% interval %.4g to %.4g): frames that reach it.", *t.PerMinute, t.Interval.Low, t.Interval.High),
		fmt.Sprintf("They are counted on %.3g minutes of %s.", float64(q.Microseconds)/minute, on),
	}
}
