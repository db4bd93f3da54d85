// Package criterion decides whether a model may be released. Each criterion
// compares one measurement with one threshold; a measurement that is missing or
// not finite refuses, and so does a decision without criteria.
package criterion

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Criterion judges one property of a model.
type Criterion interface {
	// Measures says which measurement the criterion compares.
	Measures() Measurement
	Judge(m Measurements) Verdict
}

// Measurement names what can be measured of a model. Which of them there are depends
// on its target.
type Measurement string

// The measurements.
const (
	ClassEvaluation Measurement = "evaluation of classes"         // every figure of metric.Evaluation
	ImageEvaluation Measurement = "evaluation of reconstructions" // every figure of metric.Reconstruction
	InferenceTime   Measurement = "inference time"
	ModelSize       Measurement = "model size"
	TestExamples    Measurement = "number of test examples"
	Regression      Measurement = "comparison with a baseline"
	ONNXAgreement   Measurement = "agreement of model.onnx"
)

// Measurements is what is known of a model when it is judged. A nil field was
// not measured.
type Measurements struct {
	// Test is the result on the test part, of whatever target the model has.
	Test metric.Result
	// Latency is the time of one inference: batch 1, one worker, after a
	// warm-up, at least 200 samples.
	Latency *metric.Latency
	// ModelBytes is the size of model.onnx.
	ModelBytes *int64
	// Agreement is how model.onnx agrees with the trained model on the test part.
	Agreement *Agreement
	// Baseline compares with an earlier model.
	Baseline *Baseline
}

// Baseline is how an earlier model does on the test part of this run.
type Baseline struct {
	Name          string            `json:"name"`                                // for people: where it was read from
	WeightsSHA256 string            `json:"weights_sha256,omitempty" schema:"2"` // of its judged weights
	Comparison    metric.Comparison `json:"comparison"`
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
	Unit      string           `json:"unit"` // "share", "ms", "MB" (1,000,000 bytes), "p-value", "mse", "examples", "ratio" (to the calibration network), "range" (difference over the range of an output)
	Passed    bool             `json:"passed"`
	Reason    string           `json:"reason"`
	Interval  *metric.Interval `json:"interval,omitempty"` // 95 %, of a measured share or error
	// Rarest is compared as well where the number of test examples is, if there are classes.
	Rarest *RarestClass `json:"rarest_class,omitempty" schema:"2"`
	// Labels is compared as well where the agreement of model.onnx is.
	Labels *SameLabels `json:"same_label,omitempty" schema:"2"`
	// Absent is the number of classes that are not counted, since the test part has no
	// examples of them and that was allowed.
	Absent int `json:"absent_classes,omitempty" schema:"2"`
}

// modules is the table of criteria.
var modules = map[string]config.Module[Criterion]{
	"max_inference_ratio":      {Doc: "median time for one image on one thread, as a multiple of that of a calibration network timed in turn with it", New: newMaxInferenceRatio},
	"max_inference_time_ms":    {Doc: "95th percentile of the time for one image on one thread", New: newMaxInferenceTime},
	"max_model_size_mb":        {Doc: "size of model.onnx in MB of 1,000,000 bytes", New: newMaxModelSize},
	"max_reconstruction_error": {Doc: "mean squared error of the images of the test part", New: newMaxReconstructionError},
	"min_per_class_accuracy":   {Doc: "accuracy of the worst class of the test part", New: newMinPerClassAccuracy},
	"min_test_accuracy":        {Doc: "accuracy on the test part", New: newMinTestAccuracy},
	"min_test_examples":        {Doc: "examples of the test part, and of the rarest class in it", New: newMinTestExamples},
	"min_unseen_accuracy":      {Doc: "accuracy by clip on test clips whose scenes the training part does not show", New: newMinUnseenAccuracy},
	"no_regression":            {Doc: "not significantly worse than the baseline on the test part (paired McNemar test; of grouped data, by groups)", New: newNoRegression},
	"onnx_agreement":           {Doc: "model.onnx, run from the file on the test part, agrees with the trained model", New: newONNXAgreement},
}

// MakeCriterion builds the criterion of that name from options in the form
// "threshold=0.97", and returns it with all its options resolved.
func MakeCriterion(name, options string) (Criterion, map[string]string, error) {
	return config.Make("criterion", modules, name, options)
}

// Modules documents all criteria, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// Fitting lists the names of the criteria that compare one of the measurements given,
// in the order of those.
func Fitting(has []Measurement) []string {
	var names []string
	for _, m := range has {
		for _, name := range slices.Sorted(maps.Keys(modules)) {
			// The error is of no interest: without options there is none.
			if c, _, err := MakeCriterion(name, ""); err == nil && c.Measures() == m {
				names = append(names, name)
			}
		}
	}
	return names
}

// CheckFit refuses a criterion whose measurement a target does not have.
func CheckFit(c Criterion, target string, has []Measurement) error {
	if slices.Contains(has, c.Measures()) {
		return nil
	}
	return fmt.Errorf("criterion %s does not fit target %s, which has %s", NameOf(c), target, strings.Join(Fitting(has), ", "))
}

// NameOf is the name that a criterion has in its verdicts.
func NameOf(c Criterion) string { return c.Judge(Measurements{}).Name }

// resultOf is the result that a criterion judges, which only one target has. Where it
// is not there, the second result says why.
func resultOf[T metric.Result](m Measurements) (result T, lacking string) {
	if !metric.Present(m.Test) {
		return result, notEvaluated
	}
	result, fits := m.Test.(T)
	if !fits {
		return result, fmt.Sprintf("the evaluation on the test part is of target %s, which does not have this measurement: leave the criterion out", m.Test.Header().TargetName())
	}
	return result, ""
}

// bound is what all criteria are made of: one threshold on one side.
type bound struct {
	name, op, unit string
	of             Measurement
	threshold      float64
}

// Measures implements Criterion.
func (b bound) Measures() Measurement { return b.of }

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
