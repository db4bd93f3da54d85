package train

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// TestMeasure measures jobs of several sizes: it ends in time, leaves the weights alone
// and writes nothing.
func TestMeasure(t *testing.T) {
	d := drawn{}
	for _, test := range []struct {
		name   string
		change func(j *Job)
	}{
		{"as it is", func(*Job) {}},
		{"a batch of a shard", func(j *Job) { j.BatchSize = 4 }},
		{"a batch smaller than a shard", func(j *Job) { j.BatchSize = 3 }},
		{"one step in all", func(j *Job) { j.Epochs, j.BatchSize, j.OverfitBatch = 1, 1000, true }},
		{"averaged", func(j *Job) { j.EMA = 0.9 }},
		{"a rate that diverges", func(j *Job) { j.LearningRate = 1e30 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			job := testJob(t, smallGraph(t), d, t.TempDir())
			job.Observer = nil // nobody is told
			job.Train = &dataset.Loader{Dataset: dataset.MadeUp(d, job.Train.Rule), Rule: job.Train.Rule, Workers: 2}
			test.change(&job)
			before := job.Params.Digest()
			started := time.Now()
			speed, err := Measure(t.Context(), job, 200*time.Millisecond)
			if err != nil || speed.Train <= 0 || speed.Score <= 0 {
				t.Errorf("got %+v, error %v", speed, err)
			}
			if took := time.Since(started); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if job.Params.Digest() != before {
				t.Error("the weights have changed")
			}
			if files, err := os.ReadDir(job.Dir); err != nil || len(files) > 0 {
				t.Errorf("it wrote %v, error %v", files, err)
			}
		})
	}
}

// TestMeasureInterrupted checks that the end of the context ends a measurement.
func TestMeasureInterrupted(t *testing.T) {
	job := testJob(t, smallGraph(t), drawn{}, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if speed, err := Measure(ctx, job, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, error %v", speed, err)
	}
}
