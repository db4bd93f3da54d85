package train

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// TestResumeFromSchema1 goes on from a checkpoint of a program that knew classifiers
// alone: it counts the correct ones where there is the sum of the target's figure now.
func TestResumeFromSchema1(t *testing.T) {
	_, want := run(t, smallJob(t, t.TempDir()))
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	job := smallJob(t, dir)
	job.Observer = stepStopper{3, stop}
	if _, err := Run(ctx, job); err == nil {
		t.Fatal("it was not stopped")
	}
	last := filepath.Join(dir, CheckpointDir, LastFile)
	file, err := weights.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.NewReplacer(`"schema":2`, `"schema":1`, `"figure_sum"`, `"correct"`).Replace(file.Metadata[stateKey])
	if !strings.Contains(old, `"schema":1`) || !strings.Contains(old, `"correct":`) || strings.Contains(old, `"correct":0,`) {
		t.Fatalf("not as schema 1 has it: %s", old)
	}
	setState(t, last, old)
	_, got := run(t, smallJob(t, dir))
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(metric.Epoch{}, "Seconds", "ImagesPerSecond")); d != "" {
		t.Errorf("the history differs from that of a run in one go:\n%s", d)
	}
}

// stepStopper stops a training after a step of the first epoch.
type stepStopper struct {
	left int
	stop context.CancelFunc
}

func (s stepStopper) Step(_, done, _ int, _ float64) {
	if done >= s.left*16 {
		s.stop()
	}
}

func (stepStopper) Validation(int, int, int) {}

func (stepStopper) Epoch(metric.Epoch, int, bool) {}
