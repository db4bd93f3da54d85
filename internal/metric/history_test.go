package metric

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func epoch(n int) Epoch {
	return Epoch{
		Schema: Schema, Epoch: n, TrainLoss: 1 / float64(n), TrainAccuracy: 0.5, ValidationLoss: 0.75, ValidationAccuracy: 0.25,
		LearningRate: 0.001, GradientNorm: 2, Seconds: 1.5, ImagesPerSecond: 1000,
		WeightsSHA256: strings.Repeat("0123456789abcdef", 4),
	}
}

func writeHistory(t *testing.T, epochs int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	for i := range epochs {
		if err := AppendEpoch(path, epoch(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestHistoryRoundTrip(t *testing.T) {
	path := writeHistory(t, 3)
	got, err := ReadHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Epoch{epoch(1), epoch(2), epoch(3)}, got); diff != "" {
		t.Error(diff)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "history.jsonl", b)
	var table bytes.Buffer
	if err := WriteHistoryCSV(&table, got); err != nil {
		t.Fatal(err)
	}
	golden(t, "history.csv", table.Bytes())
}

func TestHistoryRefuses(t *testing.T) {
	b, err := json.Marshal(epoch(1))
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	replace := func(old, new string) string {
		bad := strings.Replace(good, old, new, 1)
		if bad == good {
			t.Fatalf("%q is not in %s", old, good)
		}
		return bad + "\n"
	}
	tests := map[string]struct{ lines, want string }{
		"cut short":         {good + "\n" + good[:40], "line 2: it is cut short"},
		"no line feed":      {good, "line 1: it is cut short"},
		"not JSON":          {"epoch 1\n", "line 1: not the JSON of an epoch"},
		"empty line":        {"\n" + good + "\n", "line 1: not the JSON of an epoch"},
		"two on a line":     {good + good + "\n", "line 1: not the JSON of an epoch: data after"},
		"unknown key":       {replace(`"seconds"`, `"secnods"`), `line 1: not the JSON of an epoch: secnods: the key is unknown`},
		"missing key":       {replace(`"train_loss":1,`, ""), `line 1: not the JSON of an epoch: train_loss: the key is missing`},
		"key in capitals":   {replace(`"seconds"`, `"Seconds"`), `line 1: not the JSON of an epoch: Seconds: the key is unknown, want it written seconds`},
		"twice the same":    {good + "\n" + good + "\n", "line 2: it holds epoch 1, want epoch 2"},
		"not from 1":        {replace(`"epoch":1`, `"epoch":2`), "line 1: it holds epoch 2, want epoch 1"},
		"epoch 0":           {replace(`"epoch":1`, `"epoch":0`), "line 1: epoch is 0, want 1 or more"},
		"other schema":      {replace(`"schema":1`, `"schema":7`), "line 1: not the JSON of an epoch: schema is 7, this program reads 1"},
		"short digest":      {replace("0123456789abcdef", ""), "line 1: weights_sha256 is"},
		"accuracy over one": {replace(`"train_accuracy":0.5`, `"train_accuracy":50`), "line 1: an accuracy is 50, want 0 to 1"},
		"number too large":  {replace(`"train_loss":1`, `"train_loss":1e999`), "line 1: not the JSON of an epoch"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.jsonl")
			if err := os.WriteFile(path, []byte(test.lines), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadHistory(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error is %v, want one with %q and the path", err, test.want)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	bad := epoch(1)
	bad.ValidationLoss = math.NaN()
	if err := AppendEpoch(path, bad); err == nil || !strings.Contains(err.Error(), "validation_loss is NaN") {
		t.Errorf("error is %v", err)
	}
	bad = epoch(1)
	bad.EMASHA256 = "abc"
	if err := AppendEpoch(path, bad); err == nil || !strings.Contains(err.Error(), "ema_sha256") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused epoch leaves a file: %v", err)
	}
}

func TestTruncateHistory(t *testing.T) {
	for name, test := range map[string]struct {
		tail   string
		epochs int
		want   int
		err    string
	}{
		"nothing to cut":       {"", 3, 3, ""},
		"two lines too many":   {"", 1, 1, ""},
		"to nothing":           {"", 0, 0, ""},
		"half a line":          {`{"schema":1,"epo`, 3, 3, ""},
		"rubbish behind":       {"rubbish\n", 2, 2, ""},
		"fewer than wanted":    {"", 4, 3, "it has 3 epochs but the checkpoint is at epoch 4"},
		"half of a wanted one": {`{"schema":1,"epo`, 4, 3, "line 4: it is cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeHistory(t, 3)
			appendText(t, path, test.tail)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			err = TruncateHistory(path, test.epochs)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error is %v, want one with %q", err, test.err)
				}
				after, readErr := os.ReadFile(path)
				if readErr != nil || !bytes.Equal(before, after) {
					t.Errorf("the file is changed in spite of the error (%v)", readErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			history, err := ReadHistory(path)
			if err != nil || len(history) != test.want {
				t.Errorf("%d epochs are left (%v), want %d", len(history), err, test.want)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "history.jsonl")
	if err := TruncateHistory(missing, 0); err != nil {
		t.Error(err)
	}
	if err := TruncateHistory(missing, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzParseHistory wants no crash, and of every accepted history that writing
// it gives the same history again.
func FuzzParseHistory(f *testing.F) {
	line, err := json.Marshal(epoch(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, '\n'))
	f.Add([]byte(""))
	f.Add([]byte("{}\n"))
	f.Add([]byte("null\n"))
	f.Add([]byte(`{"epoch":1}` + "\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		history, err := ParseHistory(b)
		if err != nil {
			return
		}
		var again bytes.Buffer
		for _, e := range history {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			again.Write(append(line, '\n'))
		}
		second, err := ParseHistory(again.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(history, second); diff != "" {
			t.Error(diff)
		}
	})
}
