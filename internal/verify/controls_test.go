package verify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestControls trains the network that sees no target once, and then finds it in the cache, also
// where that was damaged or half made; leaves it out where that is asked for, which every
// document says; and scores clips of other data by clip and scene.
func TestControls(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	data := filepath.Join(dir, "clips")
	runtest.DrawClips(t, data)
	flags := []string{"dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2", "image-size=12", "epochs=3", "criteria=min_test_accuracy", "force=true", "reason=a test"}
	run := func(name string, more ...string) (string, *metric.Controls) {
		t.Helper()
		path := filepath.Join(dir, name)
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, append(flags, more...)...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c, err := metric.ReadControls(filepath.Join(path, rundir.ControlsFile))
		if err != nil {
			t.Fatal(err)
		}
		return path, c
	}
	first, made := run("first")
	if len(made.Parts) != 2 || made.Painted == nil || made.Painted.Epochs != 2 || made.Parts[1].Backdrops == nil || made.Parts[1].Painted.Clips.Count != 4 {
		t.Fatalf("controls %+v", made)
	}
	cache, err := controls.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(cache, made.Painted.IdentitySHA256)
	best := filepath.Join(kept, "checkpoints", "best.safetensors")
	written := func() int64 {
		t.Helper()
		info, err := os.Stat(best)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime().UnixNano()
	}
	before := written()
	same := func(name string) {
		t.Helper()
		if path, _ := run(name); readText(t, filepath.Join(path, rundir.ControlsFile)) != readText(t, filepath.Join(first, rundir.ControlsFile)) {
			t.Errorf("%s: other controls", name)
		}
	}
	if same("second"); written() != before {
		t.Error("the network was trained twice")
	}
	b := []byte(readText(t, best))
	b[len(b)-3] ^= 1
	if err := os.WriteFile(best, b, 0o666); err != nil {
		t.Fatal(err)
	}
	if same("damaged"); written() == before {
		t.Error("damaged weights were used")
	}
	last := filepath.Join(kept, "checkpoints", "last.safetensors")
	if err := os.WriteFile(last, []byte("cut off"), 0o666); err != nil {
		t.Fatal(err)
	}
	replaceIn(t, filepath.Join(kept, rundir.RecordFile), `(?s)"training": \{[^}]*\},\s*`, "")
	same("half made")

	path, off := run("off", "controls=off")
	if off.Painted != nil || off.LeftOut != controls.Off || off.Parts[0].Painted != nil {
		t.Errorf("with --controls off: %+v", off)
	}
	for _, file := range []string{rundir.CardFile, rundir.ReportFile} {
		if text := readText(t, filepath.Join(path, file)); !strings.Contains(text, "The latter is left out: ") || !strings.Contains(text, "nearest backdrop alone") {
			t.Errorf("%s does not say that a control was left out", file)
		}
		if text := readText(t, filepath.Join(first, file)); strings.Contains(text, "left out: ") || !strings.Contains(text, "targets painted over") || !strings.Contains(text, "clips of scenes not seen") {
			t.Errorf("%s does not show the controls", file)
		}
	}
	v, err := Run(t.Context(), runtest.Quiet(), Request{Path: path, Workers: 2})
	if err != nil || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], controls.Off) {
		t.Errorf("verification of a run without the control: error %v, %+v", err, v)
	}
	if removed, _, err := controls.ClearCache(cache); err != nil || removed == 0 {
		t.Errorf("%d files removed, %v", removed, err)
	}
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("the network is still kept: %v", err)
	}
	checkElsewhere(t, first, data)
}

// TestControlsOfWholeFrames wants figures by clip and scene and both controls of a run on whole
// frames, and trains its network without targets again; of clips without labels the second control
// is left out, with words for it.
func TestControlsOfWholeFrames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	data := filepath.Join(dir, "clips")
	runtest.DrawClips(t, data)
	for _, reason := range []string{"", controls.Unlabelled} {
		name := "with labels"
		if reason != "" {
			name = "without"
			removeLabels(t, data)
		}
		path := filepath.Join(dir, name)
		s := runtest.SmallRun(t, path, "dataset=clips", "data-dir="+data, "dataset-options=crop=frame", "image-size=12", "epochs=3", "criteria=min_test_accuracy", "force=true", "reason=a test")
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, err := metric.ReadEvaluation(filepath.Join(path, rundir.EvaluationDir, "test.json"))
		if err != nil || e.Clips == nil || e.Clips.Clips.Count != 4 || e.Clips.Scenes.Count == 0 {
			t.Fatalf("%s: by clip %+v, error %v", name, e.Clips, err)
		}
		c, err := metric.ReadControls(filepath.Join(path, rundir.ControlsFile))
		if err != nil || c.LeftOut != reason || (c.Painted == nil) != (reason != "") || c.Parts[1].Backdrops == nil {
			t.Fatalf("%s: controls %+v, error %v", name, c, err)
		}
		words := "targets painted over"
		if reason != "" {
			words = "left out: " + reason
		}
		if !strings.Contains(readText(t, filepath.Join(path, rundir.ReportFile)), words) {
			t.Errorf("%s: the report lacks %q", name, words)
		}
		v, err := Run(t.Context(), runtest.Quiet(), Request{Path: path, Workers: 2})
		if err != nil || (len(v.Warnings) > 0) != (reason != "") {
			t.Errorf("%s: verification: error %v, %+v", name, err, v)
		}
	}
}

// removeLabels removes the labels of all clips.
func removeLabels(t *testing.T, data string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "*", "*", "*", "label.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of labels, error %v", len(files), err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// checkElsewhere scores the run on other clips.
func checkElsewhere(t *testing.T, run, data string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "others")
	if err := os.CopyFS(other, os.DirFS(filepath.Join(data, "test"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(other, "bird", "1")); err != nil {
		t.Fatal(err)
	}
	s := runtest.MustResolve(t, "dataset=clips", "data-dir="+other, "dataset-options=minimum=12,margin=2")
	made, err := pipeline.Evaluate(context.WithoutCancel(t.Context()), runtest.Quiet(), s, run, "")
	if err != nil {
		t.Fatal(err)
	}
	e, is := made.Parts[0].(*metric.Evaluation)
	if !is || e.Clips == nil || e.Clips.Clips.Count != 3 {
		t.Fatalf("on other clips: %+v", e.Clips)
	}
	own, err := metric.ReadEvaluation(filepath.Join(run, rundir.EvaluationDir, "test.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range e.Clips.Each {
		at := slices.IndexFunc(own.Clips.Each, func(o metric.ClipLine) bool { return o.Clip == "test/"+l.Clip })
		if o := own.Clips.Each[at]; o.Decided != l.Decided || l.Seen == nil || *o.Seen != *l.Seen {
			t.Errorf("clip %s: %+v, and on the test part %+v", l.Clip, l, o)
		}
	}
}
