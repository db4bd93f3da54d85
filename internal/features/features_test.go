package features

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// network is a small one with a head.
func network(t *testing.T) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: 8, W: 8, C: 1})
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	x = g.Add("norm", nn.BatchNorm{}, g.Add("conv", nn.Conv2D{Out: 5, Kernel: 3}, x))
	x = g.Add("pool", nn.GlobalAvgPool{}, g.Add("relu", nn.Activation{Function: nn.ReLU}, x))
	g.Add("head", nn.Linear{Out: 10}, g.Add("dropout", nn.Dropout{Rate: 0.5}, x))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g, g.NewParameters(1)
}

// loaders give the digits as they are evaluated, and as they are varied.
func loaders(t *testing.T) (plain, varied *dataset.Loader) {
	t.Helper()
	source, _, err := dataset.MakeDataset("digits", "count=90")
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), "", dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	pipeline, err := augment.Parse("shift:pixels=1,flip")
	if err != nil {
		t.Fatal(err)
	}
	rule := imaging.Rule{Width: 8, Height: 8, Channels: 1, Mode: imaging.Stretch}
	return &dataset.Loader{Dataset: d, Rule: rule}, &dataset.Loader{Dataset: d, Rule: rule, Augment: pipeline, Seed: 3}
}

var list = []int{5, 3, 80, 44, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38}

// extract computes features with so many workers and the features in dir, if it names one.
func extract(t *testing.T, workers int, dir string, change func(*nn.Parameters)) *Set {
	t.Helper()
	g, params := network(t)
	if change != nil {
		change(params)
	}
	x, err := New(g, params, workers)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if dir != "" {
		x.OpenStore(dir, 1<<20, false)
	}
	plain, varied := loaders(t)
	done := 0
	s, err := x.Extract(t.Context(), plain, varied, list, Views{Count: 4, Mirror: true}, func(n, _ int) { done = n })
	if err != nil {
		t.Fatal(err)
	}
	if done != 4*len(list) {
		t.Errorf("%d images were seen, want %d", done, 4*len(list))
	}
	return s
}

// TestExtract wants the same features with any number of workers, from a cache that is cold,
// warm, cut or damaged, and others of other weights.
func TestExtract(t *testing.T) {
	want := extract(t, 1, "", nil)
	if len(want.Labels) != 4*len(list) || want.Images[len(list)+2] != 2 || want.Width != 5 {
		t.Fatalf("%d rows of %d", len(want.Labels), want.Width)
	}
	rows := func(view int) []float32 { return want.Values[view*len(list)*5:][:len(list)*5] }
	if cmp.Equal(rows(0), rows(1)) || cmp.Equal(rows(2), rows(3)) || cmp.Equal(rows(0), rows(2)) {
		t.Error("two views are equal")
	}
	for _, workers := range []int{2, 3, 5} {
		if diff := cmp.Diff(want, extract(t, workers, "", nil)); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
	dir := t.TempDir()
	for _, state := range []string{"cold", "warm", "damaged", "mended", "cut", "foreign", "again", "empty", "filled"} {
		path := storeFile(t, dir)
		b, _ := os.ReadFile(path)
		switch state {
		case "damaged":
			b[len(b)-sha256.Size-1] ^= 1 // of a value
		case "cut":
			b = b[:len(b)-17]
		case "foreign":
			copy(b, "something else")
		case "empty":
			b = b[:0]
		}
		if state != "cold" {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		log := logged(t)
		if diff := cmp.Diff(want, extract(t, 2, dir, nil)); diff != "" {
			t.Errorf("%s cache: %s", state, diff)
		}
		hurt := state == "damaged" || state == "cut" || state == "foreign"
		if warned := strings.Contains(log.String(), "anew"); warned != hurt {
			t.Errorf("%s cache: the log says %q", state, log)
		}
	}
	other := extract(t, 2, dir, func(p *nn.Parameters) { p.Of(p.Lookup("conv.bias"))[0]++ })
	if other.SHA256 == want.SHA256 {
		t.Error("features of other weights were taken from the cache")
	}
	if head := extract(t, 2, dir, func(p *nn.Parameters) { p.Of(p.Lookup("head.bias"))[0]++ }); head.SHA256 != want.SHA256 {
		t.Error("features depend on the head")
	}
}

// TestStoreCannotBeWritten wants features, a warning, and no more, where the folder cannot be
// written and the file is damaged, or what is in its place is no file.
func TestStoreCannotBeWritten(t *testing.T) {
	want, dir := extract(t, 1, "", nil), t.TempDir()
	extract(t, 1, dir, nil)
	path := storeFile(t, dir)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	for _, state := range []string{"damaged", "folder"} {
		switch state {
		case "damaged":
			err = os.WriteFile(path, b, 0o600)
		case "folder":
			err = errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "full"), 0o700))
		}
		// a folder in the place of the lock keeps all from writing, root included
		lock := filepath.Join(dir, ".lock")
		if err := errors.Join(err, os.RemoveAll(lock), os.Mkdir(lock, 0o700)); err != nil {
			t.Fatal(err)
		}
		log := logged(t)
		if diff := cmp.Diff(want, extract(t, 1, dir, nil)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
		if !strings.Contains(log.String(), "cannot be kept") {
			t.Errorf("%s: the log says %q", state, log)
		}
	}
}

