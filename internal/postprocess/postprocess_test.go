package postprocess

import (
	"encoding/json"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestFiles: packages of models of clips have the rule, and those of models that follow targets
// the client and all numbers that it goes by.
func TestFiles(t *testing.T) {
	for name, c := range map[string]struct {
		dataset string
		options map[string]string
		folds   int
		want    []string
	}{
		"digits":       {"digits", nil, 0, nil},
		"whole frames": {dataset.ClipsName, map[string]string{"crop": "frame"}, 0, []string{File}},
		"targets":      {dataset.ClipsName, map[string]string{"rate": "25"}, 0, []string{File, Client}},
		"by a network": {dataset.ClipsName, map[string]string{"rate": "25"}, 5, []string{File, Client}},
	} {
		record := &rundir.Record{Identity: rundir.Identity{Classes: []string{"a", "b"}, DecisionFolds: c.folds,
			Datasets: []rundir.DatasetNote{{ModuleNote: rundir.ModuleNote{Name: c.dataset, Options: c.options}}}}}
		files, err := Files(record)
		if err != nil || len(files) != len(c.want) {
			t.Fatalf("%s: %d files, want %d: %v", name, len(files), len(c.want), err)
		}
		for i, f := range files {
			if f.Name != c.want[i] || len(f.Content) == 0 {
				t.Errorf("%s: file %s of %d bytes, want %s", name, f.Name, len(f.Content), c.want[i])
			}
		}
		if len(files) == 2 {
			checkNumbers(t, name, files[0].Content, c.folds > 0)
		}
	}
}

func checkNumbers(t *testing.T, name string, text []byte, network bool) {
	t.Helper()
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Frames.Rate != 25 || d.Track == nil || len(d.Track.Method.Narrow) != 5 || d.Decision.Every != AskedEvery || d.Decision.Least != LeastAsked {
		t.Errorf("%s: %s", name, text)
	}
	if f := d.Decision.Features; (f != nil) != network || network && (f.Count == 0 || len(f.Bands) == 0 || len(f.Words) == 0 || d.Decision.Found != LeastFound || d.Decision.Scale == "") {
		t.Errorf("%s: the decision is %+v", name, d.Decision)
	}
}
