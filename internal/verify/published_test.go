package verify

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// writePublished writes weights of the smallest network that is published, by the names of its
// first family. They are no one's.
func writePublished(t *testing.T, path string) {
	t.Helper()
	var f weights.File
	for _, e := range tables.Of("mobilenetv2")[0].Entries {
		n := 1
		for _, d := range e.Shape {
			n *= d
		}
		w := weights.Tensor{Name: e.Published, Shape: e.Shape, Data: make([]float32, n)}
		for i := range w.Data {
			w.Data[i] = float32(i*7919%251+1) / 1000
		}
		f.Tensors = append(f.Tensors, w)
	}
	if err := weights.WriteFile(path, f); err != nil {
		t.Fatal(err)
	}
}

// TestForgedPublished forges what the record says of published weights that training began
// with, key by key, in a run and its package, and adds what only the catalogue knows.
func TestForgedPublished(t *testing.T) { forgePublished(t, map[string]bool{}) }

// forgePublished is TestForgedPublished. It marks the entries of the lists that were of use.
func forgePublished(t *testing.T, used map[string]bool) {
	t.Helper()
	base := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(base, "cache"))
	images, file := filepath.Join(base, "images"), filepath.Join(base, "net.safetensors")
	for i := range 30 {
		runtest.WriteImage(t, filepath.Join(images, []string{"dark", "light"}[i%2], fmt.Sprintf("%02d.png", i)), i%2, i)
	}
	writePublished(t, file)
	for _, source := range forgedExample(t, base,
		"name=published", "dataset=folder", "dataset-options=", "data-dir="+images, "image-size=32", "model=mobilenetv2", "init-from="+file, "head=solver", "finetune-epochs=0",
		"head-penalties=1", "batch-size=16", "visualizations=none", "exporters=onnx", "feature-cache=off", "max-model-size-mb=20",
	) {
		seen := map[string]int{}
		tried := forgeIn(t, source, func(_ int, f forgery) bool {
			if f.file != rundir.RecordFile || !strings.HasPrefix(f.path, "initial") {
				return false
			}
			seen[f.path]++
			return seen[f.path] == 1
		}, false, used)
		if least := 8; tried < least {
			t.Errorf("%s: %d forgeries were tried, want at least %d", source, tried, least)
		}
		if filepath.Base(source) != "published-package" { // where more is looked at
			continue
		}
		entry, err := catalogue.Get("efficientnet-lite0")
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]string{
			"name": entry.Name, "package": entry.Package, "version": entry.Version, "licence": "MIT", "licence_metadata": "MIT", "converter": entry.Converter,
			"origin": entry.Origin, "trained_on": entry.TrainedOn, "data_terms": "none",
		} {
			f := forgery{rundir.RecordFile, "initial.published." + key, "is added", func(dir string) error { return addPublished(dir, key, value) }}
			made, err := try(t, f, source, t.TempDir(), false)
			if err != nil || made == nil {
				t.Fatalf("%s: %v", f, err)
			}
			made.check(t, used)
		}
	}
}

// addPublished adds a key to what the record of a directory says of published weights.
func addPublished(dir, key, value string) error {
	path := filepath.Join(dir, rundir.RecordFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(string(b), `"published": {`)
	if !found {
		return fmt.Errorf("%s says nothing of published weights", path)
	}
	return os.WriteFile(path, []byte(before+`"published": {"`+key+`": `+string(quoted)+`,`+after), 0o644)
}
