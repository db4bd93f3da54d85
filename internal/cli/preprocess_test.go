package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/preprocess"
)

// manyImages is how many images of mixed kinds and sizes are prepared.
const manyImages = 200

// needPython skips a test where python3 cannot import the modules.
func needPython(t *testing.T, modules string) {
	t.Helper()
	if out, err := exec.Command("python3", "-c", "import "+modules).CombinedOutput(); err != nil {
		t.Skipf("python3 with %s is not at hand: %v %s", modules, err, out)
	}
}

// python runs a script and returns what it writes. It leaves no compiled files behind.
func python(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("python3", append([]string{"-B"}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", args[0], err, out, &errs)
	}
	return string(out)
}

// packaged trains a small model, packages it, and returns the folder of the package.
func packaged(t *testing.T, args ...string) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, append([]string{"run", "--dataset", "digits", "--dataset-options", "count=600,test-count=100", "--model", "fast", "--epochs", "2",
		"--batch-size", "32", "--min-test-accuracy", "0", "--min-per-class-accuracy", "0", "--name", "small", "--output-dir", run}, args...)...)
	return filepath.Join(run, "package", "small-0.1.0")
}

// TestClientsPrepareAsPredictDoes makes packages of models with other rules, and wants their
// clients to give the test images, and many others, the bytes that predict gives to the
// network. From these bytes ONNX Runtime must get the labels that predict does.
func TestClientsPrepareAsPredictDoes(t *testing.T) {
	needPython(t, "numpy, PIL")
	images := t.TempDir()
	python(t, "../../preprocess/testdata/make_many.py", images, fmt.Sprint(manyImages))
	files, err := filepath.Glob(filepath.Join(images, "*"))
	if err != nil || len(files) != manyImages {
		t.Fatalf("%d images, want %d: %v", len(files), manyImages, err)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"grey, stretched", nil},
		{"colour, middle", []string{"--channels", "3", "--image-size", "24x20", "--resize", "crop", "--crop-fraction", "0.8", "--resize-filter", "pillow-bicubic", "--alpha", "white"}},
		{"grey, letterbox, triangle", []string{"--image-size", "20x28", "--resize", "letterbox", "--resize-filter", "triangle", "--alpha", "black"}},
		{"colour, crop", []string{"--channels", "3", "--image-size", "28x16", "--resize", "crop"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := packaged(t, c.args...)
			if out := python(t, filepath.Join(folder, preprocess.PythonClient), "--check"); !strings.Contains(out, "10 of 10 test images come out as they must") {
				t.Error(out)
			}
			pythonRefuses(t, "this Python has no numpy: python3 -m pip install", "-S", filepath.Join(folder, preprocess.PythonClient), "--check")
			pythonRefuses(t, "preprocess.py: go.mod: ", filepath.Join(folder, preprocess.PythonClient), "go.mod")
			pixels := filepath.Join(t.TempDir(), "pixels")
			python(t, append([]string{filepath.Join(folder, preprocess.PythonClient), "--output", pixels}, files...)...)
			samePixels(t, folder, pixels, files)
			sameLabels(t, folder, pixels, images)
			succeed(t, "package", "verify", folder)
		})
	}
}

// pythonRefuses wants exit code 1 and one line, which begins or ends with what is wanted.
func pythonRefuses(t *testing.T, wanted string, args ...string) {
	t.Helper()
	command := exec.Command("python3", args...)
	command.Dir = "../.."
	var stderr strings.Builder
	command.Stderr = &stderr
	err := command.Run()
	if lines := strings.Count(stderr.String(), "\n"); command.ProcessState.ExitCode() != 1 || lines != 1 || !strings.Contains(stderr.String(), wanted) {
		t.Errorf("%v: %v, %s", args, err, &stderr)
	}
}