// TestStoreKeepsNoFeaturesInMemory opens a file of a thousand images and looks at a few.
func TestStoreKeepsNoFeaturesInMemory(t *testing.T) {
	s := &Store{dir: t.TempDir(), limit: 1 << 30, width: 2048, header: []byte("header")}
	s.path, s.entry = filepath.Join(s.dir, "a"+storeEnding), make([]byte, s.entryBytes())
	values := make([]float32, s.width)
	for i := range 1000 {
		values[0] = float32(i)
		s.add([32]byte{byte(i), byte(i >> 8)}, values)
	}
	s.add([32]byte{}, values) // an equal image, which is kept once
	if !s.lookup(values, [32]byte{}) || values[0] != 0 {
		t.Errorf("the first entry is %v before it is written", values[0])
	}
	s.flush()
	if info, err := os.Stat(s.path); err != nil || info.Size() != int64(len(s.header)+1000*s.entryBytes()) {
		t.Errorf("the file has not 1000 entries: %v, %v", info, err)
	}
	defer s.close()
	if len(s.added) != 0 || len(s.places) != 1000 {
		t.Errorf("%d bytes in memory, %d entries", len(s.added), len(s.places))
	}
	if !s.lookup(values, [32]byte{231, 3}) || values[0] != 999 {
		t.Errorf("the last entry is %v", values[0])
	}
}

// storeFile is the one file of features in dir, or nothing.
func storeFile(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"+storeEnding))
	if err != nil || len(found) > 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return strings.Join(found, "")
}

func logged(t *testing.T) *bytes.Buffer {
	t.Helper()
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &text
}

// TestStoreLimit has a store that holds the features of one network, not of two.
func TestStoreLimit(t *testing.T) {
	dir := t.TempDir()
	extract(t, 1, dir, nil)
	first := storeFile(t, dir)
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	g, params := network(t)
	params.Of(params.Lookup("conv.bias"))[0]++
	x, err := New(g, params, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	x.OpenStore(dir, info.Size()+10, false)
	plain, _ := loaders(t)
	if _, err := x.Extract(t.Context(), plain, nil, list, Views{Count: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if second := storeFile(t, dir); second == first {
		t.Error("the older file is still there")
	}
}

// TestMirror turns two pixels of three channels round.
func TestMirror(t *testing.T) {
	images := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	mirror(images, 2, 3)
	if diff := cmp.Diff([]uint8{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}, images); diff != "" {
		t.Error(diff)
	}
}

// TestHeadOf refuses what has no head.
func TestHeadOf(t *testing.T) {
	g, _ := network(t)
	h, err := HeadOf(nn.WithSoftmax(g))
	if err != nil || h.Node.Name != "head" || h.Features.Name != "dropout" {
		t.Errorf("%+v, %v", h, err)
	}
	if below := h.Below(g); len(below) != len(g.Params)-2 || below[0] == "head.weight" {
		t.Errorf("below the head: %v", below)
	}
	image := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	image.Add("conv", nn.Conv2D{Out: 2, Kernel: 1}, image.Input())
	if _, err := HeadOf(image); err == nil {
		t.Error("a convolution was taken for a head")
	}
}

// TestFeaturesAreThoseOfTheNetwork multiplies features with the head, as the whole network
// does.
func TestFeaturesAreThoseOfTheNetwork(t *testing.T) {
	g, params := network(t)
	s, weight, bias := extract(t, 1, "", nil), params.Of(params.Lookup("head.weight")), params.Of(params.Lookup("head.bias"))
	inference, err := engine.NewInference(g, params, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	plain, _ := loaders(t)
	for batch, err := range plain.Batches(t.Context(), list[:1], 0, 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		outputs := make([]float32, 10)
		inference.Run([][]float32{outputs}, batch.Images)
		for class, want := range outputs {
			got := float64(bias[class])
			for i, v := range s.Values[:5] {
				got += float64(v) * float64(weight[i*10+class])
			}
			if math.Abs(got-float64(want)) > 1e-5 {
				t.Errorf("class %d: %v, the network gives %v", class, got, want)
			}
		}
	}
}
