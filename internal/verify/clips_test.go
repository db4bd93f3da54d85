package verify

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// TestClips trains on clips, alone and joined, and checks that bits depend on neither workers
// nor modes, that records and documents say what the clips are, and that verification decodes
// them again.
func TestClips(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	data := filepath.Join(dir, "clips")
	runtest.DrawClips(t, data)
	alone := []string{"dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2,background=on,level=median,background-window=5", "image-size=12", "epochs=2", "criteria=min_test_accuracy", "visualizations=detection-curve,training-loss", "name=clips", "exporters=onnx"}
	weights := map[string]string{}
	run := func(name string, flags ...string) *rundir.Record {
		t.Helper()
		path := filepath.Join(dir, name)
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, flags...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record := readRecord(t, path)
		weights[name] = record.Training.WeightsSHA256
		return record
	}
	record := run("alone", alone...)
	run("disk", append(alone, "data-mode=disk", "workers=2", "cache-size=0")...)
	if weights["alone"] != weights["disk"] {
		t.Error("the weights depend on data mode, workers or cache")
	}
	if readText(t, filepath.Join(dir, "alone", rundir.ControlsFile)) != readText(t, filepath.Join(dir, "disk", rundir.ControlsFile)) {
		t.Error("the controls depend on data mode, workers or cache")
	}
	run("joined", "dataset=clips,digits", "data-dir=clips="+data, "dataset-options=clips:minimum=12,clips:frames=0,digits:count=200,digits:test-count=50", "image-size=12", "epochs=1", "allow-missing-class=true")
	for _, name := range []string{"alone", "joined"} {
		if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: filepath.Join(dir, name), Workers: 2}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := record.Identity.Datasets[0]
	if len(d.Clips) != 16 || d.Clips[0].File != "test/bird/0" || d.Clips[0].Frames != 31 || len(d.Clips[0].SHA256) != 64 || d.Clips[0].Part != "test" {
		t.Errorf("%d clips, the first %+v", len(d.Clips), d.Clips[0])
	}
	if diff := len(record.Identity.Input.Frames); diff != 3 || record.Identity.Classes[2] != "background" {
		t.Errorf("%d frames, classes %q", diff, record.Identity.Classes)
	}
	checkDetection(t, filepath.Join(dir, "alone"), filepath.Join(dir, "disk"))
	for _, words := range []string{"Of the 4 clips of the test part, 4 show scenes that clips of the training part show", "Finding targets", "of frames whose targets are painted over"} {
		for _, file := range []string{rundir.CardFile, rundir.ReportFile} {
			if text := readText(t, filepath.Join(dir, "alone", file)); !strings.Contains(text, words) {
				t.Errorf("%s lacks %q", file, words)
			}
		}
	}
	packages, err := filepath.Glob(filepath.Join(dir, "alone", rundir.PackageDir, "*", rundir.RecordFile))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	testPostprocessing(t, filepath.Dir(packages[0]))
	checkDetectionElsewhere(t, filepath.Join(dir, "alone"))
	frame := filepath.Join(data, "train", "bird", "3", "007.png")
	other := readText(t, filepath.Join(data, "train", "bird", "3", "008.png"))
	if err := os.WriteFile(frame, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	if found, err := Run(t.Context(), runtest.Quiet(), Request{Path: filepath.Join(dir, "alone"), Workers: 2}); err == nil && found.Verified {
		t.Error("a frame was changed, and verification did not find it")
	}
}

// testPostprocessing wants a package of a model of clips to say how videos are predicted on, and
// verification to find it changed.
func testPostprocessing(t *testing.T, pack string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	if err := os.CopyFS(dir, os.DirFS(pack)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, postprocess.File)
	text := readText(t, path)
	for _, part := range []string{`"window": 5`, `"margin": 200`, `"minimum": 12`, `"lag": 64`, `"frames": 30`, `"background"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s: %s", path, part, text)
		}
	}
	if _, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir}); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o666), fileio.WriteChecksums(dir)); err != nil {
			t.Fatal(err)
		}
	}
	defer write(text) // the run lists the package
	write(strings.Replace(text, `"lag": 64`, `"lag": 65`, 1))
	if _, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir}); !errors.Is(err, rundir.ErrDifference) {
		t.Errorf("%s was changed, and verification says %v", path, err)
	}
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o666), fileio.WriteChecksums(dir)); err != nil { // the run is verified after this
		t.Fatal(err)
	}
}

// checkDetection checks what the runs say of the targets found: the same, whatever the workers,
// and forged values are found.
func checkDetection(t *testing.T, run, same string) {
	t.Helper()
	for _, part := range rundir.EvaluatedParts() {
		name := filepath.FromSlash(rundir.DetectionFile(part))
		r, err := detection.Read(filepath.Join(run, name))
		if err != nil {
			t.Fatal(err)
		}
		other, err := detection.Read(filepath.Join(same, name))
		if err != nil {
			t.Fatal(err)
		}
		if r.All.Targets%31 != 0 || part == dataset.PartTest && r.All.Targets != 4*31 || r.All.Track.Count < r.All.Targets/2 {
			t.Errorf("%s part: %+v", part, r.All)
		}
		if (r.Speed != nil) != (part == dataset.PartTest) {
			t.Errorf("%s part: speed %+v", part, r.Speed)
		}
		r.Speed, other.Speed = nil, nil
		if diff := cmp.Diff(r, other); diff != "" {
			t.Errorf("%s part, with another data mode, number of workers and cache:\n%s", part, diff)
		}
	}
	forgeDetection(t, filepath.Join(run, rundir.PackageDir, "clips-0.1.0"), 400)
	for _, plot := range []string{"svg", "png"} {
		if !fileio.Exists(filepath.Join(run, rundir.PlotsDir, "detection-curve."+plot)) {
			t.Errorf("there is no detection-curve.%s", plot)
		}
	}
}

// checkDetectionElsewhere evaluates the model of a run on other clips, at the thresholds of the run.
func checkDetectionElsewhere(t *testing.T, run string) {
	t.Helper()
	data := t.TempDir()
	for class, name := range []string{"bird", "drone"} {
		runtest.DrawClip(t, filepath.Join(data, name, "other"), class, 101+class, 3)
	}
	s := runtest.MustResolve(t, "dataset=clips", "data-dir="+data, "dataset-options=minimum=12,margin=2,background=on,level=median,background-window=5")
	made, err := pipeline.Evaluate(t.Context(), runtest.Quiet(), s, run, "")
	if err != nil || len(made.Detection) != 1 {
		t.Fatalf("error %v, %+v", err, made)
	}
	files, err := filepath.Glob(filepath.Join(run, rundir.EvaluationDir, "detection-clips-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, error %v", files, err)
	}
	found, err := detection.Read(files[0])
	if err != nil {
		t.Fatal(err)
	}
	validation, err := detection.Read(filepath.Join(run, filepath.FromSlash(rundir.DetectionFile(dataset.PartValidation))))
	if err != nil {
		t.Fatal(err)
	}
	if found.All.Clips != 2 || found.All.Targets != 62 || !found.SameThresholds(validation) || found.Part != "all" {
		t.Errorf("other clips: %+v", found.All)
	}
	if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: run, Workers: 2}); err != nil {
		t.Errorf("after another evaluation: %v", err)
	}
}

// forgeDetection forges what a package says of the targets found, one value at a time. Most
// forgeries contradict the rest of their own file, which is cheap to see; the others, and a
// sample of all, are left to the verification of the package.
func forgeDetection(t *testing.T, pack string, n int) {
	t.Helper()
	temporary, tried, verified := t.TempDir(), 0, 0
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.DetectionFile(part)
		b, err := os.ReadFile(filepath.Join(pack, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		all, err := edits(b)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range all {
			f := writing(name, e.path, e.what, e.apply(b))
			if tried++; contradictsItself(t, e.apply(b)) && tried%n != 0 || slices.ContainsFunc(unknowable, func(l limit) bool { return l.covers(name, e.path) }) {
				continue
			}
			if element := regexp.MustCompile(`\[([1-9]|\d\d+)\]`); element.MatchString(e.path) && tried%n != 0 {
				continue // like the first one
			}
			verified++
			dir := filepath.Join(temporary, fmt.Sprint(part, i))
			if err := errors.Join(os.CopyFS(dir, os.DirFS(pack)), f.apply(dir)); err != nil {
				t.Fatal(err)
			}
			(&forger{dir, name, e.path}).reseal(t)
			if _, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir}); !errors.Is(err, rundir.ErrDifference) {
				t.Errorf("%s: error %v, want a difference", f, err)
			}
		}
	}
	if tried < 300 || verified < 5 {
		t.Errorf("%d forgeries were tried, %d of them in packages", tried, verified)
	}
	t.Logf("%d forgeries of the targets found, %d of them in packages", tried, verified)
}

// contradictsItself says whether a file of targets found cannot be read, or says otherwise than
// its own clips imply.
func contradictsItself(t *testing.T, b []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.json")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := detection.Read(path)
	if err != nil {
		return true
	}
	made, err := r.Recomputed([]string{"bird", "drone", "background"})
	if err != nil {
		return true
	}
	was, err1 := finding.Parse(b)
	is, err2 := finding.Of(made)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return finding.First("", was, is) != nil
}
