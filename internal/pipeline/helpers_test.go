package pipeline

import (
	"io"
	"testing"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// testEnvironment writes results to out, if it is not nil, and no log.
func testEnvironment(t *testing.T, out io.Writer) *Environment {
	t.Helper()
	if out == nil {
		out = io.Discard
	}
	return &Environment{Stdout: out, Stderr: io.Discard, Log: logging.Discard()}
}

// smallRun are the settings of a run that takes a moment and is approved.
func smallRun(t *testing.T, dir string, flags ...string) *Settings {
	t.Helper()
	return mustResolve(t, append([]string{
		"output-dir=" + dir, "dataset-options=count=200,test-count=50", "model=linear", "epochs=3", "batch-size=50", "workers=1",
		"min-test-accuracy=0", "min-per-class-accuracy=0", "max-inference-time-ms=10000", "visualizations=confusion-matrix",
	}, flags...)...)
}
