package report

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
)

func TestReportCountsUndecidedClips(t *testing.T) {
	f := metric.TrackedFigures{Clips: 4, Correct: 2, Accuracy: 0.5, Interval: metric.Wilson(2, 4)}
	if text := withUndecided(&f); text != f.Text() {
		t.Errorf("where all clips have a decision: %q", text)
	}
	f.Undecided = 1
	if text := withUndecided(&f); !strings.HasPrefix(text, f.Text()) || !strings.HasSuffix(text, "clips without a decision, which count as wrong: 1") {
		t.Errorf("where one clip has none: %q", text)
	}
}
