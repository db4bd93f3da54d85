package verify

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// entry is a setting of the identity that records of schema 1 list where it has a value.
const entry = `\s*\{\s*"name": "train-classes",\s*"value": ""\s*\},`

// TestSchemas has a record of schema 1, which is verified by the rules of that and not
// trained on, and records whose schema was changed alone.
func TestSchemas(t *testing.T) {
	e := example{data: filepath.Join(t.TempDir(), "data"), run: filepath.Join(t.TempDir(), "run")}
	for class := range 3 {
		for i := range 20 {
			runtest.WriteImage(t, filepath.Join(e.data, string(rune('a'+class)), string(rune('a'+i))+".png"), class, i)
		}
	}
	s := exampleSettings(t, e, "output-dir="+e.run, "epochs=1")
	s.Contract = 2 // which records of schema 1 have at most
	if _, err := pipeline.Train(t.Context(), runtest.Quiet(), s, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, schema, entry, want string }{
		{"as it was", "2", entry, ""},
		{"by the rules of 1", "1", "", ""},
		{"of 1, by the rules of 2", "1", entry, "run.json, identity"},
		{"of 2, by the rules of 1", "2", "", "run.json, identity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := runtest.Copied(t, e.run)
			record := filepath.Join(run, rundir.RecordFile)
			if c.schema != "2" {
				replaceIn(t, record, `"schema": 2`, `"schema": `+c.schema)
				replaceIn(t, record, ` *"record_sha256": "[0-9a-f]*",\n`, "")
			}
			if c.entry == "" {
				replaceIn(t, record, entry, "")
				seal(t, run)
			}
			v, err := verified(t, Request{Path: run, DataDirs: []string{e.data}})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil || !v.Verified {
				t.Errorf("error %v", err)
			}
			checkResumed(t, run, c.schema == "1")
		})
	}
}

// checkResumed goes on with a trained run, which is refused for one that is old.
func checkResumed(t *testing.T, run string, old bool) {
	t.Helper()
	s := exampleSettings(t, example{data: filepath.Join(run, "none")}, "epochs=1")
	_, err := pipeline.Resume(t.Context(), runtest.Quiet(), s, run)
	var usage *config.UsageError
	refused := err != nil && strings.Contains(err.Error(), "start a new run")
	if refused != old || errors.As(err, &usage) && old {
		t.Errorf("old %t: error %v", old, err)
	}
}
