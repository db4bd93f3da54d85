package criterion

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := fileio.WriteBytes(path, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", path, diff)
	}
}

// evaluation has 100 examples of each class, of which so many are right.
func evaluation(t *testing.T, right ...int) *metric.Evaluation {
	t.Helper()
	k := len(right)
	var probabilities []float32
	var labels []int
	var classes []string
	for class, n := range right {
		classes = append(classes, "class "+string(rune('a'+class)))
		for i := range 100 {
			row := make([]float32, k)
			if row[class] = 1; i >= n {
				row[class], row[(class+1)%k] = 0, 1
			}
			probabilities, labels = append(probabilities, row...), append(labels, class)
		}
	}
	e, err := metric.Evaluate(probabilities, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// reconstruction has the mean 1/64.
func reconstruction(t *testing.T) *metric.Reconstruction {
	t.Helper()
	r, err := metric.EvaluateScores([]float32{1. / 128, 2. / 128, 2. / 128, 3. / 128})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func latency() *metric.Latency {
	return &metric.Latency{P50: 1.5, P95: 4, Max: 9, Batch: 1, Workers: 1, Samples: 200, Machine: "a computer, 2 cores",
		Calibration: &metric.Calibration{Network: "calibration-1", P50: 0.5, P95: 0.5, Max: 1, Samples: 200, Ratio: 3}}
}

// calibrated has the calibration network take so many milliseconds, and a ratio recorded.
func calibrated(ms, ratio float64) func(m *Measurements) {
	return func(m *Measurements) { m.Latency.Calibration.P50, m.Latency.Calibration.Ratio = ms, ratio }
}

// good are measurements that pass every criterion with its default threshold.
func good(t *testing.T) Measurements {
	size := int64(1_700_000)
	test := evaluation(t, 99, 98, 97)
	return Measurements{
		Test: test, Latency: latency(), ModelBytes: &size,
		Agreement: agreed(300),
		Baseline:  &Baseline{Name: "runs/before", Comparison: metric.Comparison{BothRight: 290, OnlyCandidate: 4, OnlyBaseline: 2, BothWrong: 4}},
	}
}

// agreed is the agreement of a classifier on 300 examples, of which so many get the same
// label.
func agreed(same int) *Agreement {
	digest := strings.Repeat("ab", 32)
	a := NewAgreement("test", &Verdict{Threshold: 1e-4, Labels: &SameLabels{Threshold: 0.9999}})
	a.Networks = []NetworkAgreement{{
		WeightsSHA256: digest, FileSHA256: digest, ComputationSHA256: digest, Opset: 17, Examples: 300,
		Runtimes: []RuntimeAgreement{{Runtime: OwnRuntime, SameLabel: &same, Outputs: []OutputAgreement{{"probabilities", 1e-6, 1}}}},
	}}
	a.Judge()
	return a
}

func make1(t *testing.T, name, options string) Criterion {
	t.Helper()
	c, _, err := MakeCriterion(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clips puts clips into the place of the test part, of seen scenes all of them wrong, and so many
// of unseen scenes, of which some are right.
func clips(seen, unseen, right int, known bool) func(m *Measurements) {
	return func(m *Measurements) {
		var lines []metric.ClipLine
		var probabilities []float32
		var of, labels, groups []int
		for at := range seen + unseen {
			line, name, is := metric.ClipLine{Group: at}, fmt.Sprint(at), at < seen
			line.Clip, line.Scene = name, name
			if known {
				line.Seen = &is
			}
			row := []float32{0, 1}
			if !is && at < seen+right {
				row = []float32{1, 0}
			}
			lines, probabilities = append(lines, line), append(probabilities, row...)
			of, labels, groups = append(of, at), append(labels, 0), append(groups, at)
		}
		e, err := metric.Evaluate(probabilities, labels, []string{"bird", "drone"})
		if err != nil {
			panic(err)
		}
		e.ByGroups(groups, probabilities, labels)
		e.ByClips(lines, of, []bool{true, true}, probabilities, labels)
		m.Test = e
	}
}

// byBoth adds what ONNX Runtime made of the file.
func byBoth(same int, difference float64) func(m *Measurements) {
	return func(m *Measurements) {
		n := &m.Agreement.Networks[0]
		n.Runtimes = append(n.Runtimes, RuntimeAgreement{Runtime: ONNXRuntime, Version: "1.24.3", SameLabel: &same, Outputs: []OutputAgreement{{"probabilities", difference, 1}}})
		m.Agreement.Judge()
	}
}

func TestJudge(t *testing.T) {
	none := math.NaN()
	rare := func(n int) func(m *Measurements) { // a class more, with so many examples
		return func(m *Measurements) { m.Test = withRare(t, n) }
	}
	images := func(m *Measurements) { m.Test = reconstruction(t) }
	tests := []struct {
		name, options string
		change        func(m *Measurements)
		measured      float64 // NaN: none
		passed        bool
		reason        string
	}{
		{"min_test_accuracy", "", nil, 0.98, true, "294 of 300 test examples are right (95 % interval 95.71 to 99.08 %)"},
		{"min_test_accuracy", "threshold=0.98", nil, 0.98, true, ""},
		{"min_test_accuracy", "threshold=0.981", nil, 0.98, false, "294 of 300"},
		{"min_test_accuracy", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"min_test_accuracy", "", func(m *Measurements) { m.Test = &metric.Evaluation{} }, none, false, "no examples"},
		{"min_test_accuracy", "", func(m *Measurements) { m.Test.(*metric.Evaluation).Accuracy = math.NaN() }, none, false, "is NaN, which is not a finite number"},

		{"min_test_accuracy", "", func(m *Measurements) { m.Test = (*metric.Evaluation)(nil) }, none, false, "no evaluation on the test part"},
		{"min_test_accuracy", "", func(m *Measurements) { m.Test = reconstruction(t) }, none, false, "is of target image, which does not have this measurement"},

		{"min_per_class_accuracy", "", nil, 0.97, true, `the worst class is "class c": 97.00 % of 100 test examples (95 % interval 91.55 to 98.97 %)`},
		{"min_per_class_accuracy", "threshold=0.98", nil, 0.97, false, "class c"},
		{"min_per_class_accuracy", "", func(m *Measurements) { m.Test = evaluation(t, 100, 89) }, 0.89, false, `"class b": 89.00 %`},
		{"min_per_class_accuracy", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"min_per_class_accuracy", "", func(m *Measurements) { m.Test = &metric.Evaluation{Head: metric.Head{Examples: 1}} }, none, false, "no classes"},
		{"min_per_class_accuracy", "", func(m *Measurements) {
			e := m.Test.(*metric.Evaluation)
			e.PerClass = append(e.PerClass, metric.Class{Label: "rare\nclass"})
		}, none, false, `1 of 4 classes have no test examples, the first of them "rare class"`},

		{"min_per_class_accuracy", "", func(m *Measurements) { m.Test = reconstruction(t) }, none, false, "is of target image"},

		{"min_per_class_accuracy", "absent=skip", nil, 0.97, true, "98.97 %)"},
		{"min_per_class_accuracy", "absent=skip", rare(0), 0.97, true, `"class c": 97.00 % of 100 test examples (95 % interval 91.55 to 98.97 %); 1 class without test examples is not counted`},
		{"min_per_class_accuracy", "threshold=0.98,absent=skip", rare(0), 0.97, false, "not counted"},

		{"max_inference_ratio", "threshold=3", calibrated(0.5, 3), 3, true, "median of 200 single images 1.5 ms, of calibration-1 in turn with them 0.5 ms, on a computer, 2 cores"},
		{"max_inference_ratio", "threshold=2.9", calibrated(0.5, 3), 3, false, "median of 200"},
		{"max_inference_ratio", "", calibrated(0.5, 2), none, false, "recorded as 2, the times give 3"},
		{"max_inference_ratio", "", calibrated(0, 3), none, false, "want more than 0"},
		{"max_inference_ratio", "", func(m *Measurements) { calibrated(0.5, 3)(m); m.Latency.Calibration.Samples = 199 }, none, false, "timed 199 times"},
		{"max_inference_ratio", "", func(m *Measurements) { calibrated(0.5, 3)(m); m.Latency.Workers = 2 }, none, false, "2 workers"},
		{"max_inference_ratio", "", func(m *Measurements) { m.Latency.Calibration = nil }, none, false, "the calibration network was not timed"},
		{"max_inference_ratio", "", func(m *Measurements) { m.Latency = nil }, none, false, "was not measured"},

		{"min_unseen_accuracy", "", clips(1, 4, 3, true), 0.75, true, "3 of 4 test clips of scenes that the training part does not show are right (95 % interval by groups 25.00 to 100.00 %)"},
		{"min_unseen_accuracy", "threshold=0.76", clips(1, 4, 3, true), 0.75, false, "3 of 4 test clips"},
		{"min_unseen_accuracy", "", clips(3, 0, 0, true), none, false, "all 3 test clips show scenes of the training part"},
		{"min_unseen_accuracy", "", clips(0, 4, 4, false), none, false, "it is not known which scenes"},
		{"min_unseen_accuracy", "", nil, none, false, "the test part has no clips"},
		{"min_unseen_accuracy", "", images, none, false, "is of target image"},
		{"min_unseen_accuracy", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"min_test_examples", "", nil, 300, true, `the test part has 300 examples, the rarest class, "class a", has 100 of them, of at least 30 wanted`},
		{"min_test_examples", "threshold=300,per-class=100", nil, 300, true, ""},
		{"min_test_examples", "threshold=301", nil, 300, false, "300 examples"},
		{"min_test_examples", "per-class=101", nil, 300, false, "of at least 101 wanted"},
		{"min_test_examples", "threshold=0", rare(29), 329, false, `the rarest class, "class d", has 29 of them`},
		{"min_test_examples", "", rare(30), 330, true, `"class d"`},
		{"min_test_examples", "", rare(0), 300, false, `"class d", has 0 of them`},
		{"min_test_examples", "absent=skip", rare(0), 300, true, `"class a", has 100 of them, of at least 30 wanted; 1 class without test examples is not counted`},
		{"min_test_examples", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"min_test_examples", "", func(m *Measurements) { m.Test = &metric.Evaluation{Head: metric.Head{Examples: 50}} }, none, false, "no classes"},
		{"min_test_examples", "", images, 4, false, "the test part has 4 examples"},
		{"min_test_examples", "threshold=4", images, 4, true, ""},

		{"max_reconstruction_error", "", images, 0.015625, true, "mean over 4 test images, the 99th percentile is 0.02344, the largest 0.02344"},
		{"max_reconstruction_error", "threshold=0.015625", images, 0.015625, true, ""},
		{"max_reconstruction_error", "threshold=0.0156", images, 0.015625, false, "4 test images"},
		{"max_reconstruction_error", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"max_reconstruction_error", "", func(m *Measurements) { m.Test = (*metric.Reconstruction)(nil) }, none, false, "no evaluation on the test part"},
		{"max_reconstruction_error", "", nil, none, false, "is of target class, which does not have this measurement"},
		{"max_reconstruction_error", "", func(m *Measurements) { m.Test = &metric.Reconstruction{} }, none, false, "no examples"},
		{"max_reconstruction_error", "", func(m *Measurements) {
			images(m)
			m.Test.(*metric.Reconstruction).Error = math.Inf(1)
		}, none, false, "not a finite number"},
		{"max_reconstruction_error", "", func(m *Measurements) {
			images(m)
			m.Test.(*metric.Reconstruction).Error = -1
		}, none, false, "is negative"},

		{"max_inference_time_ms", "", nil, 4, true, "95th percentile of 200 single images, median 1.5 ms, on a computer, 2 cores"},
		{"max_inference_time_ms", "threshold=4", nil, 4, true, ""},
		{"max_inference_time_ms", "threshold=3.99", nil, 4, false, "95th percentile"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.Machine = "" }, 4, true, "on a machine that is not named"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency = nil }, none, false, "was not measured"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.Batch = 8 }, none, false, "batch 8 and 1 workers, want one image on one worker"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.Workers = 2 }, none, false, "batch 1 and 2 workers"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.Samples = 199 }, none, false, "199 times, want at least 200"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.P95 = -1 }, none, false, "negative"},
		{"max_inference_time_ms", "", func(m *Measurements) { m.Latency.P95 = math.Inf(1) }, none, false, "+Inf, which is not a finite"},

		{"max_model_size_mb", "", nil, 1.7, true, "model.onnx has 1,700,000 bytes"},
		{"max_model_size_mb", "threshold=1.7", nil, 1.7, true, ""},
		{"max_model_size_mb", "threshold=1.6", nil, 1.7, false, "1,700,000 bytes"},
		{"max_model_size_mb", "", func(m *Measurements) { m.ModelBytes = nil }, none, false, "run the export stage"},
		{"max_model_size_mb", "", func(m *Measurements) { m.ModelBytes = new(int64) }, none, false, "0 bytes: export it again"},

		{"onnx_agreement", "", nil, 1e-6, true, "run by the program's own reader, 300 of 300 test examples get the same label, and the largest difference is 1e-06"},
		{"onnx_agreement", "threshold=1e-6", nil, 1e-6, true, ""},
		{"onnx_agreement", "threshold=9e-7", nil, 1e-6, false, "1e-06"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement = agreed(299) }, 1e-6, false, "299 of 300 test examples get the same label"},
		{"onnx_agreement", "same-label=0.99", func(m *Measurements) { m.Agreement = agreed(299) }, 1e-6, true, "299 of 300"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement.Networks[0].Runtimes[0].Outputs[0].Difference = 2e-4 }, 2e-4, false, "0.0002"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement.Networks[0].Runtimes[0].Outputs[0].Range = 0 }, none, false, "not a finite number"},
		{"onnx_agreement", "", func(m *Measurements) {
			m.Agreement.Networks[0].Runtimes[0].Outputs[0] = OutputAgreement{Name: "score"}
		}, 0, true, ""},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement.Networks[0].Runtimes[0].NotFinite = 3 }, none, false, "3 values, by the program's own reader, are no finite numbers"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement.Networks[0].Examples = 299 }, none, false, "run on 299 examples, and the test part has 300"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement = nil }, none, false, "was not run on the test part"},
		{"onnx_agreement", "", func(m *Measurements) { m.Agreement.Networks = nil }, none, false, "was not run by the program's own reader"},
		{"onnx_agreement", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"onnx_agreement", "runtime=onnxruntime", nil, none, false, "was not run by ONNX Runtime: give its library with --onnxruntime-lib"},
		{"onnx_agreement", "runtime=onnxruntime", byBoth(300, 2e-6), 2e-6, true, "run by ONNX Runtime 1.24.3, 300 of 300"},
		{"onnx_agreement", "", byBoth(298, 0), 1e-6, false, "run by ONNX Runtime 1.24.3, 298 of 300"},
		{"onnx_agreement", "", func(m *Measurements) {
			n := m.Agreement.Networks[0]
			n.Name, n.Examples = "decision", 0
			m.Agreement.Networks = append(m.Agreement.Networks, n)
		}, none, false, "network decision was run on no examples"},
		{"no_regression", "", nil, 57. / 64, true, "against runs/before: 2 examples only the baseline has right, 4 only this model; accuracy differs by +0.67 percentage points (95 % interval -1.34 to +2.85)"},
		{"no_regression", "", func(m *Measurements) {
			m.Baseline.Comparison = metric.Comparison{BothRight: 294, OnlyBaseline: 5, BothWrong: 1}
		}, 1. / 32, false, "by -1.67 percentage points (95 % interval -3.92 to +0.02)"},
		{"no_regression", "threshold=0.03", func(m *Measurements) {
			m.Baseline.Comparison = metric.Comparison{BothRight: 294, OnlyBaseline: 5, BothWrong: 1}
		}, 1. / 32, true, ""},
		{"no_regression", "", func(m *Measurements) {
			m.Baseline.Comparison = metric.Comparison{BothRight: 294, BothWrong: 6}
		}, 1, true, "+0.00"},
		{"no_regression", "", func(m *Measurements) { m.Baseline = nil }, none, false, "no baseline to compare with"},
		{"no_regression", "", func(m *Measurements) { m.Test = nil }, none, false, "no evaluation on the test part"},
		{"no_regression", "", func(m *Measurements) { m.Test = reconstruction(t) }, none, false, "is of target image"},
		{"no_regression", "", func(m *Measurements) { m.Baseline.Unknown = true }, 57. / 64, true, "+0.67 percentage points (95 % interval -1.34 to +2.85); whether the baseline was trained on images of this test part is not known"},
		{"no_regression", "", func(m *Measurements) { m.Baseline.TrainedOn = 1200 }, none, false, "trained on 1,200 examples of this test part"},
		{"no_regression", "", func(m *Measurements) { m.Baseline.Comparison.BothWrong++ }, none, false, "(301 examples, 294 right) is not of this evaluation (300 examples, 294 right)"},
		{"no_regression", "", func(m *Measurements) {
			m.Baseline.Comparison = metric.Comparison{BothRight: 295, OnlyCandidate: -1, BothWrong: 6}
		}, none, false, "is not of this evaluation"},
	}
	for _, test := range tests {
		m := good(t)
		if test.change != nil {
			test.change(&m)
		}
		v := make1(t, test.name, test.options).Judge(m)
		label := test.name + " " + test.options + ": " + v.Reason
		if v.Name != test.name || v.Passed != test.passed || !strings.Contains(v.Reason, test.reason) {
			t.Errorf("%s: passed is %t, want %t and a reason with %q", label, v.Passed, test.passed, test.reason)
		}
		switch {
		case math.IsNaN(test.measured):
			if v.Measured != nil {
				t.Errorf("%s: measured %v, want none", label, *v.Measured)
			}
		case v.Measured == nil || math.Abs(*v.Measured-test.measured) > 1e-12:
			t.Errorf("%s: measured %v, want %v", label, v.Measured, test.measured)
		}
		if err := v.check(); err != nil {
			t.Error(err)
		}
	}
}

