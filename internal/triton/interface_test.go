package triton

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadInterface(t *testing.T) {
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("whole", fixture{})
	r.add("completed", fixture{without: "config.pbtxt"})
	r.add("broken", fixture{without: "model.onnx"})
	want := &Interface{
		MaxBatchSize: 32,
		Inputs:       []Signature{{Name: "image", DataType: "TYPE_UINT8", Dims: []int64{28, 28, 1}}},
		Outputs:      []Signature{{Name: "probabilities", DataType: "TYPE_FP32", Dims: []int64{10}, Labels: strings.Split("0123456789", "")}},
	}
	got, err := ReadInterface(filepath.Join(r.dir, "whole"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	completed, err := ReadInterface(filepath.Join(r.dir, "completed"))
	if err != nil {
		t.Fatal(err)
	}
	differences := strings.Join(got.Differences(completed), "; ")
	if !strings.HasPrefix(differences, `output probabilities had the labels ["0"`) || !strings.HasSuffix(differences, "; max_batch_size was 32 and would be 4") {
		t.Errorf("differences %s", differences)
	}
	if _, err := ReadInterface(filepath.Join(r.dir, "broken")); err == nil || !strings.Contains(err.Error(), "failed to stat file") {
		t.Errorf("a model without its file: error %v", err)
	}
}

func TestDifferences(t *testing.T) {
	base := func() *Interface {
		return &Interface{8, []Signature{{"in", "TYPE_UINT8", []int64{4}, nil}}, []Signature{{"out", "TYPE_FP32", []int64{2}, []string{"a", "b"}}}}
	}
	for want, change := range map[string]func(i *Interface){
		"":                                  func(*Interface) {},
		"input in would be gone":            func(i *Interface) { i.Inputs = nil },
		"output out would be gone":          func(i *Interface) { i.Outputs[0].Name = "o" },
		"input in was [4] and would be [5]": func(i *Interface) { i.Inputs[0].Dims = []int64{5} },
		"output out was TYPE_FP32 and would be TYPE_FP16":              func(i *Interface) { i.Outputs[0].DataType = "TYPE_FP16" },
		`output out had the labels ["a" "b"] and would have ["b" "a"]`: func(i *Interface) { i.Outputs[0].Labels = []string{"b", "a"} },
		"max_batch_size was 8 and would be 4":                          func(i *Interface) { i.MaxBatchSize = 4 },
		"input more would be new, and clients do not send it": func(i *Interface) {
			i.Inputs = append(i.Inputs, Signature{Name: "more"})
			i.Outputs = append(i.Outputs, Signature{Name: "more"})
			i.MaxBatchSize = 16
		},
	} {
		next := base()
		change(next)
		if got := strings.Join(base().Differences(next), "; "); got != want {
			t.Errorf("differences %q, want %q", got, want)
		}
	}
}

func TestNextVersion(t *testing.T) {
	for names, want := range map[string]int64{
		"": 1, "1": 2, "1 2 10": 11, "0": 1, "01 v7 warmup docs": 1, "-3": 1, "9223372036854775807": 0, "99999999999999999999": 0,
	} {
		dir := t.TempDir()
		for _, name := range strings.Fields(names) {
			must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		}
		got, err := NextVersion(dir)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%s: %d, %v, want %d", names, got, err, want)
		}
	}
	if got, err := NextVersion(filepath.Join(t.TempDir(), "none")); got != 1 || err != nil {
		t.Errorf("no folder: %d, %v", got, err)
	}
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("m", fixture{labels: bytes.Clone(made.labels)})
	if got, err := NextVersion(filepath.Join(r.dir, "m")); got != 2 || err != nil {
		t.Errorf("a model: %d, %v", got, err)
	}
}
