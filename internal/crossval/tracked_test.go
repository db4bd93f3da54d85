package crossval

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestTableCountsUndecidedClips wants the table to say how many clips have no decision, behind the
// figure that they count in.
func TestTableCountsUndecidedClips(t *testing.T) {
	fold := &Fold{Record: &rundir.Record{}}
	fold.Record.Identity.Classes = []string{"bird", "drone"}
	figures := func(undecided int) metric.TrackedFigures {
		return metric.TrackedFigures{Clips: 4, Correct: 2, Accuracy: 0.5, Interval: metric.Wilson(2, 4), Confusion: [][]int{{2, 0}, {0, 0}}, Undecided: undecided}
	}
	cv := &CrossValidation{Folds: []*Fold{fold}, Result: &Result{Tracked: &Tracked{Methods: []string{"m"}, TrackedFigures: figures(2), BoxesGiven: figures(0)}}}
	var b strings.Builder
	cv.writeTracked(&b)
	_, found, _ := strings.Cut(b.String(), "found without labelled boxes:\n")
	if lines := strings.Split(found, "\n"); len(lines) < 3 || !strings.HasSuffix(lines[1], "without a decision, which count as wrong: 2") || strings.Count(b.String(), "without a decision") != 1 {
		t.Errorf("the table is\n%s", &b)
	}
}
