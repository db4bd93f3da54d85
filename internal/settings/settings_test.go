package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

func TestSettingsRefuse(t *testing.T) {
	for _, test := range []struct{ flags, want string }{
		{"split-ratio=60/20/10", "--split-ratio 60/20/10: the percentages make 90: want 100"},
		{"split-ratio=60/40", "want three numbers"},
		{"image-size=0", "want a size such as 28 or 320x256"},
		{"image-size=28x", "want a size such as 28 or 320x256"},
		{"image-size=5000", "at most 4096"},
		{"channels=2", "want 1 (grey), 3 (colour) or 0"},
		{"data-mode=tape", "want one of auto, ram, disk"},
		{"resize=squash", "want one of stretch, letterbox, crop"},
		{"resize-filter=lanczos", "want one of pillow-bilinear, pillow-bicubic, triangle"},
		{"alpha=grey", "want one of drop, black, white"},
		{"resize=crop;crop-fraction=87.5", "want a number from 0.25 to 1"},
		{"resize=crop;crop-fraction=NaN", "want a number from 0.25 to 1"},
		{"crop-fraction=0.875", "--crop-fraction 0.875 says what to crop: want --resize crop with it, not stretch"},
		{"epochs=0", "--epochs 0: want 1 to 100000"},
		{"epochs=1e3", "want a whole number"},
		{"batch-size=-1", "want 1 to 65536"},
		{"shard-size=0", "want 1 to 65536"},
		{"learning-rate=0", "want more than 0"},
		{"learning-rate=1e9", "want 0 to 1000"},
		{"weight-decay=-1", "want at least 0"},
		{"ema=1", "want less than 1"},
		{"seed=-1", "want at least 0"},
		{"workers=-1", "want 0 to 1024"},
		{"monitor=loss", "want validation_loss or validation_accuracy"},
		{"min-test-accuracy=97", "want 0 to 1, such as 0.97 for 97 %"},
		{"min-per-class-accuracy=92.5", "want 0 to 1, such as 0.925 for 92.5 %"},
		{"min-test-accuracy=-1", "want 0 to 1"},
		{"max-inference-time-ms=0", "want more than 0"},
		{"max-inference-ratio=-1", "want at least 0"},
		{"name=../x", "want letters, digits, dots"},
		{"name=" + strings.Repeat("x", 129), "has 129 characters: want at most 128; --name gives another"},
		{"dataset=folder;data-dir=" + strings.Repeat("x", 200), "has 210 characters: want at most 128"},
		{"release-version=1." + strings.Repeat("0", 100) + ".0", "want a version"},
		{"release-version=1.1.1" + strings.Repeat("1", 62), "want a version"},
		{"release-version=1.0", "want a version such as 1.2.3"},
		{"model=../lenet5", "want the name of a module"},

		{"force=true", "--force needs --reason TEXT"},
		{"force=true;reason= ", "--force needs --reason TEXT"},
		{"reason=because", "want --force with it"},
		{"criteria=", "no criteria: a model that nothing is asked of cannot be approved"},
		{"criteria=no_regression", "want --baseline RUN|PACKAGE"},
		{"criteria=min_test_accuracy,min_test_accuracy", `criteria: "min_test_accuracy" is given twice`},
		{"freeze=conv", "want --init-from"},
		{"warmup=5", "--warmup 5 leaves nothing of 5 epochs"},
		{"dataset=", "no dataset"},
		{"dataset=x=list,x=folder", "dataset x is given twice: want a name for each, as in a=folder,b=folder"},
		{"dataset=mnist,mnist", "dataset mnist is given twice: want a name for each, as in a=mnist,b=mnist"},
		{"dataset=a=list,a=folder", "dataset a is given twice"},
		{"dataset=A=list", "want a dataset, or NAME=DATASET"},
		{"dataset=a=", "want the name of a module"},
		{"dataset=a=list;data-dir=list=x", "list is not among the datasets a"},
		{"dataset=a=list;dataset-options=list:label=x", "list is not among the datasets a"},
		{"dataset=a=list;dataset-options=a:lable=x", `dataset list: unknown option "lable"`},
		{"data-dir=a,b", "two folders: want NAME=DIR for all but one"},
		{"dataset=mnist;data-dir=mnist=a,mnist=b", "two folders for mnist"},
		{"dataset=mnist;data-dir=cifar10=a", "cifar10 is not among the datasets mnist"},
		{"dataset=mnist;data-dir=mnist=", "the folder is missing"},
		{"dataset=mnist,cifar10;dataset-options=a=1", "want NAME:key=value"},
		{"dataset=mnist;dataset-options=folder:a=1", "folder is not among the datasets mnist"},

		{"dataset=mnits", `unknown dataset "mnits": did you mean mnist?`},
		{"model=lenet", `unknown model "lenet": did you mean lenet5?`},
		{"model-options=depht=3", `model vgg-small: unknown option "depht"`},
		{"augment=shfit", `unknown`},
		{"exporters=onxn", `unknown exporter "onxn": did you mean onnx?`},
		{"criteria=min_accuracy", `unknown criterion "min_accuracy"`},
		{"loss=corss-entropy", `unknown loss "corss-entropy": did you mean cross-entropy?`},
		{"optimizer=adma", `unknown optimizer "adma": did you mean adam`},
		{"schedule=cosin", `unknown schedule "cosin": did you mean cosine?`},
		{"augment=mixup;loss=mse", "mixup needs the loss cross-entropy"},
		{"visualizations=all,none", `unknown visualization "all"`},
	} {
		t.Run(test.flags, func(t *testing.T) {
			_, err := runtest.Resolve(t, strings.Split(test.flags, ";")...)
			var usage *config.UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("error %v is no UsageError", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not contain %q", err, test.want)
			}
		})
	}
}

