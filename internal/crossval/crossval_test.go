package crossval_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/crossval"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify"
)

// clips writes clips of two classes, of so many frames each, as files CLIP_FRAME.png.
func clips(t *testing.T, clips, frames int) string {
	t.Helper()
	dir := t.TempDir()
	for class, name := range []string{"bird", "drone"} {
		for clip := range clips {
			for frame := range frames {
				runtest.WriteImage(t, filepath.Join(dir, name, fmt.Sprintf("%s%d_%d.png", name, clip, frame)), class, 4*clip+frame)
			}
		}
	}
	return dir
}

func onClips(t *testing.T, data, dir string) *settings.Settings {
	t.Helper()
	return runtest.MustResolve(t, "output-dir="+dir, "dataset=folder", "data-dir="+data, "dataset-options=group=prefix:_",
		"model=linear", "epochs=3", "batch-size=8", "workers=1", "visualizations=none")
}

// weightsOf are the digests of the folds' weights.
func weightsOf(r *crossval.Result) []string {
	var digests []string
	for _, f := range r.Folds {
		digests = append(digests, f.WeightsSHA256)
	}
	return digests
}

func TestCrossValidationOfClips(t *testing.T) {
	data, dir := clips(t, 6, 4), filepath.Join(t.TempDir(), "cv")
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), onClips(t, data, dir), crossval.Request{Folds: 3})
	if err != nil {
		t.Fatal(err)
	}
	r := cv.Result
	if len(r.Folds) != 3 || r.Pooled == nil || r.Pooled.Examples != 48 || r.Pooled.Groups != 12 {
		t.Fatalf("%d folds, pooled %+v; want 3, and 48 examples in 12 groups", len(r.Folds), r.Pooled)
	}
	var mean float64
	for _, f := range cv.Folds {
		e := f.Result.(*metric.Evaluation)
		if e.Groups() != 4 || e.Schema != metric.GroupedSchema {
			t.Errorf("fold %d has %d groups in schema %d, want 4 in schema %d", f.Number, e.Groups(), e.Schema, metric.GroupedSchema)
		}
		mean += e.Accuracy / 3
	}
	if d := mean - r.Figures[0].Mean; r.Figures[0].Name != "accuracy" || d > 1e-12 || d < -1e-12 {
		t.Errorf("the mean of %s is %v, want %v", r.Figures[0].Name, r.Figures[0].Mean, mean)
	}
	for _, part := range []string{"cross-validation of folder with 3 folds, groups (prefix:_) in one fold each", "standard deviation", "95 % interval by 12 groups"} {
		if !strings.Contains(cv.Table(), part) {
			t.Errorf("the table lacks %q:\n%s", part, cv.Table())
		}
	}
	for line := range strings.Lines(cv.Table()) {
		if metric.Columns(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("a line of the table is too long: %s", line)
		}
	}
	opened, err := crossval.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, opened.Result); diff != "" {
		t.Errorf("read something else (-want +got):\n%s", diff)
	}
	found, err := crossval.Verify(t.Context(), runtest.Quiet(), verify.Request{Path: dir, DataMode: "ram"})
	if err != nil || !found.Verified || len(found.Folds) != 3 || found.Table != cv.Table() || found.Result.Pooled.Correct != r.Pooled.Correct {
		t.Errorf("verification: %+v, %v", found, err)
	}
}

