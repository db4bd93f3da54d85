package pipeline

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// TestEpochWordsFit checks that the line of an epoch has at most 120 columns in the
// log, with the time that files have.
func TestEpochWordsFit(t *testing.T) {
	const before = len("2006-01-02 15:04:05 INFO  ")
	e := metric.Epoch{Epoch: 100, TrainLoss: 2.3, TrainAccuracy: 1, ValidationLoss: 2.3, ValidationAccuracy: 1, ImagesPerSecond: 123456}
	if line := epochWords(e, 100, true); before+len(line) > 120 {
		t.Errorf("%d columns: %s", before+len(line), line)
	}
}
