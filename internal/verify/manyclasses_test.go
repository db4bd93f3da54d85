package verify

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestManyClasses verifies a run of more classes than a confusion matrix of rows and
// columns is written for, as it is and as older programs wrote it.
func TestManyClasses(t *testing.T) {
	dir := t.TempDir()
	e := example{run: filepath.Join(dir, "run"), data: filepath.Join(dir, "data")}
	for class := range metric.DenseClasses + 1 {
		for i := range 5 {
			runtest.WriteImage(t, filepath.Join(e.data, fmt.Sprintf("class%03d", class), fmt.Sprintf("%02d.png", i)), class, i)
		}
	}
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), exampleSettings(t, e, "output-dir="+e.run, "epochs=1")); err != nil {
		t.Fatal(err)
	}
	checkVerified(t, e.run)
	for _, part := range []string{"validation", "test"} {
		path := filepath.Join(e.run, "evaluation", part)
		found, err := metric.ReadEvaluation(path + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if found.Schema != metric.SparseSchema {
			t.Fatalf("%s has schema %d", path, found.Schema)
		}
		old := metric.InSchema(found, metric.Schema)
		if err := fileio.WriteJSON(path+".json", old); err != nil {
			t.Fatal(err)
		}
		for _, table := range old.Tables() {
			if err := fileio.WriteAtomic(path+table.Suffix, table.Write); err != nil {
				t.Fatal(err)
			}
		}
	}
	sealFiles(t, e.run)
	checkVerified(t, e.run)
}

func checkVerified(t *testing.T, run string) {
	t.Helper()
	if v, err := verified(t, Request{Path: run}); err != nil || !v.Verified {
		t.Errorf("verified: %t, error %v, %+v", v.Verified, err, v)
	}
}
