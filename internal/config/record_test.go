package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestRecordRoundTrip writes and reads any values that a user could give.
func TestRecordRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.env")
	awkward := rapid.StringOf(rapid.SampledFrom([]rune("ab A_1\\\"'$#{}()=:,!`\n\r\té\u00a0")))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(awkward, rapid.String()).Draw(t, "value")
		e, o := declared()
		if _, err := o.Resolve(Flags(map[string]string{"model": want})); err != nil {
			t.Fatal(err)
		}
		err := writeRecord(path, o.All(), Origins{"model": OriginFlag})
		if line, _ := control(strings.ReplaceAll(want, "\r", "")); line > 0 {
			if err == nil {
				t.Fatalf("%q was written", want)
			}
			t.Skip("no env file can hold this value")
		}
		if err != nil {
			t.Fatal(err)
		}
		record, err := ReadRecord(path, names(o))
		if err != nil {
			t.Fatal(err)
		}
		if got := record.All[Key("model")].Value; got != e.model {
			t.Fatalf("wrote %q, read %q", e.model, got)
		}
		if len(record.Flags) != 1 || record.Flags[Key("model")] != record.All[Key("model")] {
			t.Fatalf("flags are %v", record.Flags)
		}
	})
}

func TestQuote(t *testing.T) {
	for value, want := range map[string]string{
		"":                "",
		"a=1,b=2":         "a=1,b=2",
		"two words":       "'two words'",
		"$5":              "'$5'",
		"it's":            `"it's"`,
		"say \"yes\"":     `'say "yes"'`,
		"it's \"so\"":     `"it's \"so\""`,
		"it's # \"so\"":   `"it's # \"so\""`,
		`C:\data\`:        `"C:\\data\\"`,
		"two\nlines":      "'two\nlines'",
		"$it's \"so\"":    `"\$it's \"so\""`,
		"\nit's\\":        `"\nit's\\"`,
		"trailing space ": "'trailing space '",
	} {
		if got, err := quote(value); err != nil || got != want {
			t.Errorf("%q is written %s, %v; want %s", value, got, err, want)
		}
	}
	if got, err := quote("a\x00b"); err == nil {
		t.Errorf("wrote %s, want an error", got)
	}
}

// TestRecordedRun checks what a command on an existing run directory goes by.
func TestRecordedRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.env")
	_, o := declared()
	start := []Source{Flags(map[string]string{"epochs": "7"}), {Key("model"): {"mlp", ".env:1"}, Key("run"): {"x", "y"}}}
	origins, err := o.Resolve(start...)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeRecord(path, o.All(), origins); err != nil {
		t.Fatal(err)
	}
	record, err := ReadRecord(path, names(o))
	if err != nil {
		t.Fatal(err)
	}
	ambient := []Source{Environment([]string{"BLOCKTRAIN_MODEL=cnn", "BLOCKTRAIN_EPOCHS=9", "BLOCKTRAIN_DATA_DIR=z", "BLOCKTRAIN_MIN_TEST_ACCURACY=0.5", "BLOCKTRAIN_CRITERIA=two", "BLOCKTRAIN_FORCE=true", "BLOCKTRAIN_RUN=r"})}
	e, o := declared()
	origins, err = o.Resolve(record.Sources(o.All(), Flags(map[string]string{"data-dir": "here"}), ambient)...)
	if err != nil {
		t.Fatal(err)
	}
	want := example{epochs: 7, model: "mlp", dirs: []string{"here"}, criteria: []string{"one"}, minimum: 0.5, run: "r"}
	if diff := cmp.Diff(want, *e, cmp.AllowUnexported(example{})); diff != "" {
		t.Error(diff)
	}
	if want := path + ":4"; origins["model"] != want {
		t.Errorf("origin of model is %q, want %q", origins["model"], want)
	}
}

// TestRecordedThreshold checks that a threshold given as a flag when the run began
// outranks the environment when its gate is repeated.
func TestRecordedThreshold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.env")
	_, o := declared()
	origins, err := o.Resolve(Flags(map[string]string{"min-test-accuracy": "0.3"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeRecord(path, o.All(), origins); err != nil {
		t.Fatal(err)
	}
	record, err := ReadRecord(path, names(o))
	if err != nil {
		t.Fatal(err)
	}
	e, o := declared()
	ambient := []Source{Environment([]string{"BLOCKTRAIN_MIN_TEST_ACCURACY=0.5"})}
	if _, err := o.Resolve(record.Sources(o.All(), nil, ambient)...); err != nil {
		t.Fatal(err)
	}
	if e.minimum != 0.3 {
		t.Errorf("threshold is %v, want the recorded 0.3", e.minimum)
	}
}

func TestRecordIsAnEnvFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.env")
	_, o := declared()
	if err := writeRecord(path, o.All(), Origins{"epochs": OriginFlag}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (Ambient{Dir: t.TempDir(), Files: []string{path}}).Sources(names(o)); err != nil {
		t.Error(err)
	}
}

func TestReadRecordRefuses(t *testing.T) {
	if _, err := ReadRecord("none/run.env", nil); err == nil || err.Error() != "none/run.env does not exist: not a run directory, or its run never began" {
		t.Errorf("a missing record gives %v", err)
	}
	path := write(t, "run.env", "BLOCKTRAIN_EPOCH=1\n")
	if _, err := ReadRecord(path, []string{"epochs"}); err == nil || err.Error() != path+":1: unknown key BLOCKTRAIN_EPOCH: did you mean BLOCKTRAIN_EPOCHS?" {
		t.Errorf("an unknown key gives %v", err)
	}
}

func writeRecord(path string, options []*Option, origins Origins) error {
	text, err := RecordText(options, origins)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
