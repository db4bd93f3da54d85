package verify

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestNetworks takes a run of two networks through every stage, and spoils it.
func TestNetworks(t *testing.T) {
	runtest.AddTwoStep(t)
	e := makeExample(t, "model=two-step", "model-options=")
	t.Run("dry run", func(t *testing.T) { networksDryRun(t, e) })
	t.Run("verified", func(t *testing.T) { networksVerified(t, e) })
	t.Run("resumed", func(t *testing.T) { networksResumed(t, e) })
	t.Run("tampering", func(t *testing.T) { networksSpoilt(t, e) })
	t.Run("used", func(t *testing.T) { networksUsed(t, e) })
	t.Run("refused flags", func(t *testing.T) { networksRefused(t, e) })
}

func networksVerified(t *testing.T, e example) {
	for _, request := range []Request{{Path: e.run}, {Path: e.pack, Workers: 2}} {
		v, err := verified(t, request)
		if err != nil || !v.Verified || v.Epochs != 6 || v.Recorded != 6 || len(v.Evaluated) != 2 {
			t.Errorf("%+v: got %+v, error %v", request, v, err)
		}
	}
	v, err := verified(t, Request{Path: e.run, Epochs: 3})
	if err != nil || !v.Partial || v.Epochs != 3 || v.WeightsSHA256 != "" {
		t.Errorf("the first network alone: got %+v, error %v", v, err)
	}
	history, err := metric.ReadHistory(filepath.Join(e.run, "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var validation metric.Evaluation
	if err := fileio.ReadJSON(filepath.Join(e.run, "evaluation", "validation.json"), &validation, fileio.Form{MaxBytes: 1 << 20, Schemas: []int{1}}); err != nil {
		t.Fatal(err)
	}
	// The networks one after the other give what the last one alone gave in training.
	best := history[readRecord(t, e.run).Training.BestEpoch-1]
	if best.ValidationLoss != validation.MeanLoss() || best.ValidationAccuracy != validation.Accuracy {
		t.Errorf("training saw a validation loss of %v, evaluation of %v", best.ValidationLoss, validation.MeanLoss())
	}
	for _, name := range []string{exporter.WeightsFile, "networks/reconstruct/" + exporter.WeightsFile, "networks/reconstruct/history.jsonl", "networks/reconstruct/model-repository/shapes-reconstruct/1/model.onnx"} {
		if !fileio.Exists(filepath.Join(e.pack, name)) {
			t.Errorf("the package has no %s", name)
		}
	}
}

// epochStopper ends a training after some epochs, of whichever network.
type epochStopper struct {
	left      *int
	stop      context.CancelFunc
	validates bool
}

func (s *epochStopper) Show(at progress.State) {
	s.validates = strings.HasSuffix(at.Words, "validating")
}

// Clear is called when an epoch has ended, and after training.
func (s *epochStopper) Clear() {
	if !s.validates {
		return
	}
	s.validates = false
	if *s.left--; *s.left == 0 {
		s.stop()
	}
}

// networksDryRun checks that the estimate knows what each network sees.
func networksDryRun(t *testing.T, e example) {
	dir := filepath.Join(t.TempDir(), "run")
	s := exampleSettings(t, e, "model=two-step", "model-options=", "output-dir="+dir, "dry-run=true")
	r, err := pipeline.Run(t.Context(), runtest.Quiet(), s)
	if err != nil {
		t.Fatal(err)
	}
	if text := r.Plan.Text(); !strings.Contains(text, "\ntime            about 1 s to train ") || fileio.Exists(dir) {
		t.Errorf("the plan is\n%s\nand a directory was made: %t", text, fileio.Exists(dir))
	}
}

// networksResumed stops training after an epoch of either network, goes on, and compares
// what comes out.
func networksResumed(t *testing.T, e example) {
	want := readRecord(t, e.run)
	for stop := 1; stop <= 5; stop += 2 {
		dir := filepath.Join(t.TempDir(), "run")
		s := exampleSettings(t, e, "model=two-step", "model-options=", "output-dir="+dir)
		ctx, cancel := context.WithCancel(t.Context())
		env := runtest.Quiet()
		env.Progress = func() progress.Display { return &epochStopper{&stop, cancel, false} }
		at := stop
		if _, err := pipeline.Run(ctx, env, s); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d epochs: %v", at, err)
		}
		stop = at
		delete(s.Origins, "output-dir")
		if _, err := pipeline.Resume(t.Context(), runtest.Quiet(), s, dir); err != nil {
			t.Fatal(err)
		}
		got := readRecord(t, dir)
		if !slices.Equal(got.Networks, want.Networks) || *got.Training != *want.Training || got.IdentitySHA256 != want.IdentitySHA256 {
			t.Errorf("stopped after %d epochs: got %v, %v, want %v, %v", stop, got.Networks, got.Training, want.Networks, want.Training)
		}
	}
}

// networksSpoilt changes what belongs to the first network, and the record of it.
func networksSpoilt(t *testing.T, e example) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		where string // in the difference
	}{
		{"weights", func(t *testing.T, dir string) {
			flip(t, filepath.Join(dir, "networks/reconstruct", exporter.WeightsFile), 3)
		}, "networks/reconstruct/" + exporter.WeightsFile},
		{"model", func(t *testing.T, dir string) {
			flip(t, filepath.Join(dir, "networks/reconstruct/model-repository/shapes-reconstruct/1/model.onnx"), 9)
		}, "model.onnx"},
		{"history", func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, "networks/reconstruct/history.jsonl"), `"train_loss":0.`, `"train_loss":1.`)
		}, "networks/reconstruct/history.jsonl"},
		{"no training", func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, rundir.RecordFile), `(?s)"networks": \[.*?\],`, "")
		}, rundir.RecordFile},
		{"another name", func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"name": "reconstruct"`, `"name": "other"`)
		}, "networks/other"},
		{"a path for a name", func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"name": "reconstruct"`, `"name": "../networks/reconstruct"`)
		}, "want small letters and digits"},
		{"best epoch", func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, rundir.RecordFile), `(?s)("networks": .*?"best_epoch": )\d`, "${1}9")
		}, "networks[0].best_epoch: it is 9, of 3 epochs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := runtest.Copied(t, e.pack)
			test.spoil(t, dir)
			if err := fileio.WriteChecksums(dir); err != nil {
				t.Fatal(err)
			}
			v, err := verified(t, Request{Path: dir})
			if err == nil || v.Verified {
				t.Fatal("verified")
			}
			if text := err.Error() + v.Text(); !strings.Contains(text, test.where) {
				t.Errorf("want %q in %s", test.where, text)
			}
		})
	}
}

