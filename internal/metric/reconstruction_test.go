package metric

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// hundred scores are 1/128, 2/128 and so on, out of order.
func hundred() []float32 {
	var scores []float32
	for i := range 100 {
		scores = append(scores, float32((i*37)%100+1)/128)
	}
	return scores
}

func reconstruction(t *testing.T) *Reconstruction {
	t.Helper()
	r, err := EvaluateScores(hundred())
	if err != nil {
		t.Fatal(err)
	}
	r.Dataset, r.Part, r.Weights, r.WeightsSHA256 = "digits", "test", "best", strings.Repeat("5a", 32)
	r.SetLatency(&Latency{P50: 0.25, P95: 0.5, Max: 2, Batch: 1, Workers: 1, Samples: 200, Machine: "a computer"})
	return r
}

func TestReconstruction(t *testing.T) {
	r := reconstruction(t)
	if diff := cmp.Diff(Percentiles{50. / 128, 95. / 128, 99. / 128, 100. / 128}, r.Score); diff != "" {
		t.Error(diff)
	}
	// The variance of 1 to 100 is 101*100/12 without bias.
	if want := 50.5 / 128; r.Error != want {
		t.Errorf("error is %v, want %v", r.Error, want)
	}
	spread := 1.959963984540054 * math.Sqrt(101*100/12.0/100) / 128
	if i := r.ErrorInterval; math.Abs(i.Low-(r.Error-spread)) > 1e-12 || math.Abs(i.High-(r.Error+spread)) > 1e-12 {
		t.Errorf("interval is %v, want %v on each side", *i, spread)
	}
	b, err := fileio.MarshalJSON(r)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "reconstruction.json", b)
	golden(t, "reconstruction.txt", []byte(r.Table()))
	if got := SquaredError([]float32{0, 0.5, 1}, []float32{0, 0, 0.5}); got != 0.5/3 {
		t.Errorf("squared error is %v", got)
	}
	if diff := cmp.Diff([]int{1, 0, 2}, Worst([]float32{0.5, 0.75, 0.5, 0.25}, 3)); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluateScoresRefuses(t *testing.T) {
	for want, scores := range map[string][]float32{
		"there are no examples":              nil,
		"example 1: its score is NaN":        {0, float32(math.NaN())},
		"example 0: its score is -0.5, want": {-0.5},
		"example 0: its score is +Inf":       {float32(math.Inf(1))},
	} {
		if _, err := EvaluateScores(scores); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// TestReconstructionProperties holds for any scores.
func TestReconstructionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float32Range(0, 1e30), 1, 50).Draw(t, "scores")
		r, err := EvaluateScores(scores)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		if _, err := fileio.MarshalJSON(r); err != nil {
			t.Fatal(err)
		}
	})
}

// both makes a blank result of either target of this package.
func both(target string) (Result, error) {
	switch target {
	case TargetClass:
		return new(Evaluation), nil
	case TargetImage:
		return new(Reconstruction), nil
	}
	return nil, errors.New("want class or image")
}

func TestReadResult(t *testing.T) {
	for file, target := range map[string]string{"evaluation.json": "class", "reconstruction.json": "image"} {
		r, err := ReadResult(filepath.Join("testdata", file), both)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Header().TargetName(); got != target || r.MeasuredLatency().Samples != 200 || r.Header().Weights != "best" || r.OutputsSHA256() == "" {
			t.Errorf("%s is read as %+v", file, r)
		}
		if f, v := r.Measured(); r.MeanLoss() <= 0 || v <= 0 || len(r.Facts()) == 0 || f.Name == "" {
			t.Errorf("%s: %+v", file, r)
		}
	}
	for _, err := range []error{
		second(ReadEvaluation(filepath.Join("testdata", "reconstruction.json"))),
		second(ReadReconstruction(filepath.Join("testdata", "evaluation.json"))),
	} {
		if err == nil || !strings.Contains(err.Error(), "it is a result of target ") {
			t.Errorf("error is %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestReadResultRefuses(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "reconstruction.json"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"other target":     {`"target": "image"`, `"target": "grid"`, "want class or image"},
		"no target":        {`"target": "image",`, "", `error: the key is unknown`},
		"other schema":     {`"schema": 1`, `"schema": 2`, "schema is 2, want 1"},
		"no examples":      {`"examples": 100`, `"examples": 0`, "it has 0 examples"},
		"one example":      {`"examples": 100`, `"examples": 1`, "it has a single example"},
		"falling":          {`"p50": 0.390625`, `"p50": 0.75`, "the percentiles of the scores fall"},
		"negative":         {`"p50": 0.390625`, `"p50": -1`, "percentile 50 of the scores is -1"},
		"error too large":  {`"error": 0.39453125`, `"error": 0.9`, "is above the largest score"},
		"error elsewhere":  {`"error": 0.39453125`, `"error": 0.1`, "does not hold the error"},
		"short digest":     {`"scores_sha256": "`, `"scores_sha256": "00`, "scores_sha256 is"},
		"too large":        {`"error": 0.39453125`, `"error": 1e999`, "error: number 1e999 does not fit"},
		"unknown key":      {`"error"`, `"eror"`, `eror: the key is unknown`},
		"not JSON":         {`{`, `[`, "not the JSON expected"},
		"explicit default": {`"target": "image"`, `"target": "class"`, "the key is unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(string(good), test.old, test.new, 1)
			if bad == string(good) {
				t.Fatal("the test changes nothing")
			}
			path := filepath.Join(t.TempDir(), "test.json")
			if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadResult(path, both)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error is %v, want one with %q and the path", err, test.want)
			}
		})
	}
}

func TestPresent(t *testing.T) {
	var e *Evaluation
	var r *Reconstruction
	if Present(nil) || Present(e) || Present(r) || !Present(&Evaluation{}) || !Present(&Reconstruction{}) {
		t.Error("a nil result counts as one")
	}
}