// TestResume checks that a cross-validation that was interrupted, while a fold is trained, and
// goes on from another folder, comes to the same weights, and leaves finished folds alone.
func TestResume(t *testing.T) {
	data, whole, cut := clips(t, 6, 4), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	long := func(dir string) *settings.Settings {
		s := onClips(t, data, dir)
		s.Epochs = 60
		return s
	}
	want, err := crossval.Run(t.Context(), runtest.Quiet(), long(whole), crossval.Request{Folds: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil && !fileio.Exists(filepath.Join(cut, "fold-2", train.HistoryFile)) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err = crossval.Run(ctx, runtest.Quiet(), long(cut), crossval.Request{Folds: 3})
	var interrupted *rundir.Interrupted
	if !errors.As(err, &interrupted) || !strings.Contains(interrupted.Advice, "blocktrain cv --run "+cut+" --resume") {
		t.Fatalf("error %v, want an interruption that says how to go on", err)
	}
	if _, err := crossval.Open(cut); err == nil || !strings.Contains(err.Error(), "is not finished") {
		t.Errorf("error %v, want the result refused before the end", err)
	}
	if _, err := os.Stat(filepath.Join(cut, "fold-3")); err == nil {
		t.Error("fold 3 was begun before fold 2 was finished")
	}
	s := long("")
	s.OutputDir, s.Origins = "", config.Origins{}
	got, err := crossval.Resume(t.Context(), runtest.Quiet(), s, cut)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(weightsOf(want.Result), weightsOf(got.Result)); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Result.Pooled, got.Result.Pooled); diff != "" {
		t.Errorf("pooled (-want +got):\n%s", diff)
	}
	// A fold whose evaluation is lost is evaluated again; the others stay.
	if err := os.RemoveAll(filepath.Join(cut, "fold-2", rundir.EvaluationDir)); err != nil {
		t.Fatal(err)
	}
	again, err := crossval.Resume(t.Context(), runtest.Quiet(), s, cut)
	if err != nil {
		t.Fatal(err)
	}
	if again.Result.Folds[0].RecordSHA256 != got.Result.Folds[0].RecordSHA256 {
		t.Error("a finished fold was written again")
	}
	if diff := cmp.Diff(want.Result.Pooled, again.Result.Pooled); diff != "" {
		t.Errorf("pooled (-want +got):\n%s", diff)
	}
}

// TestOfficialTestTakesNoPart checks both rules for the official test part of the digits.
func TestOfficialTestTakesNoPart(t *testing.T) {
	for _, include := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "cv")
		s := runtest.SmallRun(t, dir, "visualizations=none")
		cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2, IncludeTest: include})
		if err != nil {
			t.Fatal(err)
		}
		want := 200
		if include {
			want = 250
		}
		if got := cv.Result.Pooled.Examples; got != want {
			t.Errorf("include the test part %v: %d examples are judged, want %d", include, got, want)
		}
		if cv.Result.Pooled.Groups != 0 {
			t.Errorf("%d groups of data without any", cv.Result.Pooled.Groups)
		}
		if _, err := crossval.Verify(t.Context(), runtest.Quiet(), verify.Request{Path: dir, DataMode: "ram"}); err != nil {
			t.Errorf("include the test part %v: %v", include, err)
		}
	}
}

// TestAutoEncoder checks that a network without classes has mean and spread, and no more.
func TestAutoEncoder(t *testing.T) {
	s := runtest.MustResolve(t, "output-dir="+filepath.Join(t.TempDir(), "cv"), "dataset-options=count=60,test-count=10",
		"model=autoencoder", "epochs=1", "batch-size=20", "workers=1", "visualizations=none")
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if cv.Result.Pooled != nil || len(cv.Result.Figures) != 1 || cv.Result.Figures[0].Name != "error" || cv.Result.Figures[0].StdDev == 0 {
		t.Errorf("result %+v, want the mean and spread of the error alone", cv.Result)
	}
	if _, err := crossval.Open(cv.Dir); err != nil {
		t.Error(err)
	}
	if !strings.Contains(cv.Table(), "error") {
		t.Error("the table lacks the error")
	}
}

func TestChangesAreFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cv")
	if _, err := crossval.Run(t.Context(), runtest.Quiet(), onClips(t, clips(t, 4, 2), dir), crossval.Request{Folds: 2}); err != nil {
		t.Fatal(err)
	}
	replace := func(name, was, is string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(b), was) {
				t.Fatalf("%s has no %q (%v)", path, was, err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(b), was, is, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"mean":       {replace("cv.json", `"mean": `, `"mean": 1`), "cv.json is not what the folds give"},
		"count":      {replace("cv.json", `"examples": 16`, `"examples": 17`), "cv.json is not what the folds give"},
		"key":        {replace("cv.json", `"pooled"`, `"pooled_"`), "the key is unknown"},
		"folds":      {replace("folds.json", `"seed": 1`, `"seed": 2`), "folds.json has SHA-256"},
		"settings":   {replace("run.env", "EPOCHS=3", "EPOCHS=4"), "run.env has SHA-256"},
		"evaluation": {replace("fold-2/evaluation/test.json", `"loss": `, `"loss": 1`), "fold 2: "},
		"split":      {replace("fold-1/split.json", `"number":1`, `"number":2`), "fold 1: "},
		"record":     {replace("fold-1/run.json", `"name": "folder`, `"name": "f`), "fold 1: "},
		"other fold": {func(t *testing.T, dir string) {
			t.Helper()
			fold := func(n int) string { return filepath.Join(dir, fmt.Sprintf("fold-%d", n)) }
			if err := errors.Join(os.RemoveAll(fold(2)), os.CopyFS(fold(2), os.DirFS(fold(1)))); err != nil {
				t.Fatal(err)
			}
		}, "is not the list of fold 2"},
	} {
		t.Run(name, func(t *testing.T) {
			own := runtest.Copied(t, dir)
			c.change(t, own)
			if _, err := crossval.Open(own); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if _, err := crossval.Verify(t.Context(), runtest.Quiet(), verify.Request{Path: own, DataMode: "ram"}); !errors.Is(err, rundir.ErrDifference) {
				t.Errorf("verification: %v, want a difference", err)
			}
		})
	}
}

// TestForgedFoldIsFound checks that verify divides the data again for a fold, although its
// list was given to the run.
func TestForgedFoldIsFound(t *testing.T) {
	data, dir := clips(t, 6, 2), filepath.Join(t.TempDir(), "cv")
	s := onClips(t, data, dir)
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 3})
	if err != nil {
		t.Fatal(err)
	}
	forged := *cv.Folds[0].Split
	forged.Train, forged.Validation = forged.Validation, forged.Train
	list := filepath.Join(t.TempDir(), "forged.json")
	if err := dataset.WriteSplit(list, &forged); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "run")
	own := onClips(t, data, run)
	own.SplitFile = list
	if _, err := pipeline.Fold(t.Context(), runtest.Quiet(), own, run); err != nil {
		t.Fatal(err)
	}
	_, err = verify.Run(t.Context(), runtest.Quiet(), verify.Request{Path: run, DataMode: "ram"})
	if !errors.Is(err, rundir.ErrDifference) || !strings.Contains(err.Error(), rundir.SplitFile) {
		t.Errorf("error %v, want a difference in %s", err, rundir.SplitFile)
	}
}

func TestRefused(t *testing.T) {
	data := clips(t, 4, 2)
	refused := func(err error, want string) {
		t.Helper()
		var usage *config.UsageError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &usage) {
			t.Errorf("error %v, want a mistake of the user: %s", err, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "cv")
	_, err := crossval.Run(t.Context(), runtest.Quiet(), onClips(t, data, dir), crossval.Request{Folds: 5})
	refused(err, `which has 4 groups: want at least 5 for 5 folds`)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a directory was made for folds that were refused")
	}
	s := onClips(t, data, dir)
	s.SplitFile = "split.json"
	_, err = crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2})
	refused(err, "a cross-validation makes one for each fold")
	s = onClips(t, data, "")
	s.OutputDir, s.Origins = "", config.Origins{}
	_, err = crossval.Resume(t.Context(), runtest.Quiet(), s, data)
	refused(err, "is no cross-validation: it has no folds.json")
	_, err = crossval.Verify(t.Context(), runtest.Quiet(), verify.Request{Path: data})
	refused(err, "is no cross-validation: it has no folds.json")
	s = onClips(t, data, dir)
	s.DryRun = true
	planned, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 4})
	if err != nil || !slices.Contains(strings.Fields(planned.Plan), "4") || !strings.Contains(planned.Plan, "8 groups of 16 images stay in one fold each") {
		t.Errorf("plan %+v, %v", planned, err)
	}
}
