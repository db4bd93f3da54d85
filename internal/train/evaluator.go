package train

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// InferenceBatch is the number of images to give to one call of an inference plan
// of g, at most limit: fewer where they or a layer's output are large. It does not
// affect any result.
func InferenceBatch(g *nn.Graph, limit int) int {
	const budget = 64 << 20 // values of the largest layer
	largest := 1
	for _, n := range g.Nodes {
		largest = max(largest, n.Shape.Elements())
	}
	return max(1, min(limit, budget/largest))
}

// evaluationBatch is the most images that evaluation takes at a time.
const evaluationBatch = 128

// evaluator runs an inference plan of a classifier over lists of examples.
type evaluator struct {
	inference     *engine.Inference
	classes       int
	outputs       [1][]float32 // of the present batch
	probabilities []float32
	labels        []int
}

func newEvaluator(g *nn.Graph, params *nn.Parameters, workers int) (*evaluator, error) {
	inference, err := engine.NewInference(nn.WithSoftmax(g), params, InferenceBatch(g, evaluationBatch), workers)
	if err != nil {
		return nil, err
	}
	return &evaluator{inference: inference, classes: inference.Sizes()[0]}, nil
}

func (e *evaluator) close() { e.inference.Close() }

// evaluate scores the examples of list with the present weights.
func (e *evaluator) evaluate(ctx context.Context, data *dataset.Loader, list []int) (*metric.Evaluation, error) {
	e.inference.Refresh()
	if err := e.run(ctx, data, list); err != nil {
		return nil, err
	}
	return metric.Evaluate(e.probabilities, e.labels, data.Dataset.Classes())
}

func (e *evaluator) run(ctx context.Context, data *dataset.Loader, list []int) error {
	e.labels = e.labels[:0]
	if need := len(list) * e.classes; cap(e.probabilities) < need {
		e.probabilities = make([]float32, need)
	}
	e.probabilities = e.probabilities[:len(list)*e.classes]
	for batch, err := range data.Batches(ctx, list, 0, 0, e.inference.BatchSize()) {
		if err != nil {
			return err
		}
		at := len(e.labels) * e.classes
		e.outputs[0] = e.probabilities[at:][:batch.N*e.classes]
		e.inference.Run(e.outputs[:], batch.Images)
		for _, i := range batch.Indexes {
			e.labels = append(e.labels, data.Dataset.Info(i).Label)
		}
	}
	return ctx.Err()
}

// Probabilities runs the weights over the examples of list and returns
// [len(list),classes] and the labels.
func Probabilities(ctx context.Context, g *nn.Graph, params *nn.Parameters, data *dataset.Loader, list []int, workers int) (probabilities []float32, labels []int, err error) {
	e, err := newEvaluator(g, params, workers)
	if err != nil {
		return nil, nil, err
	}
	defer e.close()
	err = e.run(ctx, data, list)
	return e.probabilities, e.labels, err
}
