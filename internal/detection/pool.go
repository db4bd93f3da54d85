package detection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// Pooled are the figures of several results together, which have no clip and no group in
// common. Intervals are 95 %, by the groups of all.
type Pooled struct {
	All      Figures        `json:"all"`
	PerClass []ClassFigures `json:"per_class"`
	// At is what the thresholds of the results give, each on the clips of its own result; nil
	// where one has no threshold, or counts false alarms on other frames than the others.
	At    *Rates `json:"at_thresholds,omitempty"`
	Quiet Quiet  `json:"quiet"` // "on" is that of the first result
}

// Pool adds up what is known of the clips of results, at least one; labels are the names of the
// classes by their numbers.
func Pool(parts []*Result, labels []string) (*Pooled, error) {
	sum, groups := &Result{Quiet: Quiet{On: parts[0].Quiet.On}, Thresholds: Thresholds{Scores: []float64{0}}}, 0
	for number, part := range parts {
		if part.Threshold == nil || part.Quiet.On != sum.Quiet.On {
			sum.Thresholds.Scores = nil
		}
		own := 0
		for _, l := range part.Each {
			if l.Class < 0 || l.Class >= len(labels) {
				return nil, fmt.Errorf("cannot pool what is known of targets: a clip of result %d is of class %d, and there are %d classes", number+1, l.Class, len(labels))
			}
			if at := part.Thresholds.Chosen; part.Threshold != nil {
				l.Found, l.Alarms = l.Found[at:at+1], l.Alarms[at:at+1]
			}
			own = max(own, l.Group+1)
			l.Group += groups
			sum.Each = append(sum.Each, l)
		}
		groups += own
	}
	sum.sum(labels)
	p := &Pooled{All: sum.All, PerClass: sum.PerClass, Quiet: sum.Quiet}
	if sum.Threshold != nil {
		p.At = &sum.Threshold.Rates
	}
	return p, nil
}

// Table is all of it for people, at most 80 columns wide, shares in per cent.
func (p *Pooled) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "targets found in %s clips, %s frames with a target\n", metric.Count(p.All.Clips), metric.Count(p.All.Targets))
	writeRows(&b, rowsOf(&p.All, p.PerClass))
	if p.At != nil {
		words := fmt.Sprintf("With the threshold of its fold, %s %% of the targets are found.", metric.PercentOrDash(p.At.Found.Share))
		b.WriteString(strings.Join(slices.Concat([]string{words}, p.Quiet.alarmWords(p.At)), "\n") + "\n")
	}
	return b.String()
}
