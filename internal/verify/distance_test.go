package verify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// distanceRun does a run on a folder of drawn images whose head has a phase of its own, unless
// the flags say otherwise.
func distanceRun(t *testing.T, dir, images string, flags ...string) {
	t.Helper()
	own := []string{
		"name=distance", "dataset=folder", "dataset-options=", "data-dir=" + images, "image-size=8", "model=mlp", "model-options=hidden=16", "head=solver",
		"finetune-epochs=1", "batch-size=16", "visualizations=none", "exporters=onnx", "feature-cache=off",
	}
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, append(own, flags...)...)); err != nil {
		t.Fatal(err)
	}
}

// predicted classifies files with a model.
func predicted(t *testing.T, model string, inputs ...string) ([]*predict.Prediction, string, error) {
	t.Helper()
	p, err := predict.Open(t.Context(), runtest.Quiet().Log, runtest.SmallRun(t, ""), predict.Request{Model: model, Inputs: inputs})
	if err != nil {
		return nil, "", err
	}
	defer p.Close()
	var table bytes.Buffer
	w, err := p.NewWriter("csv", &table)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	var all []*predict.Prediction
	for line, err := range p.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all, table.String(), nil
}

// TestDistance has predict say how unusual images are, by a run and its package.
func TestDistance(t *testing.T) {
	base := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(base, "cache"))
	images, path := filepath.Join(base, "images"), filepath.Join(base, "run")
	for class, name := range []string{"dark", "grey", "light"} {
		for i := range 30 {
			runtest.WriteImage(t, filepath.Join(images, name, fmt.Sprintf("%02d.png", i)), class, i)
		}
	}
	distanceRun(t, path, images)
	want := readText(t, filepath.Join(path, layout.ReferenceFile))
	other := filepath.Join(base, "other")
	distanceRun(t, other, images, "workers=3", "data-mode=disk", "feature-cache=on")
	if readText(t, filepath.Join(other, layout.ReferenceFile)) != want {
		t.Errorf("%s depends on the number of workers, or on the cache", layout.ReferenceFile)
	}
	odd := filepath.Join(base, "odd.png")
	writeStripes(t, odd)
	record := readRecord(t, path)
	pack := filepath.Join(path, rundir.PackageDir, record.PackageName())
	lines, table, err := predicted(t, path, append(validationImages(t, path, images), odd)...)
	if err != nil {
		t.Fatal(err)
	}
	checkDistances(t, filepath.Join(path, layout.ReferenceFile), lines)
	if header, _, _ := strings.Cut(table, "\n"); !strings.HasSuffix(header, ",probability_3,distance,distance_percentile,error") {
		t.Errorf("the table has the columns %s", header)
	}
	same, _, err := predicted(t, pack, append(validationImages(t, path, images), odd)...)
	if diff := cmp.Diff(lines, same); err != nil || diff != "" {
		t.Errorf("the package says something else than the run: %v\n%s", err, diff)
	}
	if _, err := verified(t, Request{Path: path, Workers: 2}); err != nil {
		t.Errorf("verification: %v", err)
	}
	t.Run("forged", func(t *testing.T) { forgedDistances(t, path, pack, images, odd) })
	t.Run("none", func(t *testing.T) {
		plain := filepath.Join(base, "plain")
		distanceRun(t, plain, images, "head=none", "epochs=1", "finetune-epochs=0")
		lines, table, err := predicted(t, plain, odd)
		if err != nil || lines[0].Distance != nil || strings.Contains(table, "distance") || readRecord(t, plain).Files[layout.ReferenceFile] != "" {
			t.Errorf("a run without a phase for the head: %v\n%s", err, table)
		}
	})
}

