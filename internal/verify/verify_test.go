package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// example is a finished run, its package and its data, to be copied and spoilt.
type example struct{ run, pack, data string }

// makeExample trains on drawn rectangles of three classes for three epochs.
func makeExample(t *testing.T, flags ...string) example {
	t.Helper()
	dir := t.TempDir()
	e := example{run: filepath.Join(dir, "run"), data: filepath.Join(dir, "data")}
	for class := range 3 {
		for i := range 20 {
			runtest.WriteImage(t, filepath.Join(e.data, fmt.Sprintf("class%d", class), fmt.Sprintf("%02d.png", i)), class, i)
		}
	}
	s := exampleSettings(t, e, append([]string{"output-dir=" + e.run}, flags...)...)
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), s); err != nil {
		t.Fatal(err)
	}
	e.pack = filepath.Join(e.run, "package", "shapes-0.1.0")
	return e
}

func exampleSettings(t *testing.T, e example, flags ...string) *settings.Settings {
	t.Helper()
	return runtest.MustResolve(t, append([]string{
		"dataset=folder", "data-dir=" + e.data, "model=mlp", "model-options=hidden=16", "epochs=3", "batch-size=20",
		"learning-rate=0.02", "ema=0.5", "augment=shift:pixels=1", "name=shapes", "workers=1",
		"min-test-accuracy=0", "min-per-class-accuracy=0", "max-inference-time-ms=10000", "visualizations=none",
	}, flags...)...)
}

// verified verifies without a log and returns the result as it is in JSON.
func verified(t *testing.T, request Request) (Verification, error) {
	t.Helper()
	if request.DataMode == "" {
		request.DataMode = "ram"
	}
	var v Verification
	result, err := Run(t.Context(), runtest.Quiet(), request)
	if result != nil {
		b, marshalled := fileio.MarshalJSON(result)
		if marshalled != nil {
			t.Fatal(marshalled)
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
	}
	return v, err
}

// TestVerify verifies one run, and what was made of it by changing it.
func TestVerify(t *testing.T) {
	e := makeExample(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e example)
	}{
		{"same", verifySame}, {"prefix", verifyPrefix}, {"digest", verifyDigest}, {"leaves nothing", verifyLeavesNothing}, {"keep", verifyKeep},
		{"tampering", verifyTampering}, {"contents", verifyContents}, {"learning rate", verifyLearningRate}, {"changed files", verifyChangedFiles},
		{"other data", verifyOtherData}, {"warns", verifyWarns}, {"usage", verifyUsage},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, e) })
	}
}

func verifySame(t *testing.T, e example) {
	for _, request := range []Request{
		{Path: e.run},
		{Path: e.pack},
		{Path: e.pack, Workers: 2, DataMode: "disk"},
		{Path: e.run, Workers: 3},
		{Path: e.pack, DataDirs: []string{"folder=" + e.data}},
		{Path: e.run, Epochs: 3},
	} {
		v, err := verified(t, request)
		if err != nil {
			t.Fatalf("%+v: %v", request, err)
		}
		if !v.Verified || v.Partial || v.Epochs != 3 || v.Recorded != 3 || v.FirstDifference != nil || v.WeightsSHA256 == "" || len(v.Evaluated) != 2 || len(v.Warnings) > 0 {
			t.Errorf("%+v: got %+v", request, v)
		}
	}
}

func verifyPrefix(t *testing.T, e example) {
	v, err := verified(t, Request{Path: e.pack, Epochs: 2})
	if err != nil || v.Verified || !v.Partial || v.Epochs != 2 || v.Recorded != 3 || v.WeightsSHA256 != "" {
		t.Errorf("got %+v, error %v", v, err)
	}
	if want := []string{"weights.safetensors", "evaluation/validation.json", "evaluation/test.json", "release.json", "MODEL_CARD.md", "model-repository"}; !slices.Equal(v.NotCompared, want) {
		t.Errorf("not compared: %q, want %q", v.NotCompared, want)
	}
	// What comes after the prefix is not looked at.
	dir := runtest.Copied(t, e.run)
	replaceIn(t, filepath.Join(dir, "history.jsonl"), `("epoch":3,"train_loss":)[^,]*`, "${1}1")
	(&forger{dir: dir, forged: "history.jsonl"}).reseal(t)
	if v, err = verified(t, Request{Path: dir, Epochs: 2}); err != nil || !slices.Contains(v.NotCompared, "checkpoints/best.safetensors") || !slices.Contains(v.NotCompared, "log.jsonl") {
		t.Errorf("got %+v, error %v", v, err)
	}
}