func TestMakeCriterionRefuses(t *testing.T) {
	for _, test := range []struct{ name, options, want string }{
		{"min_test_acuracy", "", "did you mean min_test_accuracy"},
		{"min_test_accuracy", "threshold=1.01", "want 0 to 1"},
		{"min_test_accuracy", "threshold=97", "want 0 to 1"},
		{"min_test_accuracy", "threshold=-0.1", "want 0 to 1"},
		{"min_test_accuracy", "threshold=NaN", "want a finite number"},
		{"min_per_class_accuracy", "threshold=90%", "want a finite number"},
		{"max_inference_time_ms", "threshold=0", "want more than 0"},
		{"max_inference_time_ms", "threshold=Inf", "want a finite number"},
		{"max_model_size_mb", "threshold=-1", "want more than 0"},
		{"max_reconstruction_error", "threshold=0", "want more than 0"},
		{"no_regression", "threshold=0", "want more than 0"},
		{"no_regression", "threshold=5", "want 0 to 1"},
		{"min_test_examples", "threshold=-1", "want a whole number from 0 to 1e7"},
		{"min_test_examples", "per-class=1.5", "want a whole number"},
		{"min_test_examples", "per_class=3", `unknown option "per_class"`},
		{"min_per_class_accuracy", "absent=ignore", "want one of refuse, skip"},
		{"no_regression", "limit=5", `unknown option "limit"`},
	} {
		_, _, err := MakeCriterion(test.name, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error is %v, want one with %q", test.name, test.options, err, test.want)
		}
	}
}

