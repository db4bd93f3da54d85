// Package criterion decides whether a model may be released. Each criterion
// compares one measurement with one threshold; a measurement that is missing or
// not finite refuses, and so does a decision without criteria.
package criterion

import (
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Criterion judges one property of a model.
type Criterion interface {
	Judge(m Measurements) Verdict
}

// Measurements is what is known of a model when it is judged. A nil field was
// not measured.
type Measurements struct {
	// Test is the evaluation on the test part.
	Test *metric.Evaluation
	// Latency is the time of one inference: batch 1, one worker, after a
	// warm-up, at least 200 samples.
	Latency *metric.Latency
	// ModelBytes is the size of model.onnx.
	ModelBytes *int64
	// Baseline compares with an earlier model.
	Baseline *Baseline
}

// Baseline is how an earlier model does on the test part of this run.
type Baseline struct {
	Name       string            `json:"name"` // for people: where it was read from
	Comparison metric.Comparison `json:"comparison"`
	// TrainedOn is the number of examples of this test part that the baseline
	// was trained on.
	TrainedOn int `json:"trained_on"`
	// Unknown is true where the baseline's own data was not at hand, so that images
	// that other data has too were not looked for.
	Unknown bool `json:"trained_on_unknown,omitempty"`
}

// Verdict is what one criterion says of one model. Measured is nil, null in
// JSON, when there is no usable measurement; Reason says so in that case and
// explains the figure otherwise.
type Verdict struct {
	Name      string           `json:"name"`
	Op        string           `json:"op"` // ">=" or "<=": measured op threshold
	Threshold float64          `json:"threshold"`
	Measured  *float64         `json:"measured"`
	Unit      string           `json:"unit"` // "share", "ms", "MB" (1,000,000 bytes), "p-value"
	Passed    bool             `json:"passed"`
	Reason    string           `json:"reason"`
	Interval  *metric.Interval `json:"interval,omitempty"` // 95 %, of a measured share
}

// modules is the table of criteria.
var modules = map[string]config.Module[Criterion]{
	"max_inference_time_ms":  {Doc: "95th percentile of the time for one image on one thread", New: newMaxInferenceTime},
	"max_model_size_mb":      {Doc: "size of model.onnx in MB of 1,000,000 bytes", New: newMaxModelSize},
	"min_per_class_accuracy": {Doc: "accuracy of the worst class of the test part", New: newMinPerClassAccuracy},
	"min_test_accuracy":      {Doc: "accuracy on the test part", New: newMinTestAccuracy},
	"no_regression":          {Doc: "not significantly worse than the baseline on the test part (paired McNemar test)", New: newNoRegression},
}

// MakeCriterion builds the criterion of that name from options in the form
// "threshold=0.97", and returns it with all its options resolved.
func MakeCriterion(name, options string) (Criterion, map[string]string, error) {
	return config.Make("criterion", modules, name, options)
}

// Modules documents all criteria, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// bound is what all criteria are made of: one threshold on one side.
type bound struct {
	name, op, unit string
	threshold      float64
}

// measured is the verdict on a value.
func (b bound) measured(value float64, format string, args ...any) Verdict {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return b.refused("the measurement is %v, which is not a finite number", value)
	}
	passed := value >= b.threshold
	if b.op == "<=" {
		passed = value <= b.threshold
	}
	return Verdict{Name: b.name, Op: b.op, Threshold: b.threshold, Measured: &value, Unit: b.unit,
		Passed: passed, Reason: fmt.Sprintf(format, args...)}
}

// refused is the verdict where there is nothing to compare with the threshold.
func (b bound) refused(format string, args ...any) Verdict {
	return Verdict{Name: b.name, Op: b.op, Threshold: b.threshold, Unit: b.unit, Reason: fmt.Sprintf(format, args...)}
}