// validationImages are the files of the validation part of a run.
func validationImages(t *testing.T, path, images string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(images, "*", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	split, err := dataset.ReadSplit(filepath.Join(path, rundir.SplitFile))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, i := range split.Validation {
		files = append(files, names[i])
	}
	return files
}

// checkDistances compares predictions of the validation part with what a file has, and wants the
// last one, of an image unlike the others, further away than all.
func checkDistances(t *testing.T, file string, lines []*predict.Prediction) {
	t.Helper()
	content, err := weights.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded, _ := content.Find("validation_distances")
	var found []float32
	last := len(lines) - 1
	for _, line := range lines[:last] {
		found = append(found, *line.Distance)
		at, _ := slices.BinarySearch(recorded.Data, *line.Distance)
		for at < len(recorded.Data) && recorded.Data[at] == *line.Distance {
			at++
		}
		if share := 100 * float64(at) / float64(len(recorded.Data)); *line.DistancePercentile != share {
			t.Errorf("%s: percentile %v, want %v", line.Source, *line.DistancePercentile, share)
		}
		if *line.Distance >= *lines[last].Distance {
			t.Errorf("%s is at %v, and an image unlike the rest at %v", line.Source, *line.Distance, *lines[last].Distance)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(recorded.Data, found); diff != "" || len(found) < 5 {
		t.Errorf("distances of the validation part:\n%s", diff)
	}
	if p := *lines[last].DistancePercentile; p != 100 {
		t.Errorf("an image unlike the rest has the percentile %v", p)
	}
}

// forgedDistances changes, cuts, swaps and removes the file.
func forgedDistances(t *testing.T, path, pack, images, odd string) {
	t.Helper()
	whole := []byte(readText(t, filepath.Join(path, layout.ReferenceFile)))
	foreign := filepath.Join(t.TempDir(), "run")
	distanceRun(t, foreign, images, "seed=2")
	nudged := bytes.Clone(whole)
	nudged[len(nudged)-4*len(validationImages(t, path, images))-200] ^= 1 // the last bit of a value of a row
	tests := []forgedDistance{
		{name: "nudged", bytes: nudged, dataAlone: true},
		{name: "of another run", bytes: []byte(readText(t, filepath.Join(foreign, layout.ReferenceFile)))},
		{name: "cut", bytes: whole[:len(whole)-4]},
		{name: "longer", bytes: append(bytes.Clone(whole), 0, 0, 0, 0)},
		{name: "empty"},
		{name: "removed", old: true},
	}
	for _, test := range append(tests, malformedDistances(t, whole)...) {
		sources := []string{path, pack}
		if test.alone {
			sources = sources[1:]
		}
		for _, source := range sources {
			forged := runtest.Copied(t, source)
			file := filepath.Join(forged, layout.ReferenceFile)
			if err := os.WriteFile(file, test.bytes, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, _, err := predicted(t, forged, odd); err == nil && !test.old {
				t.Errorf("%s, %s: predict takes a file that the record has another digest of", source, test.name)
			}
			if test.old {
				if err := without(layout.ReferenceFile).apply(forged); err != nil {
					t.Fatal(err)
				}
			}
			(&forger{dir: forged, forged: layout.ReferenceFile}).reseal(t)
			lines, _, err := predicted(t, forged, odd)
			switch {
			case test.old && (err != nil || lines[0].Distance != nil || lines[0].Label == ""):
				t.Errorf("%s without the file: %+v, %v", source, lines, err)
			case !test.old && !test.dataAlone && err == nil:
				t.Errorf("%s, %s: predict takes the file", source, test.name)
			}
			if _, err := verified(t, Request{Path: forged, Workers: 2}); !errors.Is(err, rundir.ErrDifference) {
				t.Errorf("%s, %s: verification: %v", source, test.name, err)
			}
		}
	}
}

// forgedDistance is a file that is put in the place of evaluation/reference.safetensors.
type forgedDistance struct {
	name      string
	bytes     []byte
	dataAlone bool // predict cannot know
	old       bool // a run of an older program has none
	alone     bool // in a package alone
}

// malformedDistances are files that are none, or that say what no features can be.
func malformedDistances(t *testing.T, whole []byte) []forgedDistance {
	t.Helper()
	var all []forgedDistance
	add := func(name string, b []byte) { all = append(all, forgedDistance{name: name, bytes: b, alone: true}) }
	for name, change := range map[string]func(f *weights.File){
		"a row with NaN":         func(f *weights.File) { f.Tensors[1].Data[3] = float32(math.NaN()) },
		"an infinite mean":       func(f *weights.File) { f.Tensors[0].Data[0] = float32(math.Inf(1)) },
		"a long row":             func(f *weights.File) { f.Tensors[1].Data[0] += 2 },
		"a distance of NaN":      func(f *weights.File) { f.Tensors[2].Data[0] = float32(math.NaN()) },
		"a negative distance":    func(f *weights.File) { f.Tensors[2].Data[0] = -1 },
		"distances not in order": func(f *weights.File) { slices.Reverse(f.Tensors[2].Data) },
		"rows as one":            func(f *weights.File) { f.Tensors[1].Shape = []int{len(f.Tensors[1].Data)} },
		"rows for columns":       func(f *weights.File) { slices.Reverse(f.Tensors[1].Shape) },
		"no rows":                func(f *weights.File) { f.Tensors[1].Shape, f.Tensors[1].Data = []int{0, f.Tensors[1].Shape[1]}, nil },
		"no distances":           func(f *weights.File) { f.Tensors[2].Shape, f.Tensors[2].Data = []int{0}, nil },
		"a tensor less":          func(f *weights.File) { f.Tensors = f.Tensors[:2] },
		"another name":           func(f *weights.File) { f.Tensors[2].Name = "distances" },
		"other weights":          func(f *weights.File) { f.Metadata["weights_sha256"] = strings.Repeat("0", 64) },
		"more metadata":          func(f *weights.File) { f.Metadata["more"] = "1" },
	} {
		f, err := weights.Read(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		// In the order of the format: the mean, the rows, the distances.
		slices.SortFunc(f.Tensors, func(a, b weights.Tensor) int {
			order := []string{"mean", "rows", "validation_distances"}
			return slices.Index(order, a.Name) - slices.Index(order, b.Name)
		})
		change(&f)
		var b bytes.Buffer
		if err := weights.Write(&b, f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		add(name, b.Bytes())
	}
	for name, length := range map[string]uint64{"a huge header": 1 << 60, "a header beyond the file": uint64(len(whole)), "no header": 0} {
		add(name, append(binary.LittleEndian.AppendUint64(nil, length), whole[8:]...))
	}
	return all
}

// writeStripes writes an image of columns that are black and white in turn.
func writeStripes(t *testing.T, path string) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for at := range img.Pix {
		img.Pix[at] = uint8(at % 2 * 255)
	}
	var b bytes.Buffer
	if err := errors.Join(png.Encode(&b, img), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestDistanceCache wants what the solver saw in the cache to be taken, where the layers below the
// head are as they were: one file, of one network.
func TestDistanceCache(t *testing.T) {
	base := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", base)
	images := filepath.Join(base, "images")
	for i := range 60 {
		runtest.WriteImage(t, filepath.Join(images, []string{"dark", "light"}[i%2], fmt.Sprintf("%02d.png", i)), i%2, i)
	}
	distanceRun(t, filepath.Join(base, "run"), images, "finetune-epochs=0", "feature-cache=on")
	files, err := filepath.Glob(filepath.Join(base, "blocktrain", "features", "*.features"))
	if err != nil || len(files) == 0 {
		t.Skipf("the cache of features is elsewhere on this system: %v, %v", files, err)
	}
	if len(files) != 1 {
		t.Errorf("the cache has the files %v: want one", files)
	}
}
