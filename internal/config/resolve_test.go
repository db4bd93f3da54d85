package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type example struct {
	epochs int
	rate   Optional
	model  string
	dirs   []string

	criteria []string
	minimum  float64
	force    bool
	run      string
}

func (e *example) declare(o *Options) {
	o.Begin("Training", Identity)
	o.Int(&e.epochs, "epochs", 5, "passes over the training part", AtLeast(1))
	o.Optional(&e.rate, "learning-rate", "step size", Above(0))
	o.String(&e.model, "model", "lenet5", "network")
	o.Begin("Data", Execution)
	o.List(&e.dirs, "data-dir", "data", "folder of the data")
	o.Begin("Release", Gate)
	o.List(&e.criteria, "criteria", "one", "what is asked")
	o.Begin("Release", Threshold)
	o.Float(&e.minimum, "min-test-accuracy", 0.97, "least accuracy", Between(0, 1))
	o.Begin("Release", Consent)
	o.Bool(&e.force, "force", false, "release all the same")
	o.Begin("", Invocation)
	o.String(&e.run, "run", "", "run directory")
}

func declared() (*example, *Options) {
	e, o := &example{}, NewOptions(nil)
	e.declare(o)
	return e, o
}

func names(o *Options) []string { return o.names() }

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		".env":       "BLOCKTRAIN_EPOCHS=1\nBLOCKTRAIN_MODEL=a\nBLOCKTRAIN_DATA_DIR=a\nBLOCKTRAIN_LEARNING_RATE=0.1\nBLOCKTRAIN_MIN_TEST_ACCURACY=0.1\n",
		".env.local": "BLOCKTRAIN_EPOCHS=2\nBLOCKTRAIN_MODEL=b\nBLOCKTRAIN_DATA_DIR=b\nBLOCKTRAIN_LEARNING_RATE=0.2\n",
		"first.env":  "BLOCKTRAIN_EPOCHS=3\nBLOCKTRAIN_MODEL=c\nBLOCKTRAIN_DATA_DIR=c\n",
		"second.env": "BLOCKTRAIN_EPOCHS=4\nBLOCKTRAIN_MODEL=d\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e, o := declared()
	ambient := Ambient{
		Environ: []string{"BLOCKTRAIN_EPOCHS=5", "HOME=/root", "BLOCKTRAIN_TEST_DATA=/x"},
		Dir:     dir,
		Files:   []string{filepath.Join(dir, "first.env"), filepath.Join(dir, "second.env")},
	}
	sources, unknown, err := ambient.Sources(names(o))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"BLOCKTRAIN_TEST_DATA"}, unknown); diff != "" {
		t.Error(diff)
	}
	sources = append([]Source{Flags(map[string]string{"run": "r"})}, sources...)
	origins, err := o.Resolve(sources...)
	if err != nil {
		t.Fatal(err)
	}
	want := example{epochs: 5, model: "d", dirs: []string{"c"}, rate: Optional{0.2, true}, criteria: []string{"one"}, minimum: 0.1, run: "r"}
	if diff := cmp.Diff(want, *e, cmp.AllowUnexported(example{})); diff != "" {
		t.Error(diff)
	}
	wantOrigins := Origins{
		"epochs": "environment BLOCKTRAIN_EPOCHS", "model": dir + "/second.env:2", "data-dir": dir + "/first.env:3",
		"learning-rate": dir + "/.env.local:4", "min-test-accuracy": dir + "/.env:5", "run": "flag",
		"criteria": "default", "force": "default",
	}
	if diff := cmp.Diff(wantOrigins, origins); diff != "" {
		t.Error(diff)
	}
}

func TestDefaults(t *testing.T) {
	e, o := declared()
	sources, _, err := Ambient{Dir: t.TempDir()}.Sources(names(o))
	if err != nil {
		t.Fatal(err)
	}
	origins, err := o.Resolve(sources...)
	if err != nil {
		t.Fatal(err)
	}
	if e.epochs != 5 || e.rate.Set || origins["epochs"] != OriginDefault {
		t.Errorf("got %+v from %v", e, origins)
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, test := range []struct {
		source Source
		want   string
	}{
		{Flags(map[string]string{"epochs": "many"}), "--epochs many: want a whole number"},
		{Flags(map[string]string{"epochs": ""}), `--epochs "": want a whole number`},
		{Environment([]string{"BLOCKTRAIN_EPOCHS=0"}), "environment BLOCKTRAIN_EPOCHS=0: want at least 1"},
		{Source{"BLOCKTRAIN_LEARNING_RATE": {"-1", ".env:7"}}, ".env:7: BLOCKTRAIN_LEARNING_RATE=-1: want more than 0"},
		{Source{"BLOCKTRAIN_MIN_TEST_ACCURACY": {"nan", ".env:7"}}, ".env:7: BLOCKTRAIN_MIN_TEST_ACCURACY=nan: want a finite number"},
	} {
		_, o := declared()
		_, err := o.Resolve(test.source)
		var usage *UsageError
		if !errors.As(err, &usage) || err.Error() != test.want {
			t.Errorf("error %q, want %q", err, test.want)
		}
	}
}

// TestFromFlags checks that an option which is taken from flags alone does not look at what the
// surroundings say under its name, even where that would be an error.
func TestFromFlags(t *testing.T) {
	surroundings := Environment([]string{"BLOCKTRAIN_EPOCHS=some/folder"})
	e, o := declared()
	o.FromFlags("epochs")
	if origins, err := o.Resolve(Source{}, surroundings); err != nil || e.epochs != 5 || origins["epochs"] != OriginDefault {
		t.Errorf("%d epochs from %v, error %v", e.epochs, origins, err)
	}
	if origins, err := o.Resolve(Flags(map[string]string{"epochs": "7"}), surroundings); err != nil || e.epochs != 7 || origins["epochs"] != OriginFlag {
		t.Errorf("%d epochs from %v, error %v", e.epochs, origins, err)
	}
}

func TestSourcesRefuse(t *testing.T) {
	_, o := declared()
	for _, test := range []struct{ text, want string }{
		{"BLOCKTRAIN_EPOCH=1\n", "x.env:1: unknown key BLOCKTRAIN_EPOCH: did you mean BLOCKTRAIN_EPOCHS?"},
		{"\nblocktrain_epochs=1\n", "x.env:2: unknown key blocktrain_epochs: did you mean BLOCKTRAIN_EPOCHS?"},
		{"BLOCKTRAIN_UNRELATED=1\n", "x.env:1: unknown key BLOCKTRAIN_UNRELATED"},
	} {
		path := write(t, "x.env", test.text)
		_, _, err := Ambient{Dir: t.TempDir(), Files: []string{path}}.Sources(names(o))
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("error %q, want %q", err, test.want)
		}
	}
	_, _, err := Ambient{Dir: t.TempDir(), Files: []string{"none.env"}}.Sources(names(o))
	if err == nil || err.Error() != "env file none.env does not exist" {
		t.Errorf("a missing file gives %v", err)
	}
}
