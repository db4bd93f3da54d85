package verify

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// The tests in the files seams*_test.go take runs of unusual kinds through everything
// that a run goes through.

// carried is a run that was interrupted, finished, judged, packaged and verified.
type carried struct {
	dir    *rundir.Dir
	pack   string // its package, unpacked
	record *rundir.Record
}

// seamSettings are those of a small run in a directory that any model passes.
func seamSettings(t *testing.T, dir string, flags ...string) *settings.Settings {
	t.Helper()
	return runtest.MustResolve(t, append([]string{
		"output-dir=" + dir, "name=seam", "epochs=3", "batch-size=20", "workers=1", "learning-rate=0.02",
		"min-test-accuracy=0", "min-per-class-accuracy=0", "max-inference-time-ms=10000",
	}, flags...)...)
}

// carry takes a run through all stages: it is interrupted in its second epoch, as Ctrl-C
// does, and resumed; its decision and its package are made a second time; and run and
// package are verified. A run without interruption must give the same weights.
func carry(t *testing.T, flags ...string) carried {
	t.Helper()
	root := t.TempDir()
	whole, dir := filepath.Join(root, "whole"), filepath.Join(root, "run")
	if _, err := pipeline.Train(t.Context(), runtest.Quiet(), seamSettings(t, whole, flags...), ""); err != nil {
		t.Fatal(err)
	}
	interrupt(t, seamSettings(t, dir, flags...))
	again := func() *settings.Settings {
		s := seamSettings(t, dir, flags...)
		delete(s.Origins, "output-dir")
		return s
	}
	result, err := pipeline.Resume(t.Context(), runtest.Quiet(), again(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if made, found := pipeline.Made[*release.Package](result); !found || made.Archive != result.Path {
		t.Errorf("resumed, the run made the package %+v, want the archive %s", made, result.Path)
	}
	if judged, err := pipeline.Gate(t.Context(), runtest.Quiet(), again(), dir); err != nil || !judged.Approved {
		t.Fatalf("the gate gives %+v, error %v", judged, err)
	}
	if _, err := pipeline.Package(t.Context(), runtest.Quiet(), again(), dir); err != nil {
		t.Fatal(err)
	}
	c := carried{dir: rundir.At(dir), pack: filepath.Join(dir, "package", "seam-0.1.0"), record: readRecord(t, dir)}
	if once := readRecord(t, whole); c.record.IdentitySHA256 != once.IdentitySHA256 || c.record.Training.WeightsSHA256 != once.Training.WeightsSHA256 {
		t.Errorf("resumed, the run has identity %s and weights %s; without interruption %s and %s",
			c.record.IdentitySHA256, c.record.Training.WeightsSHA256, once.IdentitySHA256, once.Training.WeightsSHA256)
	}
	for _, request := range []Request{{Path: dir}, {Path: c.pack, Workers: 2, DataMode: "disk"}, {Path: c.pack + ".tar.gz"}} {
		if v, err := verified(t, request); err != nil || !v.Verified || len(v.Evaluated) != 2 || len(v.Warnings) > 0 {
			t.Fatalf("%+v: got %+v, error %v", request, v, err)
		}
	}
	return c
}

// interrupt begins a run that ends in its second epoch.
func interrupt(t *testing.T, s *settings.Settings) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	env := runtest.Quiet()
	env.Progress = func() progress.Display { return stopper{stop} }
	if _, err := pipeline.Run(ctx, env, s); !errors.Is(err, context.Canceled) {
		t.Fatalf("the run ended with %v, want it interrupted", err)
	}
	if history, err := metric.ReadHistory(filepath.Join(s.OutputDir, "history.jsonl")); err != nil || len(history) != 1 {
		t.Fatalf("interrupted, the run has %d epochs, error %v: want 1", len(history), err)
	}
}

// stopper is a display of a training that stops it in the second epoch.
type stopper struct{ stop context.CancelFunc }

func (s stopper) Show(at progress.State) {
	if strings.HasPrefix(at.Words, "epoch 2/") {
		s.stop()
	}
}

func (stopper) Clear() {}

func readRecord(t *testing.T, dir string) *rundir.Record {
	t.Helper()
	record, err := rundir.At(dir).ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// checkModel looks for what model.onnx must and must not contain; its metadata is plain
// text there.
func (c carried) checkModel(t *testing.T, has []string, lacks ...string) {
	t.Helper()
	model := readText(t, c.dir.File(rundir.ExportDir, exporter.ONNXFile))
	for _, text := range has {
		if !strings.Contains(model, text) {
			t.Errorf("model.onnx lacks %q", text)
		}
	}
	for _, text := range lacks {
		if strings.Contains(model, text) {
			t.Errorf("model.onnx has %q", text)
		}
	}
}

// packaged reads a file of the model repository in the package.
func (c carried) packaged(t *testing.T, name string) string {
	t.Helper()
	return readText(t, filepath.Join(c.pack, exporter.RepositoryDir, "seam", name))
}

// testAccuracy is that of the evaluation on the test part.
func (c carried) testAccuracy(t *testing.T) float64 {
	t.Helper()
	e := &metric.Evaluation{}
	if err := fileio.ReadJSON(c.dir.File("evaluation", "test.json"), e, fileio.Form{MaxBytes: 1 << 20, Schemas: []int{1}}); err != nil {
		t.Fatal(err)
	}
	return e.Accuracy
}

// TestSeamTwoSizes trains a network on small images and serves it with larger ones.
func TestSeamTwoSizes(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for class, name := range []string{"dark", "light"} {
		for i := range 30 {
			runtest.WriteImage(t, filepath.Join(data, name, string(rune('a'+i))+".png"), class, i)
		}
	}
	c := carry(t, "dataset=folder", "data-dir="+data, "model=resnet20", "model-options=width=4,blocks=1",
		"image-size=8", "test-image-size=12x10", "augment=shift:pixels=1")
	identity := c.record.Identity
	if in := identity.Input; in.Width != 8 || in.Height != 8 {
		t.Errorf("trained on %+v", in)
	}
	if in := identity.TestInput; in == nil || in.Width != 12 || in.Height != 10 {
		t.Fatalf("served with %+v", in)
	}
	if got := c.packaged(t, "config.pbtxt"); !strings.Contains(got, "dims: [ 10, 12, 1 ]") {
		t.Errorf("Triton is told of another size:\n%s", got)
	}
	// The dimensions of the input, as protobuf has them.
	c.checkModel(t, []string{`"width":12,"height":10`, "\x0a\x02\x08\x0a\x0a\x02\x08\x0c\x0a\x02\x08\x01"}, `"width":8`)
	source, err := rundir.OpenSource(t.Context(), c.dir.Path, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, served, err := source.OpenModel("")
	if err != nil {
		t.Fatal(err)
	}
	if shape := served.Graph.Input().Shape; shape != rundir.ShapeOf(*identity.TestInput) {
		t.Errorf("the network of the record takes %v", shape)
	}
	// The size is part of the identity, so that a run with another one is another run.
	one := identity
	one.TestInput = nil
	if got := settings.Differences(&identity, &one); !slices.Equal([]string{got}, []string{"input outside of training"}) {
		t.Errorf("the identities differ in %q", got)
	}
}
