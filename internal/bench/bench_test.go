package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/settings"
)

func TestParseInput(t *testing.T) {
	for _, test := range []struct {
		text string
		want nn.Shape
		err  string
	}{
		{"28x28x1", nn.Shape{H: 28, W: 28, C: 1}, ""},
		{"320x256x3", nn.Shape{H: 256, W: 320, C: 3}, ""},
		{"28", nn.Shape{}, "want WIDTHxHEIGHTxCHANNELS"},
		{"28x28", nn.Shape{}, "want WIDTHxHEIGHTxCHANNELS"},
		{"28x1", nn.Shape{}, "want WIDTHxHEIGHTxCHANNELS"},
		{"28x28x2", nn.Shape{}, "1 or 3 channels"},
		{"0x28x1", nn.Shape{}, "want a size"},
		{"28x28x28x1", nn.Shape{}, "want a size"},
		{"99999x28x1", nn.Shape{}, "at most"},
	} {
		got, err := parseInput(test.text)
		switch {
		case test.err == "" && (err != nil || got != test.want || inputText(got) != test.text):
			t.Errorf("%s is %v, %v; want %v", test.text, got, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: error %v, want %s", test.text, err, test.err)
		}
	}
}

// TestNetworks checks that flags choose, and the defaults of .env do not.
func TestNetworks(t *testing.T) {
	ambient := config.Origins{"model": ".env:3", "batch-size": ".env:4"}
	named := config.Origins{"model": config.OriginFlag}
	sized := config.Origins{"model": config.OriginFlag, "batch-size": config.OriginFlag}
	small, large := nn.Shape{H: 28, W: 28, C: 1}, nn.Shape{H: 32, W: 32, C: 3}
	for _, test := range []struct {
		model   string
		origins config.Origins
		input   string
		want    []network
	}{
		{"mlp", ambient, "", references},
		{"resnet20", named, "", []network{{"resnet20", "", large, 128}}},
		{"cnn", sized, "32x32x3", []network{{"cnn", "", large, 7}}},
		{"mlp", named, "", []network{{"mlp", "", small, 7}}},
	} {
		s := &settings.Settings{Model: test.model, BatchSize: 7, Origins: test.origins}
		got, err := networksOf(s, &Request{Input: test.input})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(network{})); diff != "" {
			t.Errorf("%s %v: %s", test.model, test.origins, diff)
		}
	}
	if references[0].batch != 64 {
		t.Error("the table of reference networks was changed")
	}
	s := &settings.Settings{Origins: config.Origins{"model-options": config.OriginFlag}}
	if _, err := networksOf(s, &Request{}); err == nil {
		t.Error("options of no model are taken")
	}
}

func TestPhasesOf(t *testing.T) {
	got := phasesOf([]engine.Operation{
		{Name: "a", Layer: "Conv2D", Phase: engine.Forward, Time: 2 * time.Second},
		{Name: "b", Layer: "Conv2D", Phase: engine.Backward, Time: 4 * time.Second},
		{Name: "c", Layer: "Conv2D", Phase: engine.Forward, Time: 1 * time.Second},
	}, float64(16*time.Second))
	want := []PhaseShare{
		{phaseWaiting, "", 9.0 / 16}, {engine.Backward, "Conv2D", 4.0 / 16}, {engine.Forward, "Conv2D", 3.0 / 16},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRepeat(t *testing.T) {
	calls := 0
	rate, err := repeat(t.Context(), 10, 3, 0, func() error { calls++; return nil })
	if err != nil || calls != 3 || rate <= 0 {
		t.Errorf("%d calls, %v images/s, %v; want 3 calls", calls, rate, err)
	}
}

// TestUnsteady tells of measurements that something else has disturbed.
func TestUnsteady(t *testing.T) {
	for _, test := range []struct {
		training, inference *[2]float64
		want                bool
	}{
		{&[2]float64{100, 200}, &[2]float64{100, 110}, false},
		{&[2]float64{100, 201}, &[2]float64{100, 110}, true},
		{&[2]float64{100, 110}, &[2]float64{100, 300}, true},
		{nil, &[2]float64{100, 300}, true},
		{&[2]float64{100, 110}, nil, false},
	} {
		r := &Result{}
		if test.training != nil {
			r.TrainingResult = &TrainingResult{TrainRange: *test.training}
		}
		if test.inference != nil {
			r.InferenceResult = &InferenceResult{InferenceRange: *test.inference, Latency: &metric.Latency{}}
		}
		if got := strings.Contains(r.Text(), "the machine was busy"); got != test.want {
			t.Errorf("training %v, inference %v: told is %v, want %v", test.training, test.inference, got, test.want)
		}
	}
}