// verifyWarns checks that other versions are told, and bits alone judged.
func verifyWarns(t *testing.T, e example) {
	dir := runtest.Copied(t, e.run)
	replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"execution": \{\s*"program": "[^"]*"`, `"execution": {"program": "blocktrain 0.0.1"`)
	replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"contract_version": \d+`, `"contract_version": 99`)
	(&forger{dir: dir, forged: rundir.RecordFile}).reseal(t)
	replaceIn(t, filepath.Join(dir, rundir.CardFile), `(?s)$`, "In other words.")
	v, err := verified(t, Request{Path: dir})
	if err != nil || !v.Verified || len(v.Warnings) != 3 || !strings.HasPrefix(v.Warnings[2], rundir.CardFile) ||
		!strings.HasPrefix(v.Warnings[0], "the model was made by blocktrain 0.0.1, this is ") ||
		!strings.Contains(v.Warnings[1], fmt.Sprintf("under version 99 of the reproducibility contract, this program keeps version %d", engine.ContractVersion)) {
		t.Errorf("got %+v, error %v", v, err)
	}
	replaceIn(t, filepath.Join(dir, "history.jsonl"), `"weights_sha256":"[0-9a-f]*"(,.*)"optimizer_sha256":"[0-9a-f]*"`, `"weights_sha256":"`+zeros+`"$1"optimizer_sha256":"`+zeros+`"`)
	(&forger{dir: dir, forged: "history.jsonl"}).reseal(t)
	cause := checkDifference(t, Request{Path: dir}, "history.jsonl", 1, "weights_sha256")
	want := fmt.Sprintf("version %d of the contract gives other bits than version 99: verify with a program that keeps that", engine.ContractVersion)
	if !strings.HasPrefix(cause, want) {
		t.Errorf("the cause is %q", cause)
	}

	// A package of another version is judged by the bytes that are served. How that
	// version words the card is not known.
	dir = runtest.Copied(t, e.pack)
	replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"package": \{\s*"program": "[^"]*"`, `"package": {"program": "blocktrain 0.0.1"`)
	sealFiles(t, dir)
	if v, err = verified(t, Request{Path: dir}); err != nil || len(v.Warnings) != 0 {
		t.Errorf("got %+v, error %v", v, err)
	}
	replaceIn(t, filepath.Join(dir, rundir.CardFile), "What it is", "What this is")
	listAnew(t, dir)
	if v, err = verified(t, Request{Path: dir}); err != nil || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "MODEL_CARD.md is not what this version") {
		t.Errorf("got %+v, error %v", v, err)
	}
	model := "model-repository/shapes/1/model.onnx"
	flip(t, filepath.Join(dir, model), 200)
	listAnew(t, dir)
	cause = checkDifference(t, Request{Path: dir}, model, 0, "content")
	if !strings.HasSuffix(cause, "or blocktrain 0.0.1 writes it in another way: verify with that") {
		t.Errorf("the cause is %q", cause)
	}
}

// listAnew writes a package's list of digests anew.
func listAnew(t *testing.T, dir string) {
	t.Helper()
	if err := fileio.WriteChecksums(dir); err != nil {
		t.Fatal(err)
	}
}

// verifyContents checks that a package holds nothing but what belongs into it, and
// that both commands say so.
func verifyContents(t *testing.T, e example) {
	add := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := fileio.Copy(filepath.Join(dir, name), filepath.Join(dir, rundir.ReleaseFile)); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit := func(name, match, with string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { replaceIn(t, filepath.Join(dir, name), match, with) }
	}
	repository := "model-repository/shapes/"
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string)
		file   string
		figure string
	}{
		{"configuration of the server", edit(repository+"config.pbtxt", "count: 1", "count: 2"), repository + "config.pbtxt", "content"},
		{"label of the server", edit(repository+"labels.txt", "class0", "class2"), repository + "labels.txt", "content"},
		{"model card", edit(rundir.CardFile, "Approved", "Hugely approved"), rundir.CardFile, "content"},
		{"form of the weights' file", edit("weights.safetensors", "blocktrain.name", "blocktrain.nome"), "weights.safetensors", "content"},
		{"another model", add("model-repository/other/1/model.onnx"), "model-repository/other", "file"},
		{"another version of the model", add(repository + "2/model.onnx"), repository + "2", "file"},
		{"a folder", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "model-repository/empty"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "model-repository/empty", "file"},
		{"a file", add("notes.txt"), "notes.txt", "file"},
		{"an evaluation", add("evaluation/other.json"), "evaluation/other.json", "file"},
		{"a checkpoint", add("checkpoints/best.safetensors"), "checkpoints", "file"},
		{"threshold", edit(rundir.ReleaseFile, `("min_test_accuracy",[^}]*"threshold": )[^,]*`, "${1}0.001"), rundir.ReleaseFile, "sha256"},
		{"configuration of the run", edit(rundir.SettingsFile, "EPOCHS=3", "EPOCHS=4"), rundir.SettingsFile, "sha256"},
		{"listed by the record", func(t *testing.T, dir string) {
			outside := readText(t, filepath.Join(dir, rundir.ReleaseFile))
			if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "outside.json"), []byte(outside), 0o600); err != nil {
				t.Fatal(err)
			}
			edit(rundir.RecordFile, `"files": \{`, `"files": {"../outside.json": "`+fileio.SHA256Of([]byte(outside))+`",`)(t, dir)
		}, rundir.RecordFile, "content"},
		{"no note of the package", edit(rundir.RecordFile, `(?s)"package": \{.*?\},\s*"execution"`, `"execution"`), rundir.RecordFile, "package"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := runtest.Copied(t, e.pack)
			test.change(t, dir)
			listAnew(t, dir)
			checkDifference(t, Request{Path: dir}, test.file, 0, test.figure)
			_, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir})
			var d *Difference
			if !errors.As(err, &d) || d.File != test.file {
				t.Errorf("package verify: error %v", err)
			}
		})
	}
}