// TestPythonClientRefuses: the client says what is wrong with a rule or an image, and prepares
// nothing by a rule that it does not have.
func TestPythonClientRefuses(t *testing.T) {
	needPython(t, "numpy, PIL")
	rule := imaging.Rule{Width: 9, Height: 8, Channels: 3, Mode: imaging.Crop, CropFraction: 5000, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop}
	files, err := preprocess.Files(rule)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"schema": 1`, `"schema": 2`, "cannot be used: the schema is 2, and this program reads 1"},
		{`"blocktrain-1"`, `"blocktrain-9"`, "the decoder is 'blocktrain-9', and this program knows blocktrain-1"},
		{`"uint8"`, `"float32"`, "the type is 'float32'"},
		{`"drop"`, `"pink"`, "the alpha is 'pink', and this program knows drop, black, white"},
		{`"crop"`, `"squeeze"`, "the mode is 'squeeze'"},
		{`"pillow-bilinear"`, `"lanczos"`, "the filter is 'lanczos'"},
		{`"0.5"`, `"5"`, "crop_fraction are such as no model has"},
		{`"width": 9`, `"width": -9`, "its sizes"},
		{`"channels": 3`, `"channels": 2`, "channels"},
		{`"alpha": "drop",`, ``, "lacks the key 'alpha'"},
		{`{`, `[`, "cannot be used: "},
		{`"images`, `"images`, "photo.png: cannot identify image file"},
	} {
		folder := t.TempDir()
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range files {
			switch f.Name {
			case preprocess.RuleFile:
				write(f.Name, strings.Replace(string(f.Content), c.old, c.new, 1))
			case preprocess.PythonClient:
				write(f.Name, string(f.Content))
			}
		}
		write("photo.png", "no image")
		out, err := exec.Command("python3", "-B", filepath.Join(folder, preprocess.PythonClient), filepath.Join(folder, "photo.png")).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "Traceback") {
			t.Errorf("%s: %v, %s, want %q", c.new, err, out, c.want)
		}
	}
}

// samePixels wants in the file of pixels what predict, and the client in Go, make of files.
func samePixels(t *testing.T, folder, pixels string, files []string) {
	t.Helper()
	theirs, err := os.ReadFile(pixels)
	if err != nil {
		t.Fatal(err)
	}
	record, err := rundir.ReadRecord(filepath.Join(folder, rundir.RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	client, err := preprocess.Read(filepath.Join(folder, preprocess.RuleFile))
	if err != nil {
		t.Fatal(err)
	}
	size := client.Input.Bytes()
	if len(theirs) != size*len(files) {
		t.Fatalf("%d bytes for %d images of %d", len(theirs), len(files), size)
	}
	for i, file := range files {
		ours, err := prepared(file, record.Identity.ServedInput())
		if err != nil {
			t.Error(err)
			continue
		}
		if got := theirs[i*size:][:size]; !bytes.Equal(got, ours) {
			t.Errorf("%s: the client in Python gives other bytes than predict", filepath.Base(file))
		}
		if got, err := client.Tensor(file); err != nil || !bytes.Equal(got, ours) {
			t.Errorf("%s: the client in Go gives other bytes than predict (%v)", filepath.Base(file), err)
		}
	}
}

// prepared is what predict makes of a file.
func prepared(file string, rule imaging.Rule) ([]uint8, error) {
	img, err := rule.Decoder().DecodeFile(file)
	if err != nil {
		return nil, err
	}
	img, err = rule.Apply(img)
	return img.Pix, err
}

// sameLabels wants of ONNX Runtime, for the pixels, the labels that predict gives to the images.
func sameLabels(t *testing.T, folder, pixels, images string) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import onnxruntime").Run(); err != nil {
		t.Log("python3 with onnxruntime is not at hand: labels are not compared")
		return
	}
	lines := filepath.Join(t.TempDir(), "lines")
	succeed(t, "predict", "--run", folder, "--output", lines, images)
	content, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(folder, "model-repository", "small", "1", "model.onnx")
	theirs := inferredFrom(t, model, pixels, 64, "probabilities")
	n := 0
	for line := range bytes.Lines(content) {
		var p predict.Prediction
		if err := json.Unmarshal(line, &p); err != nil || p.Index == nil {
			t.Fatalf("%s: %v", line, err)
		}
		const classes = 10
		if best := largest(theirs[n*classes:][:classes]); best != *p.Index {
			t.Errorf("%s: ONNX Runtime gives class %d, predict %d", filepath.Base(p.Source), best, *p.Index)
		}
		n++
	}
	if n != manyImages {
		t.Errorf("%d predictions, want %d", n, manyImages)
	}
}

// largest is the index of the first of the largest values.
func largest(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// TestGoClientRuns compiles the client in Go as the page of a package says.
func TestGoClientRuns(t *testing.T) {
	folder := packaged(t)
	client := filepath.Join(t.TempDir(), "client")
	if out, err := exec.Command("go", "build", "-o", client, filepath.Join(folder, preprocess.GoClient)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(client, "-package", folder, "-check").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "10 of 10 test images come out as they must") {
		t.Fatalf("%v: %s", err, out)
	}
	image := filepath.Join(folder, preprocess.Folder, "images", "01-colour.jpg")
	if err := os.WriteFile(image, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err = exec.Command(client, "-package", folder, "-check").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "01-colour.jpg: the file was changed") {
		t.Errorf("%v: %s", err, out)
	}
}
