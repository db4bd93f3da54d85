package progress

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
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

// TestProgressInFile checks that a file gets lines and no control characters.
func TestProgressInFile(t *testing.T) {
	var b strings.Builder
	now := time.Now()
	p := &progress{log: logging.New(&b, slog.LevelInfo, false), shown: time.Now()}
	p.pace = pace{Work: Work{Epochs: 2, Train: 1000, Validation: 300, After: 300}, now: func() time.Time { return now }}
	later := func() { p.shown, now = p.shown.Add(-plainInterval), now.Add(4*time.Second) }
	p.Step(1, 100, 1000, 2.3)
	later()
	p.Step(1, 500, 1000, 1.5) // 400 images in 4 s: 15 s for the others, 3 s for each of three times 300
	p.Step(1, 600, 1000, 1.4)
	later()
	p.Validation(1, 100, 300)
	p.Epoch(metric.Epoch{Epoch: 1, TrainLoss: 1.25, ValidationAccuracy: 0.98765432}, 2, true)
	want := regexp.MustCompile(`^\S+ INFO  training epoch=1/2 done=500/1000 train_loss=1.5 left="18 s"
\S+ INFO  validating epoch=1/2 done=100/300 left="[0-9]+ s"
\S+ INFO  epoch 1/2: train loss 1.2500, 0.00 %; validation 0.0000, 98.77 %; 0 images/s; best
$`)
	if !want.MatchString(b.String()) {
		t.Errorf("got\n%s", b.String())
	}
}
