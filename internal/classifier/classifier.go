// Package classifier runs a trained network on images: the one way from pixels to
// probabilities that evaluation, prediction, latency and servers share.
package classifier

import (
	"context"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Classifier is a network with its weights, the rule that brings images to its input,
// and the names of what it tells apart.
type Classifier struct {
	Graph  *nn.Graph
	Params *nn.Parameters
	Rule   imaging.Rule
	Labels []string
}

// Of is the classifier that a record describes, with the weights t.
func Of(record *rundir.Record, t *rundir.Trained) *Classifier {
	return &Classifier{Graph: t.Graph, Params: t.Params, Rule: record.Identity.Input, Labels: record.Identity.Classes}
}

// Open reads the classifier of the run or package at path, with the weights in file
// instead of its own if that is not empty.
func Open(path, file string) (*Classifier, *rundir.Record, error) {
	record, t, err := rundir.OpenModel(path, file)
	if err != nil {
		return nil, nil, err
	}
	return Of(record, t), record, nil
}

// ImageBytes is the number of bytes of one image as the network takes it.
func (c *Classifier) ImageBytes() int { return c.Graph.Input().Shape.Elements() }

// Plan compiles the network for batches of up to batch images, fewer where they are
// large. Whoever asked for the plan closes it.
func (c *Classifier) Plan(batch, workers int) (*engine.Inference, error) {
	return engine.NewInference(c.Graph, c.Params, train.InferenceBatch(c.Graph, batch), workers)
}

// Probabilities runs the network over the examples of list and returns
// [len(list),classes] and the labels.
func (c *Classifier) Probabilities(ctx context.Context, data *dataset.Loader, list []int, workers int) (probabilities []float32, labels []int, err error) {
	return train.Probabilities(ctx, c.Graph, c.Params, data, list, workers)
}

// Measuring latency: how many calls are not counted, and how many are.
const (
	LatencyWarmup  = 20
	latencySamples = 200
)

// Latency times the network on single images of list, on one worker of the machine of
// that name.
func (c *Classifier) Latency(ctx context.Context, data *dataset.Loader, list []int, machine string) (*metric.Latency, error) {
	plan, err := c.Plan(1, 1)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	order := make([]int, LatencyWarmup+latencySamples)
	for i := range order {
		order[i] = list[i%len(list)]
	}
	probabilities := make([]float32, plan.Classes())
	var samples []time.Duration
	for batch, err := range data.Batches(ctx, order, 0, 0, 1) {
		if err != nil {
			return nil, err
		}
		started := time.Now()
		plan.Run(probabilities, batch.Images)
		if batch.Position >= LatencyWarmup {
			samples = append(samples, time.Since(started))
		}
	}
	return metric.SummarizeLatency(samples, 1, 1, machine)
}
