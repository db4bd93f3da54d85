package pipeline

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// another has for each setting a value that is not the one of the test's run. A setting
// that is added needs one here.
var another = map[string]string{
	"recipe": "fast", "dataset": "digits,folder", "dataset-options": "group=prefix:_", "split-ratio": "50/25/25", "split-seed": "2",
	"resize": "crop", "resize-filter": "triangle", "crop-fraction": "0.875", "alpha": "black", "image-size": "9", "test-image-size": "12", "channels": "1", "levels": "0,65534", "limit-train": "11",
	"train-classes": "0,1", "augment": "erase", "keep-size": "50",
	"model": "vgg-small", "model-options": "activation=gelu", "freeze": "stem", "decision-folds": "3",
	"loss": "focal", "loss-options": "label-smoothing=0.2", "optimizer": "sgd", "optimizer-options": "beta1=0.8", "schedule": "cosine", "schedule-options": "rise=0.2",
	"epochs": "3", "batch-size": "17", "shard-size": "7", "learning-rate": "0.0123", "weight-decay": "0.0123", "gradient-clip": "0.5", "warmup": "0.5",
	"ema": "0.9", "seed": "2", "sampling": "balanced", "overfit-batch": "true",
	"monitor": "validation_accuracy", "min-delta": "0.01", "patience": "2",

	"data-dir": "", "data-mode": "disk", "on-corrupt": "skip", "index": "off", "cache-size": "7MB", "memory": "7MB", "split": "", "init-from": "", "allow-missing-class": "true", "min-test-examples": "7", "min-class-test-examples": "7",
	"criteria": "min_test_accuracy", "min-test-accuracy": "0.5", "min-per-class-accuracy": "0.5", "min-unseen-accuracy": "0.5", "max-reconstruction-error": "0.5",
	"max-inference-time-ms": "7", "max-inference-ratio": "7", "max-model-size-mb": "7", "baseline": "elsewhere", "onnxruntime-lib": "elsewhere", "force": "true", "reason": "why",
	"name": "another", "release-version": "9.9.9", "output-dir": "elsewhere", "exporters": "onnx", "visualizations": "none", "controls": "off",
	"workers": "3", "checkpoint-interval": "7", "dry-run": "true",
	"max-package-mb": "7", "require-commit": "true", "decided-by": "somebody", "overwrite-release": "true",
	"license": "CC0-1.0", "contact": "somebody", "intended-use": "tests",
}

// TestIdentityFollowsFromTheClass changes each setting, one at a time: those of the class
// identity give another digest each, and all others give the same.
func TestIdentityFollowsFromTheClass(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for class := range 3 {
		for i := range 12 {
			runtest.WriteImage(t, filepath.Join(data, strconv.Itoa(class), fmt.Sprintf("%d_%d.png", i/2, i)), class, i)
		}
	}
	base := map[string]string{"dataset": "folder", "data-dir": data, "model": "resnet20", "epochs": "2", "channels": "3"}
	digest := func(changes map[string]string) string {
		t.Helper()
		given := maps.Clone(base)
		maps.Copy(given, changes)
		var flags []string
		for name, value := range given {
			flags = append(flags, name+"="+value)
		}
		s := runtest.MustResolve(t, flags...)
		p, err := prepare(t.Context(), runtest.Quiet(), s, s.SplitFile, nil, rundir.RecordSchema)
		if err != nil {
			t.Errorf("%v: %v", changes, err)
			return ""
		}
		return p.Record.IdentitySHA256
	}
	none := digest(nil)
	seen := map[string]string{none: "no change"}
	for _, option := range allSettings() {
		value, has := another[option.Name]
		changes := map[string]string{option.Name: value}
		switch option.Name {
		case "recipe": // whose values command lines and env files put into other settings
			continue
		case "freeze":
			changes["init-from"] = "none" // which this test does not read
		case "dataset":
			changes["dataset-options"] = "digits:count=20,digits:test-count=10"
		case "data-dir":
			changes["data-dir"] = runtest.Copied(t, data)
		case "decision-folds": // of clips alone: TestDecision of package verify
			continue
		case "split", "init-from": // files, whose digests the identity has: TestIdentityHasDigestsOfFiles
			continue
		case "crop-fraction":
			changes["resize"] = "crop"
		case "keep-size":
			changes["augment"] = "random-resized-crop"
		case "reason":
			changes["force"] = "true"
		case "force":
			changes["reason"] = "why"
		}
		if !has {
			t.Errorf("the setting %s has no value in the table of this test: give it one that is not its default", option.Name)
			continue
		}
		got := digest(changes)
		switch before, known := seen[got]; {
		case option.Class != config.Identity && got != none:
			t.Errorf("%s is of the class %s and changes the identity", option.Name, option.Class)
		case option.Class == config.Identity && known:
			t.Errorf("%s is of the class identity, and %v has the digest of %s", option.Name, changes, before)
		}
		seen[got] = option.Name
	}
	for name := range another {
		if !slices.ContainsFunc(allSettings(), func(o *config.Option) bool { return o.Name == name }) {
			t.Errorf("no setting %s", name)
		}
	}
}

// allSettings are those that a run has.
func allSettings() []*config.Option {
	o := config.View()
	new(settings.Settings).Declare(o)
	return o.All()
}

// TestIdentityHasDigestsOfFiles has the files that settings of other classes name.
func TestIdentityHasDigestsOfFiles(t *testing.T) {
	s := runtest.MustResolve(t, "dataset-options=count=60,test-count=30", "model=linear")
	made, err := prepare(t.Context(), runtest.Quiet(), s, "", nil, rundir.RecordSchema)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "split.json")
	if err := dataset.WriteSplit(list, made.Data.Split); err != nil {
		t.Fatal(err)
	}
	same, err := prepare(t.Context(), runtest.Quiet(), s, list, nil, rundir.RecordSchema)
	if err != nil || same.Record.IdentitySHA256 != made.Record.IdentitySHA256 {
		t.Errorf("the same list gives another identity (%v)", err)
	}
	split := made.Data.Split
	split.Train = split.Train[1:]
	if err := dataset.WriteSplit(list, made.Data.Split); err != nil {
		t.Fatal(err)
	}
	other, err := prepare(t.Context(), runtest.Quiet(), s, list, nil, rundir.RecordSchema)
	if err != nil || other.Record.IdentitySHA256 == made.Record.IdentitySHA256 {
		t.Errorf("another list gives the same identity (%v)", err)
	}
}
