package optimizer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// golden is what testdata/golden.py writes.
type golden struct {
	Steps      int
	Start      []float32
	Gradients  [][]float32
	Optimizers []struct {
		Name, Options string
		LearningRate  float32 `json:"learning_rate"`
		WeightDecay   float32 `json:"weight_decay"`
		Parameters    []float32
	}
	Schedules []struct {
		Name, Options string
		Factors       []float32
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	var g golden
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func mustMake(t *testing.T, name, options string) Optimizer {
	t.Helper()
	o, _, err := MakeOptimizer(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// steps trains a copy of start and returns the parameters and the slots. The
// ranges begin at 0 and at each of cuts.
func steps(o Optimizer, start []float32, gradients [][]float32, rate, weightDecay float32, decay bool, cuts ...int) [][]float32 {
	p := append([]float32(nil), start...)
	arrays := [][]float32{p}
	for range o.Slots() {
		arrays = append(arrays, make([]float32, len(p)))
	}
	for i, g := range gradients {
		o.Begin(i+1, rate, weightDecay)
		low := 0
		for _, high := range append(cuts, len(p)) {
			var slots [][]float32
			for _, slot := range arrays[1:] {
				slots = append(slots, slot[low:high])
			}
			o.Apply(p[low:high], g[low:high], slots, decay)
			low = high
		}
	}
	return arrays
}

func TestAgainstPyTorch(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Optimizers {
		o := mustMake(t, c.Name, c.Options)
		got := steps(o, g.Start, g.Gradients, c.LearningRate, c.WeightDecay, true)[0]
		if diff := cmp.Diff(c.Parameters, got, cmpopts.EquateApprox(2e-6, 1e-7)); diff != "" {
			t.Errorf("%s %s, decay %v (-PyTorch +got):\n%s", c.Name, c.Options, c.WeightDecay, diff)
		}
	}
	for _, c := range g.Schedules {
		s, _, err := MakeSchedule(c.Name, c.Options)
		if err != nil {
			t.Fatal(err)
		}
		for step, want := range c.Factors {
			got := s.Factor(step, len(c.Factors))
			if math.Abs(float64(got-want)) > 1e-6 {
				t.Errorf("%s: factor %v at step %d, PyTorch has %v", c.Name, got, step, want)
			}
		}
	}
}

// TestRanges checks that dividing the parameters changes no bit.
func TestRanges(t *testing.T) {
	g := readGolden(t)
	for name := range modules {
		o := mustMake(t, name, "")
		whole := steps(o, g.Start, g.Gradients, 0.01, 0.1, true)
		parts := steps(o, g.Start, g.Gradients, 0.01, 0.1, true, 1, 3)
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNoDecay(t *testing.T) {
	g := readGolden(t)
	for name := range modules {
		o := mustMake(t, name, "")
		spared := steps(o, g.Start, g.Gradients, 0.01, 0.1, false)
		if diff := cmp.Diff(steps(o, g.Start, g.Gradients, 0.01, 0, true), spared); diff != "" {
			t.Errorf("%s without decay differs from a decay of 0: %s", name, diff)
		}
		if cmp.Equal(steps(o, g.Start, g.Gradients, 0.01, 0.1, true), spared) {
			t.Errorf("%s: weight decay has no effect", name)
		}
	}
}

// TestFlush lets averages decay under zero gradients: they become zero, and no
// parameter becomes NaN.
func TestFlush(t *testing.T) {
	for name := range modules {
		o := mustMake(t, name, "")
		gradients := [][]float32{{1e-25, -1e-25, 1e-12, 0}}
		for range 4000 {
			gradients = append(gradients, make([]float32, 4))
		}
		arrays := steps(o, []float32{1, 1, 1, 1}, gradients, 0.01, 0, true)
		for _, p := range arrays[0] {
			if !(math.Abs(float64(p)) < 50) {
				t.Errorf("%s: parameter became %v", name, p)
			}
		}
		for _, m := range arrays[1] {
			if m != 0 {
				t.Errorf("%s: average is still %v", name, m)
			}
		}
	}
}

// TestDigest pins the bits of every optimizer, which are the same on every
// architecture.
func TestDigest(t *testing.T) {
	g := readGolden(t)
	for _, c := range []struct{ name, options, want string }{
		{"sgd", "momentum=0", "a8fa2f8318ca19b2"},
		{"sgd", "", "bfa3d05f743c2f44"},
		{"sgd", "nesterov=true", "6ab556575f2f481b"},
		{"adam", "", "31d708848113d032"},
		{"adamw", "", "3adf0319646c29d6"},
		{"lion", "", "69c0c900357537b4"},
	} {
		hash := sha256.New()
		for _, row := range steps(mustMake(t, c.name, c.options), g.Start, g.Gradients, 0.01, 0.1, true) {
			for _, v := range row {
				hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
		if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != c.want {
			t.Errorf("%s %s: digest %s, want %s", c.name, c.options, got, c.want)
		}
	}
}

func TestMakeErrors(t *testing.T) {
	for _, c := range []struct{ name, options, want string }{
		{"admw", "", `unknown optimizer "admw": did you mean adamw or adam?`},
		{"sgd", "momentum=1", "momentum=1: want 0 to 0.99999"},
		{"adamw", "epsilon=0", "epsilon=0: want 1e-12 to 1"},
		{"lion", "epsilon=1e-8", `unknown option "epsilon"`},
	} {
		_, _, err := MakeOptimizer(c.name, c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %q", c.name, c.options, err, c.want)
		}
	}
	if _, _, err := MakeSchedule("one-cycle", "rise=2"); err == nil || !strings.Contains(err.Error(), "rise=2: want 0 to 0.99") {
		t.Errorf("one-cycle rise=2: error %v", err)
	}
}

func TestDescriptions(t *testing.T) {
	if got := len(Modules()); got != len(modules) {
		t.Errorf("%d optimizers described, want %d", got, len(modules))
	}
	if got := len(Schedules()); got != len(schedules) {
		t.Errorf("%d schedules described, want %d", got, len(schedules))
	}
}

func TestDefaults(t *testing.T) {
	for name := range modules {
		rate, decay := mustMake(t, name, "").Defaults()
		if rate <= 0 || rate > 0.1 || decay < 0 || decay > 0.1 {
			t.Errorf("%s: default learning rate %v, weight decay %v", name, rate, decay)
		}
	}
}
