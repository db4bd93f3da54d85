package metric

import (
	"math"
	"reflect"
	"testing"
	"time"
)

// TestRecomputed computes figures again from an evaluation, and refuses counts that do
// not fit together.
func TestRecomputed(t *testing.T) {
	made := func() *Evaluation {
		e, err := Evaluate([]float32{0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.5, 0.3, 0.2, 0.2, 0.2, 0.6}, []int{0, 1, 2, 2}, []string{"a", "b", "c"})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	got, err := made().Recomputed()
	if err != nil || !reflect.DeepEqual(got, made()) {
		t.Errorf("got %+v, error %v, want %+v", got, err, made())
	}
	for name, change := range map[string]func(e *Evaluation){
		"precision":         func(e *Evaluation) { *e.PerClass[0].Precision = 0.25 },
		"average":           func(e *Evaluation) { e.Macro.F1 = 0.25 },
		"calibration error": func(e *Evaluation) { e.CalibrationError += 1e-9 },
		"bin":               func(e *Evaluation) { *e.CalibrationBins[10].Accuracy = 0.5 },
		"confidence":        func(e *Evaluation) { *e.CalibrationBins[10].Confidence += 0.001 },
	} {
		e := made()
		change(e)
		if got, err := e.Recomputed(); err != nil || reflect.DeepEqual(got, e) {
			t.Errorf("%s: a change is not noticed (error %v)", name, err)
		}
	}
	for name, change := range map[string]func(e *Evaluation){
		"counts of bins": func(e *Evaluation) { e.CalibrationBins[10].Count++ },
		"a bin less":     func(e *Evaluation) { e.CalibrationBins = e.CalibrationBins[1:] },
		"outside of bin": func(e *Evaluation) { *e.CalibrationBins[10].Confidence = 0.1 },
		"top five":       func(e *Evaluation) { e.TopK.Five = 0.9 },
	} {
		e := made()
		change(e)
		if _, err := e.Recomputed(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestCalibrate compares two times, and refuses a ratio that they do not give.
func TestCalibrate(t *testing.T) {
	l := &Latency{P50: 6, P95: 7, Max: 8, Batch: 1, Workers: 1, Samples: 3, Machine: "a computer"}
	if err := l.Calibrate("calibration-1", []time.Duration{2e6, 9e6, 1e6}); err != nil || l.Check() != nil {
		t.Fatal(err, l.Check())
	}
	if want := (Calibration{"calibration-1", 2, 9, 9, 3, 3}); *l.Calibration != want {
		t.Errorf("%+v, want %+v", *l.Calibration, want)
	}
	for name, change := range map[string]func(c *Calibration){
		"ratio": func(c *Calibration) { c.Ratio = 2 }, "order": func(c *Calibration) { c.P95 = 1 }, "zero": func(c *Calibration) { c.P50, c.Ratio = 0, math.Inf(1) },
		"samples": func(c *Calibration) { c.Samples = 2 }, "name": func(c *Calibration) { c.Network = "" }, "infinite": func(c *Calibration) { c.Max = math.Inf(1) },
	} {
		other, c := *l, *l.Calibration
		other.Calibration = &c
		if change(&c); other.Check() == nil {
			t.Errorf("%s: %+v is taken", name, c)
		}
	}
	if err := l.Calibrate("calibration-1", []time.Duration{0, 0, 1}); err == nil {
		t.Error("a median of 0 is compared with")
	}
}

func TestLatencyCheck(t *testing.T) {
	if err := (&Latency{P50: 1, P95: 2, Max: 3, Batch: 1, Workers: 1, Samples: 200}).Check(); err != nil {
		t.Error(err)
	}
	for _, l := range []Latency{
		{P50: 3, P95: 2, Max: 3, Batch: 1, Workers: 1, Samples: 200}, {P50: 1, P95: 2, Max: 1, Batch: 1, Workers: 1, Samples: 200},
		{P50: -1, P95: 2, Max: 3, Batch: 1, Workers: 1, Samples: 200}, {P50: 1, P95: 2, Max: 3, Batch: 0, Workers: 1, Samples: 200},
	} {
		if l.Check() == nil {
			t.Errorf("%+v: no error", l)
		}
	}
}
