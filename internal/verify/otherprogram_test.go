package verify

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// Which program made a run is what nobody can know, and another one may use other words.
// It is no way around anything else.

// TestOfAnotherProgram forges a run whose record names another program too.
func TestOfAnotherProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, "epochs=1", "exporters=onnx,triton", "visualizations=confusion-matrix,training-loss")); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{`(?s)("execution": \{\s*"program": ")[^"]*`, `(?s)("package": \{\s*"program": ")[^"]*`} {
		other := runtest.Copied(t, dir)
		replaceIn(t, filepath.Join(other, rundir.RecordFile), program, "${1}blocktrain 0.0.1")
		(&forger{dir: other}).digests()
		exported, err := filepath.Glob(filepath.Join(other, rundir.ExportDir, "*.onnx"))
		if err != nil || len(exported) != 1 {
			t.Fatalf("exported: %q, error %v", exported, err)
		}
		name := rundir.ExportDir + "/" + filepath.Base(exported[0])
		t.Run("words", func(t *testing.T) { checkWords(t, runtest.Copied(t, other)) })
		t.Run("plots", func(t *testing.T) { checkWithoutPlots(t, runtest.Copied(t, other)) })
		t.Run("changed", func(t *testing.T) {
			dir := runtest.Copied(t, other)
			flipIn(t, filepath.Join(dir, filepath.FromSlash(name)))
			checkDifference(t, Request{Path: dir}, name, 0, "content")
		})
		t.Run("removed", func(t *testing.T) {
			dir := runtest.Copied(t, other)
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
			checkDifference(t, Request{Path: dir}, name, 0, "content")
		})
	}
}

// checkWords wants each file for people that has other words to be named.
func checkWords(t *testing.T, dir string) {
	for _, name := range []string{rundir.CardFile, rundir.ReportFile} {
		replaceIn(t, filepath.Join(dir, name), `(?s)$`, "In other words.")
	}
	v, err := verified(t, Request{Path: dir})
	if err != nil {
		var d *Difference
		errors.As(err, &d)
		t.Fatalf("error %v: %+v", err, d)
	}
	for _, name := range []string{rundir.CardFile, rundir.ReportFile} {
		if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.HasPrefix(w, name) }) {
			t.Errorf("%s is not in the warnings: %q", name, v.Warnings)
		}
	}
}

// checkWithoutPlots removes a plot that the settings ask for, wherever it is named.
func checkWithoutPlots(t *testing.T, dir string) {
	record := filepath.Join(dir, rundir.RecordFile)
	replaceIn(t, filepath.Join(dir, rundir.PlotsDir, "plots.json"), `(?s),\s*\{\s*"name": "training-loss".*?\}`, "")
	for _, ext := range []string{".svg", ".png"} {
		replaceIn(t, record, `\s*"plots/training-loss`+ext+`": "[0-9a-f]*",`, "")
		if err := os.Remove(filepath.Join(dir, rundir.PlotsDir, "training-loss"+ext)); err != nil {
			t.Fatal(err)
		}
	}
	(&forger{dir: dir}).digests()
	v, err := verified(t, Request{Path: dir})
	if v.Verified && slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.HasPrefix(w, "plots/plots.json") }) {
		return
	}
	if d := v.FirstDifference; d == nil || d.File != "plots/plots.json" {
		t.Errorf("got %+v, error %v", v, err)
	}
}

// TestSplitOfAnotherProgram has a run that was given its split list, and says that it
// divided the data itself.
func TestSplitOfAnotherProgram(t *testing.T) {
	base := t.TempDir()
	first, dir := filepath.Join(base, "first"), filepath.Join(base, "second")
	small := func(dir string, flags ...string) {
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, append(flags, "epochs=1", "exporters=onnx", "visualizations=none")...)); err != nil {
			t.Fatal(err)
		}
	}
	small(first)
	list := filepath.Join(first, rundir.SplitFile)
	replaceIn(t, list, `("train": ?\[)(\d+)(.*\s*"validation": ?\[)(\d+)`, "$1$4$3$2")
	small(dir, "split="+list)
	replaceIn(t, filepath.Join(dir, rundir.RecordFile), `("split",\s*"value": ")[^"]*`, "$1")
	replaceIn(t, filepath.Join(dir, rundir.SettingsFile), `(?m)^BLOCKTRAIN_SPLIT=.*`, "BLOCKTRAIN_SPLIT=")
	(&forger{dir: dir, forged: rundir.RecordFile}).reseal(t)
	checkDifference(t, Request{Path: dir}, rundir.SplitFile, 0, "sha256")
	replaceIn(t, filepath.Join(dir, rundir.RecordFile), `(?s)("execution": \{\s*"program": ")[^"]*`, "${1}blocktrain 0.0.1")
	(&forger{dir: dir, forged: rundir.RecordFile}).reseal(t)
	v, err := verified(t, Request{Path: dir})
	if err != nil || !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.HasPrefix(w, rundir.SplitFile) }) {
		t.Errorf("got %+v, error %v", v, err)
	}
}

// flipIn changes a bit in the middle of a file.
func flipIn(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSettingsThatDoNotFit forges settings that the program cannot train with: the record
// is wrong, and not the command.
func TestSettingsThatDoNotFit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, "epochs=1", "exporters=onnx", "visualizations=none")); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"0", "0,zz"} {
		forged := runtest.Copied(t, dir)
		replaceIn(t, filepath.Join(forged, rundir.RecordFile), `("train-classes",\s*"value": ")`, "${1}"+value)
		(&forger{dir: forged, forged: rundir.RecordFile}).reseal(t)
		checkDifference(t, Request{Path: forged}, rundir.RecordFile, 0, "content")
	}
}
