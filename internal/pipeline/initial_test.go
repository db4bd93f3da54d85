package pipeline

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// TestUselessInitialWeights checks that weights which a training cannot begin with are
// refused before there is a run directory.
func TestUselessInitialWeights(t *testing.T) {
	dir := t.TempDir()
	if _, err := Train(t.Context(), runtest.Quiet(), runtest.SmallRun(t, filepath.Join(dir, "first")), ""); err != nil {
		t.Fatal(err)
	}
	best := filepath.Join(dir, "first", train.CheckpointDir, train.BestFile)
	for name, test := range map[string]struct {
		change func(*weights.File)
		flags  []string
		want   string // empty: they are taken
	}{
		"as it is":      {func(*weights.File) {}, nil, ""},
		"nan":           {func(f *weights.File) { f.Tensors[0].Data[0] = float32(math.NaN()) }, nil, "is NaN: want a file of finite values"},
		"infinity":      {func(f *weights.File) { last(f.Tensors[len(f.Tensors)-1].Data, float32(math.Inf(-1))) }, nil, "is -Inf: want a file of finite values"},
		"nan elsewhere": {func(f *weights.File) { other(f).Data[0] = float32(math.NaN()) }, nil, "of tensor other is NaN"},
		"no name fits": {func(f *weights.File) {
			for i := range f.Tensors {
				f.Tensors[i].Name += "x"
			}
		}, nil, "has the name and shape of one of this model's 4: its first is"},
		"nothing":             {func(f *weights.File) { f.Tensors = nil }, nil, "the file has no tensors"},
		"freezes all":         {func(*weights.File) {}, []string{"freeze=head,normalize"}, "nothing is left to train"},
		"freezes all by dots": {func(*weights.File) {}, []string{"freeze=head.weight,head.bias"}, "nothing is left to train"},
		"freezes half":        {func(*weights.File) {}, []string{"freeze=head.weight"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run, path := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "first.safetensors")
			writeChanged(t, path, best, test.change)
			s := runtest.SmallRun(t, run, append(test.flags, "init-from="+path, "epochs=1")...)
			_, err := Train(t.Context(), runtest.Quiet(), s, "")
			var usage *config.UsageError
			switch {
			case test.want == "" && err == nil:
			case !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want):
				t.Errorf("error %v, want a UsageError with %q", err, test.want)
			case fileio.Exists(run):
				t.Error("there is a run directory")
			}
		})
	}
}

func last(values []float32, v float32) { values[len(values)-1] = v }

// other adds a tensor that no model has.
func other(f *weights.File) weights.Tensor {
	t := weights.Tensor{Name: "other", Shape: []int{1}, Data: []float32{1}}
	f.Tensors = append(f.Tensors, t)
	return t
}

func writeChanged(t *testing.T, to, from string, change func(*weights.File)) {
	t.Helper()
	f, err := weights.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	change(&f)
	if err := weights.WriteFile(to, f); err != nil {
		t.Fatal(err)
	}
}
