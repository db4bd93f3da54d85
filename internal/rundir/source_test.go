package rundir

import (
	"errors"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// TestAdmit checks which names a package may have.
func TestAdmit(t *testing.T) {
	for _, name := range []string{
		"SHA256SUMS", "run.json", "run.env", "split.json", "duplicates.json", "release.json", "history.jsonl", "MODEL_CARD.md", "weights.safetensors",
		"evaluation/test.json", "evaluation/test-classes.csv", "plots/accuracy.svg", "plots/plots.json",
		"model-repository/my-Model_1.0/1/model.onnx", "model-repository/a/config.pbtxt", "model-repository/a/labels.txt",
		"networks/first/history.jsonl", "networks/first/weights.safetensors", "networks/first/model-repository/a-first/1/model.onnx",
	} {
		if err := layout.Admit(name, false, 1000); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := layout.Admit(name, true, 0); !errors.Is(err, fileio.ErrForeign) {
			t.Errorf("folder %s: error %v", name, err)
		}
	}
	for _, name := range []string{
		"", "notes.txt", ".run.json", "RUN.JSON", "run.json/x", "evaluation/sub/test.json", "evaluation/../run.json", "../run.json", "/run.json",
		"plots/a.html", "checkpoints/best.safetensors", "model-repository/a/2/model.onnx", "model-repository/../1/model.onnx", "networks/A/history.jsonl",
		"run.json\n", "SHA256SUMS2",
	} {
		if err := layout.Admit(name, false, 1); !errors.Is(err, fileio.ErrForeign) {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for _, name := range []string{"evaluation", "plots", "networks", "networks/first", "model-repository", "model-repository/a", "model-repository/a/1", "networks/n/model-repository/a/1"} {
		if err := layout.Admit(name, true, 0); err != nil {
			t.Errorf("folder %s: %v", name, err)
		}
	}
	if err := layout.Admit(RecordFile, false, 1<<30); err == nil || errors.Is(err, fileio.ErrForeign) {
		t.Errorf("a record of a gigabyte: error %v", err)
	}
	if err := layout.Admit("weights.safetensors", false, 1<<40); err != nil { // which all files together bound
		t.Error(err)
	}
}
