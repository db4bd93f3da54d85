package verify

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// decisionRun are the flags of a run with a network that decides on tracks, of drawn clips.
func decisionRun(t *testing.T) []string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "clips")
	runtest.DrawClips(t, data)
	return []string{
		"name=decided", "dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2", "image-size=12", "epochs=2", "criteria=min_test_accuracy", "min-test-accuracy=0",
		"decision-folds=2", "visualizations=none", "exporters=onnx",
	}
}

// decided does such a run in a directory, with more flags.
func decided(t *testing.T, path string, flags ...string) *rundir.Record {
	t.Helper()
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, flags...)); err != nil {
		t.Fatal(err)
	}
	return readRecord(t, path)
}

// digestsOf are those of the weights of all networks, and of what was decided on clips.
func digestsOf(record *rundir.Record) []string {
	digests := []string{record.Training.WeightsSHA256, record.Files[layout.FeaturesFile]}
	for _, n := range record.Networks {
		digests = append(digests, n.Name+" "+n.WeightsSHA256)
	}
	for _, part := range rundir.EvaluatedParts() {
		digests = append(digests, record.Files[rundir.ClipsFile(part)])
	}
	return digests
}

// TestDecision takes a run with a network that decides on tracks through every stage.
func TestDecision(t *testing.T) {
	flags, base := decisionRun(t), t.TempDir()
	path := filepath.Join(base, "run")
	record := decided(t, path, flags...)
	want := digestsOf(record)
	t.Run("verified", func(t *testing.T) { decisionVerified(t, path, record) })
	t.Run("workers", func(t *testing.T) {
		other := decided(t, filepath.Join(t.TempDir(), "run"), append(slices.Clone(flags), "workers=3", "data-mode=disk")...)
		if diff := cmp.Diff(want, digestsOf(other)); diff != "" {
			t.Errorf("the digests depend on workers or mode:\n%s", diff)
		}
	})
	t.Run("resumed", func(t *testing.T) { decisionResumed(t, flags, want) })
	t.Run("without", func(t *testing.T) {
		other := decided(t, filepath.Join(t.TempDir(), "run"), append(slices.Clone(flags), "decision-folds=0")...)
		if other.IdentitySHA256 == record.IdentitySHA256 || len(other.Networks) > 0 || other.Identity.DecisionFolds != 0 || other.Training.WeightsSHA256 != record.Training.WeightsSHA256 {
			t.Errorf("without folds: networks %v, folds %d", other.Networks, other.Identity.DecisionFolds)
		}
		for _, part := range rundir.EvaluatedParts() {
			if other.Files[rundir.ClipsFile(part)] == "" {
				t.Errorf("nothing was decided on the clips of the %s part", part)
			}
		}
	})
}

func decisionVerified(t *testing.T, path string, record *rundir.Record) {
	pack := filepath.Join(path, rundir.PackageDir, record.PackageName())
	for _, request := range []Request{{Path: path, Workers: 2}, {Path: pack}} {
		v, err := verified(t, request)
		if err != nil || !v.Verified || v.Epochs != 66 {
			t.Errorf("%+v: got %+v, error %v", request, v, err)
		}
	}
	if v, err := verified(t, Request{Path: path, Epochs: 5}); err != nil || !v.Partial || v.Epochs != 5 {
		t.Errorf("the first epochs alone: got %+v, error %v", v, err)
	}
	const words = "How much each counts was measured on 2 folds of clips"
	for _, file := range []string{rundir.CardFile, rundir.ReportFile} {
		if text := readText(t, filepath.Join(path, file)); !strings.Contains(text, words) {
			t.Errorf("%s lacks %q", file, words)
		}
	}
	for name, there := range map[string]bool{
		"networks/decision/" + exporter.WeightsFile: true, "networks/decision/features.json": true, "networks/decision/history.jsonl": true,
		"networks/decision/model-repository/decided-decision/1/model.onnx": true, "networks/decision/folds/2/history.jsonl": true,
		"networks/decision/folds/2/" + exporter.WeightsFile: false, "evaluation/clips-test.json": true,
	} {
		if fileio.Exists(filepath.Join(pack, filepath.FromSlash(name))) != there {
			t.Errorf("%s: want it in the package: %t", name, there)
		}
	}
}

// decisionResumed stops a run after an epoch of each kind of network, goes on, and compares
// what comes out.
func decisionResumed(t *testing.T, flags, want []string) {
	for _, stop := range []int{2, 3, 5, 30} {
		dir := filepath.Join(t.TempDir(), "run")
		s := runtest.SmallRun(t, dir, flags...)
		ctx, cancel := context.WithCancel(t.Context())
		env, left := runtest.Quiet(), stop
		env.Progress = func() progress.Display { return &epochStopper{&left, cancel, false} }
		if _, err := pipeline.Run(ctx, env, s); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d epochs: %v", stop, err)
		}
		delete(s.Origins, "output-dir")
		if _, err := pipeline.Resume(t.Context(), runtest.Quiet(), s, dir); err != nil {
			t.Fatalf("stopped after %d epochs: %v", stop, err)
		}
		if diff := cmp.Diff(want, digestsOf(readRecord(t, dir))); diff != "" {
			t.Errorf("stopped after %d epochs:\n%s", stop, diff)
		}
	}
}

// TestForgedDecision forges a sample of what a run has of the networks that decide on tracks.
// The slow tests try all.
func TestForgedDecision(t *testing.T) {
	own := regexp.MustCompile(`^networks/|^evaluation/clips`)
	seen := map[string]int{}
	for _, source := range forgedExample(t, t.TempDir(), decisionRun(t)...) {
		taken := func(_ int, f forgery) bool {
			if !own.MatchString(f.file) && !(f.file == rundir.RecordFile && (strings.HasPrefix(f.path, "networks[") || strings.Contains(f.path, "decision"))) {
				return false
			}
			kind := filepath.Base(source) + regexp.MustCompile(`[0-9]+`).ReplaceAllString(f.file+f.path, "N")
			seen[kind]++
			return seen[kind]%120 == 1
		}
		if n := forgeIn(t, source, taken, false, map[string]bool{}); n < 20 {
			t.Errorf("%d forgeries of %s", n, filepath.Base(source))
		}
	}
}
