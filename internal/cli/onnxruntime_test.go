package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// TestOnnxRuntimeReconstructs trains an auto-encoder, exports it, and wants ONNX Runtime to
// compute the reconstructions and scores that our engine and 'predict' do. The images
// are those of MNIST where it is at hand, and drawn digits otherwise.
func TestOnnxRuntimeReconstructs(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import numpy, onnxruntime").CombinedOutput(); err != nil {
		t.Skipf("python3 with numpy and onnxruntime is not at hand: %v %s", err, out)
	}
	run, pixels, data := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "pixels"), digitsOrMNIST()
	succeed(t, "train", "--dataset", data.Name, "--dataset-options", data.Options, "--data-dir", data.Dir,
		"--model", "autoencoder", "--epochs", "1", "--limit-train", "2000", "--output-dir", run)
	scores := predicted(t, run, writePixels(t, pixels, data))
	ours := reconstructed(t, run, pixels, len(scores))
	agree(t, "predict", ours[1], scores, 0)
	for _, opset := range []int{13, 17} {
		succeed(t, "export", "--run", run, "--exporters", fmt.Sprintf("onnx:opset=%d", opset))
		for _, batch := range []int{1, 7, 64} {
			name := fmt.Sprintf("opset %d, batch %d", opset, batch)
			theirs := inferred(t, filepath.Join(run, "export", "model.onnx"), pixels, batch)
			agree(t, name+": reconstruction and score", theirs, slices.Concat(ours...), 1e-5)
		}
	}
}

// digitsOrMNIST are the images to reconstruct.
func digitsOrMNIST() dataset.Request {
	if root := os.Getenv("BLOCKTRAIN_TEST_DATA"); root != "" {
		return dataset.Request{Name: "mnist", Dir: filepath.Join(root, "mnist"), Options: "download=false"}
	}
	return dataset.Request{Name: "digits", Dir: "data", Options: "count=3000,test-count=200"}
}

// succeed runs a command, which must succeed.
func succeed(t *testing.T, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Run(t.Context(), append(args, "--quiet"), nil, &out, &errs); code != ExitDone {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), code, &errs)
	}
}

// writePixels writes the pixels of test images to one file, and each image as PNG to the
// folder that it returns. They are more than two batches of 64, and no multiple of 7.
func writePixels(t *testing.T, path string, data dataset.Request) (folder string) {
	t.Helper()
	opened, err := dataset.Open(t.Context(), []dataset.Request{data}, dataset.OpenOptions{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	var pixels []byte
	folder = t.TempDir()
	for i := range 150 {
		img, err := opened.All.Image(opened.All.Len() - 1 - i) // the test part is the last
		if err != nil {
			t.Fatal(err)
		}
		pixels = append(pixels, img.Pix...)
		var b bytes.Buffer
		if err := img.WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, fmt.Sprintf("%03d.png", i)), b.Bytes())
	}
	write(t, path, pixels)
	return folder
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// predicted are the scores that predict writes of the images in a folder.
func predicted(t *testing.T, run, folder string) []float32 {
	t.Helper()
	lines := filepath.Join(t.TempDir(), "lines")
	succeed(t, "predict", "--run", run, "--output", lines, folder)
	content, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	var scores []float32
	for line := range bytes.Lines(content) {
		var p predict.Prediction
		if err := json.Unmarshal(line, &p); err != nil || p.Score == nil {
			t.Fatalf("%s: %v", line, err)
		}
		scores = append(scores, *p.Score)
	}
	return scores
}

// reconstructed are our engine's outputs of n images: their reconstructions and scores.
func reconstructed(t *testing.T, run, pixels string, n int) [][]float32 {
	t.Helper()
	content, err := os.ReadFile(pixels)
	if err != nil {
		t.Fatal(err)
	}
	return engineOutputs(t, run, content, n)
}

// engineOutputs are our engine's outputs of n images, by the model of a run or package.
func engineOutputs(t *testing.T, path string, images []uint8, n int) [][]float32 {
	t.Helper()
	source, err := rundir.OpenSource(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	model, _, err := classifier.Open(source, "")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := model.NewPlan(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if len(images) != n*model.ImageBytes() || plan.BatchSize() < n {
		t.Fatalf("%d bytes and a batch of %d for %d images", len(images), plan.BatchSize(), n)
	}
	var outputs [][]float32
	for _, output := range plan.Run(n, images) {
		outputs = append(outputs, slices.Clone(output))
	}
	return outputs
}

// inferred are ONNX Runtime's outputs of an auto-encoder, one after the other.
func inferred(t *testing.T, model, pixels string, batch int) []float32 {
	t.Helper()
	return inferredFrom(t, model, pixels, batch, target.Reconstruction, target.Score)
}

// inferredFrom are the outputs of those names.
func inferredFrom(t *testing.T, model, pixels string, batch int, outputs ...string) []float32 {
	t.Helper()
	var errs bytes.Buffer
	python := exec.Command("python3", append([]string{filepath.Join("testdata", "infer.py"), model, pixels, fmt.Sprint(batch)}, outputs...)...)
	python.Stderr = &errs
	raw, err := python.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &errs)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

// agree wants as many values as there should be, each as close to its counterpart.
func agree(t *testing.T, name string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		worst = max(worst, math.Abs(float64(got[i])-float64(want[i]))) // NaN stays NaN
	}
	t.Logf("%s: the largest difference of %d values is %.2g", name, len(got), worst)
	if !(worst <= tolerance) {
		t.Errorf("%s: values differ by up to %v, want at most %v", name, worst, tolerance)
	}
}
