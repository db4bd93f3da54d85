package metric

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// imageEpoch is an epoch of an auto-encoder.
func imageEpoch(n int) Epoch {
	e := epoch(n)
	e.TrainAccuracy, e.ValidationAccuracy = 0, 0
	e.SetFigure(MeanSquaredError.Name, 0.5/float64(n), 0.25)
	return e
}

func TestHistoryOfImages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	want := []Epoch{imageEpoch(1), imageEpoch(2)}
	for _, e := range want {
		if err := AppendEpoch(path, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "history-image.jsonl", b)
	var table bytes.Buffer
	if err := WriteHistoryCSV(&table, got); err != nil {
		t.Fatal(err)
	}
	golden(t, "history-image.csv", table.Bytes())
}

func TestFigures(t *testing.T) {
	e := epoch(1)
	if e.FigureName() != "accuracy" || e.TrainFigure() != 0.5 || e.ValidationFigure() != 0.25 {
		t.Errorf("%+v", e)
	}
	e.SetFigure("accuracy", 0.75, 1)
	if e.TrainAccuracy != 0.75 || e.ValidationAccuracy != 1 || e.Other != (OtherFigure{}) {
		t.Errorf("%+v", e)
	}
	if e := imageEpoch(1); e.FigureName() != "error" || e.TrainFigure() != 0.5 || e.ValidationFigure() != 0.25 {
		t.Errorf("%+v", e)
	}
	for want, text := range map[string]string{
		"98.77 %": Accuracy.Text(0.98765), "0.01235 mse": MeanSquaredError.Text(0.012346), "validation_error": MeanSquaredError.Monitor(),
	} {
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}

func TestHistoryOfImagesRefuses(t *testing.T) {
	line := func(e Epoch) string {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	good := line(imageEpoch(1))
	tests := map[string]struct{ lines, want string }{
		"half of the pair":   {strings.Replace(good, `"train_error":0.5,`, "", 1), `train_error: the key is missing`},
		"other half":         {strings.Replace(good, `"validation_error":0.25,`, "", 1), `validation_error: the key is missing`},
		"neither":            {strings.NewReplacer(`"train_error":0.5,`, "", `"validation_error":0.25,`, "").Replace(good), `train_accuracy: the key is missing`},
		"two names":          {strings.Replace(good, "validation_error", "validation_recall", 1), `validation_recall: the key is unknown`},
		"accuracy too":       {strings.Replace(good, `"train_error"`, `"train_accuracy":0.5,"validation_accuracy":0.5,"train_error"`, 1), `: the key is unknown`},
		"capitals":           {strings.Replace(good, `"train_error"`, `"Train_error"`, 1), `Train_error: the key is unknown`},
		"accuracy capitals":  {strings.Replace(good, `"train_error"`, `"Train_accuracy":1,"train_error"`, 1), `Train_error: the key is unknown`},
		"negative":           {strings.Replace(good, `"train_error":0.5`, `"train_error":-0.5`, 1), "an error is -0.5, want at least 0"},
		"unknown key":        {strings.Replace(good, `"seconds"`, `"secnods"`, 1), `secnods: the key is unknown`},
		"a line of classes":  {good + line(epoch(2)), "line 2: it has the figure accuracy, and the lines before it have error"},
		"a line of an image": {line(epoch(1)) + line(imageEpoch(2)), "line 2: it has the figure error, and the lines before it have accuracy"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.lines == good {
				t.Fatal("the test changes nothing")
			}
			_, err := ParseHistory([]byte(test.lines))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "history.jsonl")
	for want, change := range map[string]func(e *Epoch){
		"both an accuracy and": func(e *Epoch) { e.TrainAccuracy = 1 },
		`is named "a b"`:       func(e *Epoch) { e.Other.Name = "a b" },
		`is named "loss"`:      func(e *Epoch) { e.Other.Name = "loss" },
	} {
		e := imageEpoch(1)
		change(&e)
		if err := AppendEpoch(path, e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
