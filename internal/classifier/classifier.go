// Package classifier runs a trained network on images: the one way from pixels to
// results that validation, evaluation, prediction, latency and servers share.
package classifier

import (
	"context"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Classifier is a network with its weights, the rule that brings images to its input,
// and the names of what it tells apart. Networks for other targets than classes are
// run by it too.
type Classifier struct {
	*rundir.Trained
	Rule   imaging.Rule
	Labels []string // of the classes; nil where the outputs are not of classes
	// Seen, where it is not nil, is told how many of the examples of a list are scored.
	Seen func(done, total int)
	// Known keeps what scoring computes, for later scorings of the same images.
	Known *Known
}

// Of is the classifier that a record describes, with the weights t.
func Of(record *rundir.Record, t *rundir.Trained) *Classifier {
	return &Classifier{Trained: t, Rule: record.Identity.ServedInput(), Labels: t.Labels(record.Identity.Classes)}
}

// Open reads the classifier of a run or package, with the weights in file instead of
// its own if that is not empty.
func Open(source *rundir.Source, file string) (*Classifier, *rundir.Record, error) {
	record, t, err := source.OpenModel(file)
	if err != nil {
		return nil, nil, err
	}
	return Of(record, t), record, nil
}

// Output is the output of that name among those of a plan, nil where there is none.
func (c *Classifier) Output(outputs [][]float32, name string) []float32 {
	for k, o := range c.Graph.Outputs {
		if o.Name == name {
			return outputs[k]
		}
	}
	return nil
}

// ImageBytes is the number of bytes of one image as the network takes it.
func (c *Classifier) ImageBytes() int { return c.Images().Elements() }

// scoringBatch is the most images that scoring takes at a time.
const scoringBatch = 128

// Scorer runs a network over lists of examples, with its weights as they are at the
// time.
type Scorer struct {
	*Classifier
	plan *Plan
}

// NewScorer compiles the network. Close ends its workers.
func (c *Classifier) NewScorer(workers int) (*Scorer, error) {
	plan, err := c.NewPlan(scoringBatch, workers)
	if err == nil {
		plan.Keep(c.Known)
	}
	return &Scorer{c, plan}, err
}

// Close ends the workers.
func (s *Scorer) Close() { s.plan.Close() }

// Tally runs the network over the examples of list and collects what it makes of them.
func (s *Scorer) Tally(ctx context.Context, data *dataset.Loader, list []int) (target.Tally, error) {
	s.plan.Refresh()
	tally := s.Task.NewTally(len(list))
	loader := *data
	loader.Encoder = s.Task
	infos := make([]dataset.Info, 0, scoringBatch)
	for batch, err := range loader.Batches(ctx, list, 0, 0, s.plan.BatchSize()) {
		if err != nil {
			return nil, err
		}
		infos = infos[:0]
		for _, i := range batch.Indexes {
			infos = append(infos, data.Dataset.Info(i))
		}
		scored := target.Batch{Infos: infos, Images: batch.Images, Targets: batch.Targets, Outputs: s.plan.Run(batch.N, batch.Images)}
		if err := tally.Add(scored); err != nil {
			return nil, err
		}
		if s.Seen != nil {
			s.Seen(batch.Position+batch.N, len(list))
		}
	}
	return tally, ctx.Err()
}

// Tally is Scorer.Tally for a single list.
func (c *Classifier) Tally(ctx context.Context, data *dataset.Loader, list []int, workers int) (target.Tally, error) {
	s, err := c.NewScorer(workers)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Tally(ctx, data, list)
}

// Validator scores a network on a fixed list of examples, as training does after each
// epoch.
type Validator struct {
	*Scorer
	Data *dataset.Loader
	List []int
}

// Validate implements train.Validator.
func (v Validator) Validate(ctx context.Context, seen func(done, total int)) (metric.Result, error) {
	v.Seen = seen
	tally, err := v.Tally(ctx, v.Data, v.List)
	if err != nil {
		return nil, err
	}
	return tally.Result()
}

// Measuring latency: how many calls are not counted, and how many are.
const (
	LatencyWarmup  = 20
	LatencySamples = 200
)

// Timing says what is timed.
type Timing struct {
	Machine   string // its name
	Calibrate bool   // time the calibration network too
}

// Latency times the network on single images of list, on one worker, in turn with the
// calibration network if that is asked for.
func (c *Classifier) Latency(ctx context.Context, data *dataset.Loader, list []int, timing Timing) (*metric.Latency, error) {
	plan, err := c.NewPlan(1, 1)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	var calibration *calibration
	if timing.Calibrate {
		if calibration, err = newCalibration(); err != nil {
			return nil, err
		}
		defer calibration.close()
	}
	order := make([]int, LatencyWarmup+LatencySamples)
	for i := range order {
		order[i] = list[i%len(list)]
	}
	var samples, calibrated []time.Duration
	for batch, err := range data.Batches(ctx, order, 0, 0, 1) {
		if err != nil {
			return nil, err
		}
		started := time.Now()
		plan.Run(1, batch.Images)
		took := time.Since(started)
		other := calibration.time()
		if batch.Position >= LatencyWarmup {
			samples, calibrated = append(samples, took), append(calibrated, other)
		}
	}
	latency, err := metric.SummarizeLatency(samples, 1, 1, timing.Machine)
	if err == nil && timing.Calibrate {
		err = latency.Calibrate(CalibrationNetwork, calibrated)
	}
	return latency, err
}