func TestVerifyInitialWeights(t *testing.T) {
	first := makeExample(t)
	file := filepath.Join(first.run, "checkpoints/best.safetensors")
	moved := filepath.Join(t.TempDir(), "first.safetensors")
	if err := fileio.Copy(moved, file); err != nil {
		t.Fatal(err)
	}
	e := makeExample(t, "init-from="+moved, "freeze=hidden1", "ema=0", "limit-train=30", "split-seed=7")
	for _, from := range []string{"", file, first.run} {
		if v, err := verified(t, Request{Path: e.pack, InitFrom: from}); err != nil {
			t.Errorf("--init-from %q: got %+v, error %v", from, v, err)
		}
	}
	checkDifference(t, Request{Path: e.pack, InitFrom: filepath.Join(e.run, "checkpoints/best.safetensors")}, rundir.RecordFile, 0, "identity.init_sha256")
	// What lies where only the package says so is not shown.
	other := filepath.Join(e.run, "checkpoints/best.safetensors")
	if err := fileio.Copy(moved, other); err != nil {
		t.Fatal(err)
	}
	v, _ := verified(t, Request{Path: e.pack})
	digest, err := fileio.SHA256(other)
	if d := v.FirstDifference; err != nil || d == nil || d.Figure != "identity.init_sha256" || d.Found == digest {
		t.Errorf("got %+v, error %v", d, err)
	}
	remove(t, moved)
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Path: e.pack}, "the training began with weights from a file with SHA-256 "},
		{Request{Path: e.pack, InitFrom: moved}, "does not exist"},
		{Request{Path: first.pack, InitFrom: file}, "the training began with weights that it drew"},
	} {
		_, err := verified(t, test.request)
		var usage *config.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.request, err, test.want)
		}
	}
}

// verifyKeep checks that what is kept is a run of the same identity.
func verifyKeep(t *testing.T, e example) {
	keep := filepath.Join(t.TempDir(), "again")
	if _, err := verified(t, Request{Path: e.pack, Keep: keep}); err != nil {
		t.Fatal(err)
	}
	v, err := verified(t, Request{Path: keep})
	if err != nil || v.Epochs != 3 || len(v.Evaluated) > 0 {
		t.Errorf("got %+v, error %v", v, err)
	}
	_, err = verified(t, Request{Path: e.pack, Keep: keep})
	var usage *config.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "exists and is not empty: name a new folder") {
		t.Errorf("error %v", err)
	}
}

func verifyLeavesNothing(t *testing.T, e example) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	before := listing(t, e.run)
	if _, err := verified(t, Request{Path: e.run}); err != nil {
		t.Fatal(err)
	}
	if after := listing(t, e.run); after != before {
		t.Errorf("the run changed from\n%sto\n%s", before, after)
	}
	if left := listing(t, temporary); left != "" {
		t.Errorf("left over: %s", left)
	}
}

// listing lists the files of a folder with their sizes and times.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func verifyUsage(t *testing.T, e example) {
	empty := t.TempDir()
	untrained := runtest.Copied(t, e.run)
	replaceIn(t, filepath.Join(untrained, rundir.RecordFile), `"training": \{[^}]*\},`, "")
	replaceIn(t, filepath.Join(untrained, rundir.RecordFile), `(?s)"decision": .*?"files": \{.*?\},`, "")
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Path: filepath.Join(empty, "none")}, "does not exist"},
		{Request{Path: empty}, "is neither a run directory nor a package: it has no run.json"},
		{Request{Path: untrained}, "has not been trained to its end"},
		{Request{Path: e.run, Epochs: 4}, "--epochs 4: the training had 3"},
		{Request{Path: e.run, DataDirs: []string{"mnist=x"}}, "mnist is not among the datasets folder"},
	} {
		_, err := verified(t, test.request)
		var usage *config.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.request, err, test.want)
		}
	}
	_, err := verified(t, Request{Path: e.run, DataDirs: []string{empty}})
	if err == nil || errors.Is(err, rundir.ErrDifference) || !strings.HasSuffix(err.Error(), "--data-dir says where the data is") {
		t.Errorf("without data the error is %v", err)
	}
}

func verifyDigest(t *testing.T, e example) {
	record, err := rundir.ReadRecord(filepath.Join(e.run, rundir.RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := record.Identity.Digest(record.Schema)
	if err != nil || digest != record.IdentitySHA256 {
		t.Errorf("the identity has digest %s, recorded is %s (error %v)", digest, record.IdentitySHA256, err)
	}
}
