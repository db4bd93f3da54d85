// Package distance says how unusual an image is for the model of a run whose head had a phase
// of its own: how far the features of the image are from those of training images, and how many
// images of the validation part are at most as far away.
//
// The rows that features are compared with, and the distances of the validation part, are a
// file of the run and its package. It depends on the weights and the images, and not on the
// number of workers.
package distance

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/features"
	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
)

// maxRows is the most training images that an image is compared with. A row has 4 bytes for each
// feature: 5 MB in all for the 1,280 of EfficientNet-Lite0.
const maxRows = 1000

// Reference is what the features of an image are compared with.
type Reference struct {
	training   *head.Reference // at most maxRows rows
	validation []float32       // distances of the images of the validation part, sorted
	weights    string          // SHA-256 of the network's weights
}

// Distance is how far an image is from the training images: 1 less the cosine of the angle
// between its features and those of the third nearest, so from 0 to 2. Percentile is the share
// of the validation part that is at most so far away, in percent.
type Distance struct {
	Distance   float32
	Percentile float64
}

// HeadOf finds the head of the network of a record, where that had a phase of its own. It is
// false for all other networks, of which no distance is known.
func HeadOf(record *rundir.Record, t *rundir.Trained) (features.Head, bool) {
	phases := record.Identity.Phases
	if phases == nil || phases.Head == train.HeadNone || len(t.First) > 0 || t.Target.Properties().Name != metric.TargetClass {
		return features.Head{}, false
	}
	h, err := features.HeadOf(t.Graph)
	return h, err == nil
}

// Output is the name under which Serve gives features.
const Output = "features"

// Serve returns a graph that gives what the graph gives, and the features that its head sees
// besides.
func Serve(g *nn.Graph, h features.Head) (*nn.Graph, error) {
	with := g.Extend()
	for _, o := range g.Outputs {
		with.Serve(o.Name, o.Node)
	}
	with.Serve(Output, h.Features)
	return with, with.Err()
}

// ValidationImages counts the images of the validation part whose distances are known.
func (r *Reference) ValidationImages() int { return len(r.validation) }

// Of are the distances of images, of whose features each row is one, [M,D]. Where a feature is
// no finite number, the distance is nil: nothing can be said.
func (r *Reference) Of(ctx context.Context, rows []float32, workers int) ([]*Distance, error) {
	measured, err := r.measure(ctx, rows, workers)
	if err != nil {
		return nil, err
	}
	sorted := make([]float64, len(r.validation))
	for i, v := range r.validation {
		sorted[i] = float64(v)
	}
	distances := make([]*Distance, len(measured))
	for i, v := range measured {
		if finite(v) {
			distances[i] = &Distance{v, head.Percentile(sorted, float64(v))}
		}
	}
	return distances, nil
}

// measure gives distances as the file has them: as float32, and not below 0, where rounding can
// bring them. That of an image is NaN where a feature is no finite number.
func (r *Reference) measure(ctx context.Context, rows []float32, workers int) ([]float32, error) {
	found, err := r.training.Distances(ctx, rows, workers)
	if err != nil {
		return nil, err
	}
	distances, width := make([]float32, len(found)), len(r.training.Mean)
	for i, v := range found {
		distances[i] = float32(max(0, v))
		if !all(rows[i*width:][:width], finite) {
			distances[i] = float32(math.NaN())
		}
	}
	return distances, nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Difference finds the first figure in which two references differ, and both values. All are
// empty where there is none.
func (r *Reference) Difference(other *Reference) (figure, own, others string) {
	if r.weights != other.weights {
		return weightsKey, r.weights, other.weights
	}
	theirs := other.tensors()
	for i, t := range r.tensors() {
		if !slices.Equal(t.Shape, theirs[i].Shape) {
			return t.Name, fmt.Sprint(t.Shape), fmt.Sprint(theirs[i].Shape)
		}
		for k, v := range t.Data {
			if found := theirs[i].Data[k]; math.Float32bits(v) != math.Float32bits(found) {
				return fmt.Sprintf("%s[%d]", t.Name, k), fmt.Sprint(v), fmt.Sprint(found)
			}
		}
	}
	return "", "", ""
}
