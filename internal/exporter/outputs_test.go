package exporter

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// imageArtifact is an auto-encoder: it has two outputs and no labels.
func imageArtifact() Artifact {
	g := nn.NewGraph(nn.Shape{H: 4, W: 5, C: 3})
	x := g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3, Padding: 1}, g.Input())
	image := g.Add("target.image", nn.Scale{Factor: 1. / 255}, g.Input())
	g.Serve("reconstruction", x)
	g.Serve("score", g.Add("target.score", nn.MeanSquaredError{}, x, image))
	return Artifact{
		Name: "parts-autoencoder", Version: "0.1.0", Target: "image", Graph: g, Parameters: g.NewParameters(1),
		Rule: imaging.Rule{Width: 5, Height: 4, Channels: 3, Mode: "letterbox"},
	}
}

func TestConfigOfImages(t *testing.T) {
	x := makeExporter(t, "triton", "").(*triton)
	got := x.config(imageArtifact())
	path := filepath.Join("testdata", "config", "image.pbtxt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is out of date: run the test with -update and look at the difference\n%s", path, got)
	}
	m, err := parseConfig(t, got)
	if err != nil {
		t.Fatal(err)
	}
	outputs := m.ProtoReflect().Get(m.ProtoReflect().Descriptor().Fields().ByName("output")).List()
	var all []string
	for i := range outputs.Len() {
		o := outputs.Get(i).Message()
		all = append(all, lookup(o, "name")+" "+lookup(o, "data_type")+" "+lookup(o, "dims")+lookup(o, "label_filename"))
	}
	if diff := cmp.Diff([]string{"reconstruction TYPE_FP32 [4 5 3]", "score TYPE_FP32 [1]"}, all); diff != "" {
		t.Error(diff)
	}
}

// TestServedClassifier checks that a graph that serves its probabilities gives the files
// of one that leaves that to the exporter.
func TestServedClassifier(t *testing.T) {
	for name := range modules {
		var all []map[string]string
		for _, served := range []bool{false, true} {
			a, dir := artifact(), t.TempDir()
			if served {
				a.Graph, a.Target = nn.WithSoftmax(a.Graph), "class"
			}
			if err := makeExporter(t, name, "").Export(a, dir); err != nil {
				t.Fatal(err)
			}
			all = append(all, files(t, dir))
		}
		if diff := cmp.Diff(all[0], all[1]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWeightsOfImages(t *testing.T) {
	a, dir := imageArtifact(), t.TempDir()
	if err := makeExporter(t, "safetensors", "").Export(a, dir); err != nil {
		t.Fatal(err)
	}
	f, err := weights.ReadFile(filepath.Join(dir, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"blocktrain.name": "parts-autoencoder", "blocktrain.version": "0.1.0", "blocktrain.target": "image",
		"blocktrain.resize":         `{"width":5,"height":4,"channels":3,"mode":"letterbox"}`,
		"blocktrain.weights_sha256": a.Parameters.Digest(),
	}
	if diff := cmp.Diff(want, f.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if labels, err := Labels(f); labels != nil || err != nil {
		t.Errorf("labels %v, error %v", labels, err)
	}
	for _, text := range []string{"", `["a","a"]`, `["a",null]`, `["a"] []`, `["\ud800"]`, `{"a":1}`} {
		f.Metadata[keyLabels] = text
		if labels, err := Labels(f); err == nil {
			t.Errorf("%s: labels %v", text, labels)
		}
	}
}

// TestOutputsAreChecked pairs targets with outputs and labels that are not theirs.
func TestOutputsAreChecked(t *testing.T) {
	images, classes := imageArtifact(), artifact()
	unserved := images
	unserved.Graph = classes.Graph
	labelled := images
	labelled.Labels = []string{"a", "b"}
	asClass := images
	asClass.Target, asClass.Labels = "", []string{"a", "b"}
	for name := range modules {
		x := makeExporter(t, name, "")
		if err := x.Check(images); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for want, a := range map[string]Artifact{
			"the graph serves no outputs, of which target image has some":                                                                        unserved,
			"2 labels for a model of target image, whose outputs are not those of classes: leave them out":                                       labelled,
			"target class is served as probabilities alone, but the graph serves reconstruction 4x5x3, score 1x1x1: name the target that it was": asClass,
		} {
			if err := x.Check(a); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error is %v, want one with %q", name, err, want)
			}
		}
	}
}

// TestFilesOfImages wants the files of a classifier less the labels, with both outputs in
// the model.
func TestFilesOfImages(t *testing.T) {
	want := map[string][]string{
		"onnx":        {"model.onnx"},
		"safetensors": {"weights.safetensors"},
		"triton":      {"model-repository/parts-autoencoder/1/model.onnx", "model-repository/parts-autoencoder/config.pbtxt"},
	}
	for name := range modules {
		dir := t.TempDir()
		if err := makeExporter(t, name, "").Export(imageArtifact(), dir); err != nil {
			t.Fatal(err)
		}
		got := files(t, dir)
		if diff := cmp.Diff(want[name], slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if model, has := got["model.onnx"]; has && (!strings.Contains(model, "reconstruction") || !strings.Contains(model, "score")) {
			t.Error("model.onnx does not name its outputs")
		}
	}
}