func TestDefaultThresholds(t *testing.T) {
	want := map[string]string{
		"max_inference_ratio": "100", "max_inference_time_ms": "50", "max_model_size_mb": "10", "max_reconstruction_error": "0.02", "min_per_class_accuracy": "0.9", "min_test_accuracy": "0.97", "min_test_examples": "30", "min_unseen_accuracy": "0.75", "no_regression": "0.05", "onnx_agreement": "0.0001",
	}
	got := map[string]string{}
	for _, d := range Modules() {
		_, resolved, err := MakeCriterion(d.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		got[d.Name] = resolved["threshold"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// withRare has 100 examples of three classes and n of a fourth, all right but four.
func withRare(t *testing.T, n int) *metric.Evaluation {
	t.Helper()
	var probabilities []float32
	var labels []int
	for class, examples := range []int{100, 100, 100, n} {
		for i := range examples {
			row := make([]float32, 4)
			if row[class] = 1; class < 3 && i <= class {
				row[class], row[(class+1)%3] = 0, 1
			}
			probabilities, labels = append(probabilities, row...), append(labels, class)
		}
	}
	e, err := metric.Evaluate(probabilities, labels, []string{"class a", "class b", "class c", "class d"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestVerdictsAreJudgedAgain: the options that a verdict gives lead to the same verdict.
func TestVerdictsAreJudgedAgain(t *testing.T) {
	for _, test := range []struct{ name, options string }{
		{"min_test_examples", ""}, {"min_test_examples", "threshold=400,per-class=3"}, {"min_test_examples", "absent=skip,per-class=200"},
		{"min_per_class_accuracy", "absent=skip"}, {"min_per_class_accuracy", "threshold=0.99"}, {"min_test_accuracy", "threshold=0.5"},
	} {
		m := good(t)
		m.Test = withRare(t, 0)
		v := make1(t, test.name, test.options).Judge(m)
		again := make1(t, test.name, v.Options()).Judge(m)
		if diff := cmp.Diff(v, again); diff != "" {
			t.Errorf("%s %s is judged as %s: %s", test.name, test.options, v.Options(), diff)
		}
	}
}

// TestForgedVerdicts: a verdict on classes that contradicts itself is refused.
func TestForgedVerdicts(t *testing.T) {
	m := good(t)
	for name, forge := range map[string]func(v *Verdict){
		"says passed is false":                func(v *Verdict) { v.Passed = false },
		"says passed is true":                 func(v *Verdict) { v.Rarest.Examples = 29 },
		"which cannot be":                     func(v *Verdict) { v.Rarest.Examples = 301 },
		"leaves out -1 classes":               func(v *Verdict) { v.Absent = -1 },
		"is passed without a measurement":     func(v *Verdict) { v.Measured = nil },
		"says passed is true for 300 >= 1000": func(v *Verdict) { v.Threshold = 1000 },
	} {
		v := make1(t, "min_test_examples", "").Judge(m)
		if forge(&v); v.check() == nil || !strings.Contains(v.check().Error(), name) {
			t.Errorf("error is %v, want one with %q", v.check(), name)
		}
	}
}

// decided are the criteria of the golden files. A new criterion need not be among them.
var decided = []string{"max_inference_time_ms", "max_model_size_mb", "min_per_class_accuracy", "min_test_accuracy", "no_regression"}

func decide(t *testing.T, m Measurements) *Release {
	t.Helper()
	var criteria []Criterion
	for _, name := range decided {
		criteria = append(criteria, make1(t, name, ""))
	}
	r, err := Decide(criteria, m, Weights{Name: "best", SHA256: strings.Repeat("ab", 32)})
	if err != nil {
		t.Fatal(err)
	}
	r.Sign(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), "somebody")
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	return r
}

func marshal(t *testing.T, r *Release) []byte {
	t.Helper()
	b, err := fileio.MarshalJSON(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecide(t *testing.T) {
	approved := decide(t, good(t))
	if !approved.Approved || approved.Forced || approved.Decision() != "approved" {
		t.Errorf("good measurements are not approved: %+v", approved)
	}
	golden(t, "approved.json", marshal(t, approved))
	golden(t, "approved.txt", []byte(approved.Table()))

	m := good(t)
	m.Test, m.ModelBytes = evaluation(t, 99, 98, 80), nil
	m.Baseline = nil
	refused := decide(t, m)
	if refused.Approved || refused.Decision() != "refused" {
		t.Errorf("bad measurements are approved: %+v", refused)
	}
	if diff := cmp.Diff([]string{"max_model_size_mb", "min_per_class_accuracy", "min_test_accuracy", "no_regression"}, refused.Failed()); diff != "" {
		t.Error(diff)
	}
	golden(t, "refused.json", marshal(t, refused))
	golden(t, "refused.txt", []byte(refused.Table()))

	if err := refused.Force(" \n"); err == nil || refused.Forced {
		t.Errorf("forced without a reason: %v", err)
	}
	if err := refused.Force("field test on\nMonday"); err != nil {
		t.Fatal(err)
	}
	if !refused.Approved || refused.Decision() != "forced" {
		t.Errorf("a forced release is not approved: %+v", refused)
	}
	golden(t, "forced.json", marshal(t, refused))
	golden(t, "forced.txt", []byte(refused.Table()))
}

func TestForceOfAnApprovedModelChangesNothing(t *testing.T) {
	r := decide(t, good(t))
	before := marshal(t, r)
	if err := r.Force("to be sure"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(marshal(t, r))); diff != "" {
		t.Error(diff)
	}
}

func TestDecideRefuses(t *testing.T) {
	if _, err := Decide(nil, good(t), Weights{}); err != ErrNoCriteria {
		t.Errorf("error without criteria is %v", err)
	}
	twice := []Criterion{make1(t, "min_test_accuracy", ""), make1(t, "min_test_accuracy", "threshold=0.5")}
	if _, err := Decide(twice, good(t), Weights{}); err == nil || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("error is %v", err)
	}
}

func TestReadRelease(t *testing.T) {
	for _, name := range []string{"approved.json", "refused.json", "forced.json"} {
		r, err := ReadRelease(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimSuffix(name, ".json"); r.Decision() != want {
			t.Errorf("%s is read as %s", name, r.Decision())
		}
	}
	tests := map[string]struct{ file, old, new, want string }{
		"other schema":          {"approved.json", `"schema": 2`, `"schema": 3`, "schema is 3, this program reads 1 or 2"},
		"refusal turned round":  {"refused.json", `"approved": false`, `"approved": true`, "approved is true, which is not what its criteria say"},
		"approval turned round": {"approved.json", `"approved": true`, `"approved": false`, "approved is false"},
		"edited verdict":        {"refused.json", `"passed": false`, `"passed": true`, "is passed without a measurement"},
		"edited threshold":      {"approved.json", `"threshold": 0.97`, `"threshold": 0.99`, `"min_test_accuracy" says passed is true for 0.98 >= 0.99`},
		"other comparison":      {"approved.json", `"op": "<="`, `"op": "=="`, "want >= or <="},
		"forced, no reason":     {"forced.json", `"force_reason": "field test on\nMonday",`, "", "has no reason"},
		"unknown key":           {"approved.json", `"reason"`, `"raeson"`, "raeson"},
		"no criteria":           {"approved.json", `"criteria": [`, `"criteria": [], "more": [`, `more: the key is unknown`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", test.file))
			if err != nil {
				t.Fatal(err)
			}
			bad := strings.Replace(string(b), test.old, test.new, 1)
			if bad == string(b) {
				t.Fatal("the test changes nothing")
			}
			path := filepath.Join(t.TempDir(), "release.json")
			if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = ReadRelease(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error is %v, want one with %q and the path", err, test.want)
			}
		})
	}
}

func TestVerdictText(t *testing.T) {
	value := func(x float64) *float64 { return &x }
	for _, test := range []struct {
		v              Verdict
		measured, want string
	}{
		{Verdict{Op: ">=", Unit: "share", Threshold: 0.97, Measured: value(0.98765)}, "98.77 %", "≥ 97.00 %"},
		{Verdict{Op: ">=", Unit: "share", Threshold: 0.97, Measured: value(0.969999)}, "0.969999 share", "≥ 97.00 %"},
		{Verdict{Op: "<=", Unit: "ms", Threshold: 50, Measured: value(1234.5)}, "1234 ms", "≤ 50 ms"},
		{Verdict{Op: "<=", Unit: "ms", Threshold: 50, Measured: value(50.01)}, "50.01 ms", "≤ 50 ms"},
		{Verdict{Op: "<=", Unit: "MB", Threshold: 10}, "none", "≤ 10 MB"},
		{Verdict{Op: ">=", Unit: "p-value", Threshold: 0.05, Measured: value(0.0312345)}, "p 0.0312", "≥ p 0.05"},
	} {
		if got := test.v.MeasuredText(); got != test.measured {
			t.Errorf("%+v: measured %q, want %q", test.v, got, test.measured)
		}
		if got := test.v.ThresholdText(); got != test.want {
			t.Errorf("%+v: threshold %q, want %q", test.v, got, test.want)
		}
	}
}