// networksUsed predicts with the package as with the run.
func networksUsed(t *testing.T, e example) {
	var results []string
	for _, path := range []string{e.run, e.pack} {
		p, err := predict.Open(t.Context(), logging.Discard(), runtest.MustResolve(t, "workers=1"), predict.Request{Model: path, Inputs: []string{e.data}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var all []string
		for prediction, err := range p.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			b, err := fileio.MarshalJSON(prediction)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(b))
		}
		results = append(results, strings.Join(all, ""))
	}
	if results[0] != results[1] || !strings.Contains(results[0], "class1") {
		t.Errorf("predictions differ, or name no class: %s\n%s", results[0], results[1])
	}
}

// twins has two networks of one name.
type twins struct{ runtest.TwoStep }

// First implements model.Sequence.
func (m twins) First() []model.Network { return append(m.TwoStep.First(), m.TwoStep.First()...) }

// networksRefused gives flags that make sense for one network alone, and builds networks
// that would share a folder.
func networksRefused(t *testing.T, e example) {
	m, _, err := model.MakeModel("mlp", "hidden=8")
	if err != nil {
		t.Fatal(err)
	}
	_, err = rundir.Build(twins{runtest.TwoStep{Model: m}}, nn.Shape{H: 8, W: 8, C: 1}, 3)
	if err == nil || !strings.Contains(err.Error(), `network 1 is called "reconstruct" as one before it`) {
		t.Errorf("two networks of one name: %v", err)
	}
	for _, flag := range []string{"test-image-size=16", "init-from=" + e.run, "freeze=fc"} {
		_, err := runtest.Resolve(t, "dataset=folder", "data-dir="+e.data, "model=two-step", flag)
		name, _, _ := strings.Cut(flag, "=")
		if err == nil || !strings.Contains(err.Error(), "--"+name+" does not go with model two-step, which has several networks") {
			t.Errorf("--%s: %v", flag, err)
		}
	}
}