func TestDefaultsPass(t *testing.T) {
	s := runtest.MustResolve(t)
	if s.Epochs != 5 || s.Model != "vgg-small" || s.Ratios() != dataset.DefaultRatios || s.LearningRate.Set {
		t.Errorf("unexpected defaults: %+v", s)
	}
}

func TestDataDirOfEachDataset(t *testing.T) {
	s := runtest.MustResolve(t, "dataset=mnist,fashion-mnist,cifar10", "data-dir=all,mnist=here,cifar10=a=b")
	for name, want := range map[string]string{"mnist": "here", "fashion-mnist": "all", "cifar10": "a=b"} {
		if got := s.DataDir(name); got != want {
			t.Errorf("%s is in %s, want %s", name, got, want)
		}
	}
	if got := runtest.MustResolve(t, "dataset=digits", "data-dir=./a=b").DataDir("digits"); got != "./a=b" {
		t.Errorf("a folder with an equals sign is %s", got)
	}
}

// TestDataDirWithoutDataset refuses a place of data that the default dataset would not look at.
func TestDataDirWithoutDataset(t *testing.T) {
	for _, test := range []struct {
		dirs           []string
		dir, dataset   string // where they come from
		module, wanted string
	}{
		{[]string{"photos"}, config.OriginFlag, config.OriginDefault, "digits", "--data-dir is not used by the dataset digits"},
		{[]string{"photos"}, config.OriginFlag, ".env:12", "digits", "--data-dir is not used by the dataset digits"},
		{[]string{"photos"}, config.OriginFlag, ".env:12", "folder", ""},
		{[]string{"photos"}, config.OriginFlag, config.OriginFlag, "digits", ""},
		{[]string{"photos"}, config.OriginFlag, "runs/a/run.env:3", "digits", ""},
		{[]string{"data"}, ".env:16", ".env:12", "digits", ""},
		{nil, config.OriginFlag, config.OriginDefault, "digits", ""}, // as of verify, which has an option of its own
	} {
		s := runtest.MustResolve(t)
		s.DataDirs, s.Datasets = test.dirs, []string{test.module}
		s.Origins = config.Origins{"data-dir": test.dir, "dataset": test.dataset}
		err := s.Check()
		if test.wanted == "" && err != nil || test.wanted != "" && (err == nil || !strings.Contains(err.Error(), test.wanted)) {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}

func TestDatasetOptionsOfEachDataset(t *testing.T) {
	s := &settings.Settings{Datasets: []string{"folder", "digits"}, DatasetOptions: []string{"folder:a=1", "digits:b=x:y", "folder:c=2"}}
	for name, want := range map[string]string{"folder": "a=1,c=2", "digits": "b=x:y"} {
		if got := s.OptionsOf(name); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	s = &settings.Settings{Datasets: []string{"digits"}, DatasetOptions: []string{"a=1", "b=x:y"}}
	if got := s.OptionsOf("digits"); got != "a=1,b=x:y" {
		t.Errorf("got %s", got)
	}
}

func TestInputRule(t *testing.T) {
	data := imaging.Image{Width: 32, Height: 24, Channels: 3}
	for flags, want := range map[string]imaging.Rule{
		"resize=stretch":            {Width: 32, Height: 24, Channels: 3, Mode: "stretch", Filter: "pillow-bilinear", Alpha: "drop"},
		"image-size=28;resize=crop": {Width: 28, Height: 28, Channels: 3, Mode: "crop", Filter: "pillow-bilinear", Alpha: "drop"},
		"image-size=20x10;channels=1;resize-filter=triangle;alpha=white": {Width: 20, Height: 10, Channels: 1, Mode: "stretch", Filter: "triangle", Alpha: "white"},
		"resize=crop;crop-fraction=.8750;resize-filter=pillow-bicubic":   {Width: 32, Height: 24, Channels: 3, Mode: "crop", Filter: "pillow-bicubic", CropFraction: 8750, Alpha: "drop"},
	} {
		if got := runtest.MustResolve(t, strings.Split(flags, ";")...).InputRule(data, nil); !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", flags, got, want)
		}
	}
}

// TestInputRuleOfVersion2 has the one rule that records of that version have.
func TestInputRuleOfVersion2(t *testing.T) {
	s := runtest.MustResolve(t, "resize=crop", "crop-fraction=0.875", "alpha=white")
	s.Contract = 2
	want := imaging.Rule{Width: 32, Height: 24, Channels: 3, Mode: "crop"}
	if got := s.InputRule(imaging.Image{Width: 32, Height: 24, Channels: 3}, nil); !cmp.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := s.Decoder(); got.Alpha != imaging.AlphaBlack {
		t.Errorf("%+v, want alpha over black", got)
	}
}

func TestCriteriaSelections(t *testing.T) {
	s := runtest.MustResolve(t, "criteria=min_test_accuracy,max_model_size_mb:threshold=3", "min-test-accuracy=0.5", "baseline=runs/old")
	got, err := s.CriteriaSelections()
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Selection{{Name: "min_test_accuracy", Options: "threshold=0.5"}, {Name: "max_model_size_mb", Options: "threshold=3"}, {Name: "no_regression"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestInferenceRatio puts the ratio into the place of the milliseconds, unless these were given a
// threshold in the list.
func TestInferenceRatio(t *testing.T) {
	for _, test := range []struct{ flags, want string }{
		{"", "min_test_accuracy min_per_class_accuracy max_inference_time_ms max_model_size_mb onnx_agreement"},
		{"max-inference-ratio=2.5", "min_test_accuracy min_per_class_accuracy max_inference_ratio:threshold=2.5 max_model_size_mb onnx_agreement"},
		{"max-inference-ratio=2.5;criteria=min_test_accuracy", "min_test_accuracy max_inference_ratio:threshold=2.5"},
		{"max-inference-ratio=2.5;criteria=max_inference_ratio,max_inference_time_ms", "max_inference_ratio:threshold=2.5 max_inference_time_ms"},
		{"max-inference-ratio=2.5;criteria=max_inference_time_ms:threshold=9", "max_inference_time_ms max_inference_ratio:threshold=2.5"},
		{"criteria=max_inference_ratio", "max_inference_ratio"},
	} {
		s := runtest.MustResolve(t, strings.FieldsFunc(test.flags, func(r rune) bool { return r == ';' })...)
		list, err := s.CriteriaSelections()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range list {
			if c.Name == settings.MaxInferenceRatio && c.Options != "" {
				c.Name += ":" + c.Options
			}
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != test.want || s.Calibrated() != strings.Contains(got, "ratio") {
			t.Errorf("%s: calibrated %t, criteria %s, want %s", test.flags, s.Calibrated(), got, test.want)
		}
	}
}

func TestNames(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := runtest.MustResolve(t, "dataset=mnist,cifar10", "model=mlp")
	if got := s.ReleaseName(); got != "mnist-cifar10-mlp" {
		t.Errorf("name is %s", got)
	}
	if got := s.RunDir(now); got != filepath.Join("runs", "20260102-030405-mnist-cifar10-mlp") {
		t.Errorf("run directory is %s", got)
	}
	working, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"/x/photos": "photos", "my ripe (2024) fruit/": "my-ripe-2024-fruit", "größe": "gr-e", "/": "folder", "日本": "folder", ".": filepath.Base(working),
		"digits=x,folder=photos": "photos",
	} {
		s = runtest.MustResolve(t, "dataset=digits,folder", "model=mlp", "data-dir="+dir)
		if got := s.ReleaseName(); got != "digits-"+want+"-mlp" || !namesAModel(t, got) {
			t.Errorf("--data-dir %s gives the name %s, want %s", dir, got, want)
		}
	}
	s = runtest.MustResolve(t, "name=Digits_2", "output-dir=out")
	if s.ReleaseName() != "Digits_2" || s.RunDir(now) != "out" {
		t.Errorf("got %s in %s", s.ReleaseName(), s.RunDir(now))
	}
}

// TestClasses states for each setting what it may affect. A setting that may affect
// bits and is not recorded as identity would break the promise that equal
// identities give equal bits.
func TestClasses(t *testing.T) {
	s := runtest.MustResolve(t)
	want := map[config.Class]string{
		config.Identity: "recipe dataset dataset-options split-ratio split-seed resize resize-filter crop-fraction alpha image-size test-image-size channels levels normalize limit-train train-classes augment keep-size sensor sensor-train model model-options freeze decision-folds " +
			"loss loss-options optimizer optimizer-options schedule schedule-options epochs batch-size shard-size learning-rate weight-decay gradient-clip " +
			"warmup ema seed sampling overfit-batch head head-penalties views finetune-epochs layer-decay batch-norm monitor min-delta patience",
		config.Execution:  "data-dir data-mode on-corrupt index cache-size feature-cache split memory init-from exporters visualizations controls workers checkpoint-interval",
		config.Gate:       "criteria baseline onnxruntime-lib",
		config.Threshold:  "allow-missing-class min-test-accuracy min-per-class-accuracy min-test-examples min-class-test-examples min-unseen-accuracy min-sensor-accuracy sensor-severity max-reconstruction-error max-inference-time-ms max-inference-ratio max-model-size-mb require-commit",
		config.Consent:    "force reason overwrite-release",
		config.Naming:     "name release-version license contact intended-use",
		config.Invocation: "decided-by output-dir max-package-mb dry-run",
	}
	for class, want := range want {
		var names []string
		for _, value := range s.Values(class) {
			names = append(names, value.Name)
		}
		if diff := cmp.Diff(strings.Fields(want), names); diff != "" {
			t.Errorf("%s: %s", class, diff)
		}
	}
}

func TestRecordOfSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.env")
	want := runtest.MustResolve(t, "epochs=3", "model=mlp", "force=true", "reason=it's \"urgent\"", "learning-rate=0.002", "baseline=runs/it's \"old\"", "dataset=mnist", "data-dir=mnist=a b")
	text, err := want.RecordText()
	if err := errors.Join(err, os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	got, o := &settings.Settings{}, config.NewOptions(nil)
	got.Declare(o)
	var names []string
	for _, option := range o.All() {
		names = append(names, option.Name)
	}
	record, err := config.ReadRecord(path, names)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Resolve(record.All); err != nil {
		t.Fatal(err)
	}
	want.Origins = nil
	want.Force, want.Reason = false, "" // a decision is forced anew or not at all
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(record.Flags) != 6 {
		t.Errorf("%d flags are recorded: %v", len(record.Flags), record.Flags)
	}
}

// namesAModel says whether a name is one that --name takes.
func namesAModel(t *testing.T, name string) bool {
	t.Helper()
	_, err := runtest.Resolve(t, "name="+name)
	return err == nil
}
