package verify

import (
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestDecision takes a run with a network that decides on tracks through every stage.
func TestDecision(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "clips")
	drawClips(t, data)
	flags := []string{"dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2", "image-size=12", "epochs=2", "criteria=min_test_accuracy", "decision-folds=2", "min-test-accuracy=0"}
	path := filepath.Join(dir, "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, flags...)); err != nil {
		t.Fatal(err)
	}
	record := readRecord(t, path)
	for _, n := range record.Networks {
		t.Log(n.Name, n.Epochs, n.BestEpoch, n.WeightsSHA256)
	}
	t.Log(record.FileNames())
	pack := filepath.Join(path, "package", record.PackageName())
	for _, request := range []Request{{Path: path, Workers: 2}, {Path: pack}} {
		v, err := verified(t, request)
		if err != nil || !v.Verified || v.Epochs != 66 {
			t.Errorf("%+v: got %+v, error %v", request, v, err)
		}
	}
}
