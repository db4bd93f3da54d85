package target

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Probabilities is the output of target class: FLOAT [N,classes].
const Probabilities = nn.Probabilities

// class is the target of a classifier: one of the dataset's classes.
type class struct{}

func newClass(*config.Options) (Target, error) { return class{}, nil }

// classProperties are those of target class.
var classProperties = Properties{
	Name: metric.TargetClass, Figure: metric.Accuracy, Kind: loss.Distribution, Loss: "cross-entropy", Mixup: true, Labelled: true,
	Measurements: []criterion.Measurement{
		criterion.ClassEvaluation, criterion.TestExamples, criterion.InferenceTime, criterion.ModelSize, criterion.ONNXAgreement, criterion.Regression,
	},
	Criteria: []string{"min_test_accuracy", "min_per_class_accuracy", "max_inference_time_ms", "max_model_size_mb", "onnx_agreement"},
	Prose: Prose{
		Task: "image-classification", Metric: "accuracy",
		What: "An image classifier", Gives: "gives one probability for each class",
		Limits: []string{
			"The accuracy is that on the test part. Expect less on images that differ from it: another camera, other light, other backgrounds.",
			"The model always answers with one of its classes. It cannot say that an image shows none of them; low probabilities are a hint at most.",
		},
	},
}

// Properties implements Target.
func (class) Properties() Properties { return classProperties }

// Blank implements Target.
func (class) Blank() metric.Result { return new(metric.Evaluation) }

// Task implements Target.
func (class) Task(_ nn.Shape, classes []string) (Task, error) {
	if len(classes) < 2 {
		return nil, fmt.Errorf("%d class %q: target class needs at least two classes", len(classes), classes)
	}
	return &classTask{dataset.OneHot(len(classes)), classes}, nil
}

// classTask encodes a label as a single 1 among zeros, one value for each class.
type classTask struct {
	dataset.Encoder
	classes []string
}

// Check implements Task.
func (t *classTask) Check(g *nn.Graph) error {
	return classProperties.checkOutput(g, nn.Shape{H: 1, W: 1, C: len(t.classes)}, "one value for each class")
}

// Trained implements Task.
func (t *classTask) Trained(g *nn.Graph, l loss.Loss) (*nn.Graph, error) {
	if err := classProperties.checkLoss(l); err != nil {
		return nil, err
	}
	if l.WantsProbabilities() {
		return nn.WithSoftmax(g), nil
	}
	return g, nil
}

// Served implements Task.
func (t *classTask) Served(g *nn.Graph) *nn.Graph { return nn.WithSoftmax(g) }

// Figure implements Task: 1 where the largest output is that of the largest target, and
// otherwise 0. Among equal ones the lowest index wins.
func (t *classTask) Figure(output, target []float32) float64 {
	if kernel.ArgMax(output) == kernel.ArgMax(target) {
		return 1
	}
	return 0
}

// NewTally implements Task.
func (t *classTask) NewTally(examples int) Tally {
	return &ClassTally{
		classes: t.classes, Probabilities: make([]float32, 0, examples*len(t.classes)), Labels: make([]int, 0, examples),
	}
}

// ClassTally collects the probabilities of a classifier. It keeps all of them, since
// comparisons with other models and the worst mistakes are found in them.
type ClassTally struct {
	Probabilities []float32 // [N,classes]
	Labels        []int     // [N]

	classes []string
}

// Add implements Tally.
func (t *ClassTally) Add(b Batch) error {
	probabilities, err := b.output(0, Probabilities, len(t.classes))
	if err != nil {
		return err
	}
	t.Probabilities = append(t.Probabilities, probabilities...)
	for _, info := range b.Infos {
		t.Labels = append(t.Labels, info.Label)
	}
	return nil
}

// Result implements Tally.
func (t *ClassTally) Result() (metric.Result, error) {
	e, err := metric.Evaluate(t.Probabilities, t.Labels, t.classes)
	if err != nil {
		return nil, err
	}
	return e, nil
}
