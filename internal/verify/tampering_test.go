package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// replaceIn replaces the first match in a file, which must have one, and gives a record
// its own digest again.
func replaceIn(t *testing.T, path, pattern, with string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	expression := regexp.MustCompile(pattern)
	found := expression.FindIndex(b)
	if found == nil {
		t.Fatalf("%s has no match for %s", path, pattern)
	}
	changed := append(bytes.Clone(b[:found[0]]), expression.ReplaceAll(b[found[0]:found[1]], []byte(with))...)
	changed = append(changed, b[found[1]:]...)
	if bytes.Equal(changed, b) {
		t.Fatalf("%s is the same", path)
	}
	if filepath.Base(path) == rundir.RecordFile { // damage of its bytes alone is TestDamagedRecord's
		changed = rundir.Seal(changed)
	}
	if err := os.WriteFile(path, changed, 0o644); err != nil {
		t.Fatal(err)
	}
}

// seal gives a record's identity its digest again, as an attacker would.
func seal(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, rundir.RecordFile)
	text, err := rundir.RecordedIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	replaceIn(t, path, `"identity_sha256": "[0-9a-f]*"`, fmt.Sprintf(`"identity_sha256": %q`, fileio.SHA256Of(text)))
}

// sealFiles gives record and decision the digests of the files as they are, derives
// again what a package derives from them, and writes its list anew, as a thorough
// attacker would.
func sealFiles(t *testing.T, dir string) {
	t.Helper()
	var record struct {
		Files map[string]string `json:"files"`
	}
	b, err := os.ReadFile(filepath.Join(dir, rundir.RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	renew := func(name, in, key string) {
		digest, err := fileio.SHA256(filepath.Join(dir, name))
		if err == nil && !strings.Contains(readText(t, filepath.Join(dir, in)), fmt.Sprintf("%q: %q", key, digest)) {
			replaceIn(t, filepath.Join(dir, in), regexp.QuoteMeta(fmt.Sprintf("%q: %q", key, record.Files[name])), fmt.Sprintf("%q: %q", key, digest))
		}
	}
	if fileio.Exists(filepath.Join(dir, rundir.ReleaseFile)) {
		renew("evaluation/test.json", rundir.ReleaseFile, "evaluation_sha256")
		resealAgreement(dir)
		renew(rundir.AgreementFile, rundir.ReleaseFile, "agreement_sha256")
	}
	for name := range record.Files {
		renew(name, rundir.RecordFile, name)
	}
	if !fileio.Exists(filepath.Join(dir, exporter.WeightsFile)) {
		return
	}
	v := &verification{env: runtest.Quiet(), folder: dir, packaged: true, source: &rundir.Source{Folder: dir}}
	if v.record, err = rundir.ReadRecord(v.file(rundir.RecordFile)); err == nil {
		_ = v.derive(dir) // what cannot be derived stays
	}
	if err := fileio.WriteChecksums(dir); err != nil {
		t.Fatal(err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flip changes the last bit of a file's byte, counted from the end.
func flip(t *testing.T, path string, fromEnd int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-fromEnd] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// swapLines exchanges the first two lines of a file.
func swapLines(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	lines[0], lines[1] = lines[1], lines[0]
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// zeros is a digest that nothing has.
var zeros = strings.Repeat("0", 64)

// tampering is one change to a package whose list of digests is written anew.
type tampering struct {
	name   string
	file   string // changed, and to be named unless other is
	match  string
	with   string
	anew   bool   // the digest of the identity is computed anew
	also   string // line that run.env gets
	other  string // the file that is named
	epoch  int
	figure string
	cause  string
}

var tamperings = []tampering{
	{name: "setting", file: rundir.RecordFile, match: `"value": "20"`, with: `"value": "19"`, figure: "identity_sha256", cause: "edited after the run"},
	{name: "setting, digest anew", file: rundir.RecordFile, match: `"value": "20"`, with: `"value": "19"`, anew: true,
		figure: "identity.settings[4].value", cause: "run.json or run.env was changed"},
	{name: "setting in both files, digest anew", file: rundir.RecordFile, match: `"value": "20"`, with: `"value": "19"`, anew: true, also: `BATCH_SIZE=19`,
		other: "history.jsonl", epoch: 1, figure: "weights_sha256", cause: "a setting, digest or seed in run.json was edited"},
	{name: "model, digest anew", file: rundir.RecordFile, match: `"hidden": "16"`, with: `"hidden": "17"`, anew: true, other: "weights.safetensors", figure: "content"},
	{name: "augmentation, digest anew", file: rundir.RecordFile, match: `pixels=1`, with: `pixels=2`, anew: true, figure: "identity.augment"},
	{name: "classes, digest anew", file: rundir.RecordFile, match: `"class0"`, with: `"class9"`, anew: true, other: "evaluation/validation.json", figure: "labels"},
	{name: "input, digest anew", file: rundir.RecordFile, match: `"width": 8`, with: `"width": 9`, anew: true, other: "weights.safetensors", figure: "content"},
	{name: "dataset, digest anew", file: rundir.RecordFile, match: `"sha256": "[0-9a-f]*"`, with: `"sha256": "` + zeros + `"`, anew: true,
		figure: "identity.datasets[0].sha256 (folder)", cause: "the data has changed"},
	{name: "joined dataset, digest anew", file: rundir.RecordFile, match: `"dataset_sha256": "[0-9a-f]*"`, with: `"dataset_sha256": "` + zeros + `"`, anew: true, figure: "identity.dataset_sha256"},
	{name: "size of a part, digest anew", file: rundir.RecordFile, match: `"train": 36`, with: `"train": 35`, anew: true, figure: "identity.split.train"},
	{name: "best epoch", file: rundir.RecordFile, match: `"best_epoch": \d`, with: `"best_epoch": 1`, other: "history.jsonl", epoch: 1, figure: "digest of the ema weights"},
	{name: "number of epochs", file: rundir.RecordFile, match: `"epochs": 3`, with: `"epochs": 4`, other: "history.jsonl", figure: "epochs"},
	{name: "decision", file: rundir.RecordFile, match: `"decision": "approved"`, with: `"decision": "refused"`, other: rundir.ReleaseFile, figure: "decision"},

	{name: "digest of an epoch", file: "history.jsonl", match: `("epoch":2,.*"weights_sha256":)"[0-9a-f]*"`, with: `$1"` + zeros + `"`, epoch: 2, figure: "weights_sha256", cause: "the line was edited"},
	{name: "digest of an epoch, cut", file: "history.jsonl", match: `"weights_sha256":"[0-9a-f]`, with: `"weights_sha256":"`, figure: "content"},
	{name: "optimizer of an epoch", file: "history.jsonl", match: `("epoch":1,.*"optimizer_sha256":)"[0-9a-f]*"`, with: `$1"` + zeros + `"`, epoch: 1, figure: "optimizer_sha256", cause: "the weights of the epoch are equal"},
	{name: "loss of an epoch", file: "history.jsonl", match: `("epoch":3,"train_loss":\d\.\d*)(\d\d,)`, with: "${1}1${2}", epoch: 3, figure: "train_loss"},
	{name: "accuracy of an epoch", file: "history.jsonl", match: `("epoch":2,.*"validation_accuracy":)[^,]*`, with: "${1}0.125", epoch: 2, figure: "validation_accuracy"},
	{name: "learning rate of an epoch", file: "history.jsonl", match: `"learning_rate":`, with: `"learning_rate":1`, epoch: 1, figure: "learning_rate"},
	{name: "an epoch less", file: "history.jsonl", match: `\{[^\n]*"epoch":3,[^\n]*\n`, with: "", figure: "epochs"},

	{name: "split list", file: rundir.SplitFile, match: `("test": \[)(\d+),(\d+)`, with: "$1$3,$2", figure: "sha256", cause: "the split list was edited"},
	{name: "split list, cut", file: rundir.SplitFile, match: `"test": \[\d+,`, with: `"test": [`, figure: "sha256"},
	{name: "split list, damaged", file: rundir.SplitFile, match: `"train"`, with: `"brain"`, figure: "content"},

	{name: "accuracy", file: "evaluation/test.json", match: `"accuracy": [^,]*`, with: `"accuracy": 0.999`, figure: "content"},
	{name: "calibration", file: "evaluation/test.json", match: `"calibration_error": `, with: `"calibration_error": 1`, figure: "calibration_error"},
	{name: "probabilities", file: "evaluation/test.json", match: `"probabilities_sha256": "[0-9a-f]*"`, with: `"probabilities_sha256": "` + zeros + `"`, figure: "probabilities_sha256"},
	{name: "evaluated weights", file: "evaluation/validation.json", match: `"weights_sha256": "[0-9a-f]*"`, with: `"weights_sha256": "` + zeros + `"`, figure: "weights_sha256"},
	{name: "loss on the validation part", file: "evaluation/validation.json", match: `"loss": `, with: `"loss": 1`, figure: "loss"},

	{name: "weights of the decision", file: rundir.ReleaseFile, match: `"sha256": "[0-9a-f]*"`, with: `"sha256": "` + zeros + `"`, figure: "weights.sha256"},
	{name: "what was measured", file: rundir.ReleaseFile, match: `("min_test_accuracy",[^}]*"measured": )[^,]*`, with: "${1}0.5", figure: "criteria[0].measured"},
}

func verifyTampering(t *testing.T, e example) {
	for _, test := range tamperings {
		t.Run(test.name, func(t *testing.T) {
			dir := runtest.Copied(t, e.pack)
			replaceIn(t, filepath.Join(dir, test.file), test.match, test.with)
			if test.anew {
				seal(t, dir)
			}
			checkDifference(t, Request{Path: dir}, fileio.ChecksumFile, 0, test.file)
			if err := fileio.WriteChecksums(dir); err != nil {
				t.Fatal(err)
			}
			if v, err := verified(t, Request{Path: dir}); !errors.Is(err, rundir.ErrDifference) || v.Epochs > 0 && test.file != rundir.RecordFile {
				t.Errorf("with a new list of digests alone: %+v, error %v", v, err)
			}
			if key, _, given := strings.Cut(test.also, "="); given {
				replaceIn(t, filepath.Join(dir, rundir.SettingsFile), key+"=.*", test.also)
			}
			sealFiles(t, dir)
			file := test.file
			if test.other != "" {
				file = test.other
			}
			cause := checkDifference(t, Request{Path: dir}, file, test.epoch, test.figure)
			if !strings.Contains(cause, test.cause) || cause == "" {
				t.Errorf("the cause is %q, want %q", cause, test.cause)
			}
		})
	}
}

// checkDifference verifies, wants a difference there, and returns what is said of its
// cause.
func checkDifference(t *testing.T, request Request, file string, epoch int, figure string) (cause string) {
	t.Helper()
	v, err := verified(t, request)
	d := v.FirstDifference
	if !errors.Is(err, rundir.ErrDifference) || v.Verified || d == nil {
		t.Fatalf("got %+v, error %v: want a difference in %s, %s", v, err, file, figure)
	}
	if d.File != file || d.Epoch != epoch || d.Figure != figure || d.Recorded == d.Found {
		t.Errorf("the difference is in %s: recorded %s, found %s; want it in %s, epoch %d, %s", d.Place(), d.Recorded, d.Found, file, epoch, figure)
	}
	if !strings.Contains(err.Error(), d.Place()) {
		t.Errorf("error %q does not name %s", err, d.Place())
	}
	return d.Cause
}

// verifyLearningRate changes the recorded learning rate by the least there is:
// of the precision that steps use, and of one that they do not.
func verifyLearningRate(t *testing.T, e example) {
	single := strconv.FormatFloat(float64(math.Float32frombits(math.Float32bits(0.02)+1)), 'g', -1, 32)
	double := strconv.FormatFloat(math.Float64frombits(math.Float64bits(0.02)+1), 'g', -1, 64)
	for _, test := range []struct {
		name, rate   string
		anew         bool
		file, figure string
		epoch        int
	}{
		{"single", single, false, rundir.RecordFile, "identity_sha256", 0},
		{"single, digest anew", single, true, "history.jsonl", "learning_rate", 1},
		{"double", double, false, rundir.RecordFile, "identity_sha256", 0},
		{"double, digest anew", double, true, rundir.RecordFile, "identity.learning_rate", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, source := range []string{e.run, e.pack} {
				dir := runtest.Copied(t, source)
				replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"learning_rate": 0.02\b`, `"learning_rate": `+test.rate)
				replaceIn(t, filepath.Join(dir, rundir.SettingsFile), `LEARNING_RATE=.*`, `LEARNING_RATE=`+test.rate)
				if test.anew {
					seal(t, dir)
				}
				sealFiles(t, dir)
				checkDifference(t, Request{Path: dir}, test.file, test.epoch, test.figure)
			}
		})
	}
}

func verifyChangedFiles(t *testing.T, e example) {
	for _, test := range []struct {
		name   string
		source string
		change func(t *testing.T, dir string)
		file   string
		figure string
	}{
		{"weights of a run", e.run, func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "checkpoints/best.safetensors"), 1) }, "checkpoints/best.safetensors", "digest of the weights"},
		{"no weights", e.run, func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "checkpoints/best.safetensors")) }, "checkpoints/best.safetensors", "file"},
		{"weights", e.pack, func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "weights.safetensors"), 1) }, "weights.safetensors", "digest of the weights"},
		{"form of the weights", e.pack, func(t *testing.T, dir string) {
			replaceIn(t, filepath.Join(dir, "weights.safetensors"), `"dtype"`, `"dtipe"`)
		}, "weights.safetensors", "content"},
		{"model", e.pack, func(t *testing.T, dir string) {
			flip(t, filepath.Join(dir, "model-repository/shapes/1/model.onnx"), 200)
		}, "model-repository/shapes/1/model.onnx", "content"},
		{"labels", e.pack, func(t *testing.T, dir string) {
			swapLines(t, filepath.Join(dir, "model-repository/shapes/labels.txt"))
		}, "model-repository/shapes/labels.txt", "content"},
		{"no history", e.pack, func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "history.jsonl")) }, "history.jsonl", "file"},
		{"no evaluation", e.pack, func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "evaluation/test.json")) }, "evaluation/test.json", "file"},
		{"no decision", e.pack, func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "release.json")) }, "release.json", "file"},
		{"weights that all files agree on", e.pack, replaceWeights, "history.jsonl", "ema_sha256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := runtest.Copied(t, test.source)
			test.change(t, dir)
			epoch := 0
			if test.source == e.pack {
				if err := fileio.WriteChecksums(dir); err != nil {
					t.Fatal(err)
				}
			}
			if test.file == "history.jsonl" && test.figure != "file" {
				epoch = 3
			}
			checkDifference(t, Request{Path: dir}, test.file, epoch, test.figure)
		})
	}
	dir := runtest.Copied(t, e.pack)
	remove(t, filepath.Join(dir, fileio.ChecksumFile))
	checkDifference(t, Request{Path: dir}, fileio.ChecksumFile, 0, "file")
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// replaceWeights changes a weight and makes every file of a package agree.
func replaceWeights(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "weights.safetensors")
	file, err := weights.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := weights.Digest(file.Tensors)
	file.Tensors[0].Data[0]++
	if err := weights.WriteFile(path, file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run.json", "history.jsonl", "release.json", "evaluation/test.json", "evaluation/validation.json"} {
		replaceIn(t, filepath.Join(dir, name), old, weights.Digest(file.Tensors))
	}
	sealFiles(t, dir)
}

func verifyOtherData(t *testing.T, e example) {
	for name, change := range map[string]func(t *testing.T, data string){
		"a pixel":       func(t *testing.T, data string) { runtest.WriteImage(t, filepath.Join(data, "class1/03.png"), 1, 4) },
		"an image less": func(t *testing.T, data string) { remove(t, filepath.Join(data, "class1/03.png")) },
		"an image more": func(t *testing.T, data string) { runtest.WriteImage(t, filepath.Join(data, "class1/99.png"), 1, 4) },
		"a label": func(t *testing.T, data string) {
			if err := os.Rename(filepath.Join(data, "class1/03.png"), filepath.Join(data, "class2/93.png")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := runtest.Copied(t, e.data)
			change(t, data)
			cause := checkDifference(t, Request{Path: e.pack, DataDirs: []string{data}}, rundir.RecordFile, 0, "identity.datasets[0].sha256 (folder)")
			if !strings.HasPrefix(cause, "the data has changed, or is other data") {
				t.Errorf("the cause is %q", cause)
			}
		})
	}
}
