package crossval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/crossval"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/verify"
)

// camera is a profile of the drawn clips.
const camera = `{"schema": 1, "source": "made up", "modality": "thermal", "width": 40, "height": 32, "frame_rate_hz": 30, "bit_depth": 8,
	"range": [0, 255], "psf_sigma_px": 0.8, "motion_px": 0, "response_dn_per_k": 10,
	"noise3d_dn": {"tvh": 40, "vh": 3, "v": 1, "h": 2, "tv": 1, "th": 1, "t": 1}, "defect_ppm": 1000,
	"agc": {"mode": "fixed", "low": 0, "high": 255}}`

// ofClipsThroughSensor is a cross-validation of drawn clips that has the curve of a sensor.
func ofClipsThroughSensor(t *testing.T, name string, more ...string) *crossval.CrossValidation {
	t.Helper()
	dir := t.TempDir()
	data, profile := filepath.Join(dir, "clips"), filepath.Join(dir, "camera.json")
	runtest.DrawClips(t, data)
	if err := os.WriteFile(profile, []byte(camera), 0o600); err != nil {
		t.Fatal(err)
	}
	s := runtest.MustResolve(t, append([]string{"output-dir=" + filepath.Join(dir, name), "dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2,group=scene",
		"image-size=12", "model=linear", "epochs=2", "batch-size=8", "workers=1", "visualizations=none", "controls=off", "decision-folds=0", "sensor=" + profile}, more...)...)
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	return cv
}

// TestSensorOfClips adds up by hand what the folds say of frames and clips at each severity, with
// the sensor in training and without.
func TestSensorOfClips(t *testing.T) {
	for _, train := range []string{"true", "false"} {
		cv := ofClipsThroughSensor(t, "cv", "sensor-train="+train)
		c := cv.Result.Pooled.Sensor
		if c == nil || len(c.Points) != 6 || c.Schema != metric.SensorClipsSchema || c.Examples != cv.Result.Pooled.Examples {
			t.Fatalf("sensor-train=%s: pooled %+v", train, c)
		}
		for at, p := range c.Points {
			frames, right := 0, 0
			for _, f := range cv.Folds {
				of := f.Sensor.Points[at]
				frames += of.Correct
				right += of.Clips.Clips.Correct
			}
			if p.Severity != float64(at) || p.Correct != frames || p.Clips.Clips.Correct != right || p.Clips.Clips.Count != 12 || p.Clips.Frames.Correct != frames {
				t.Errorf("sensor-train=%s, severity %v: %+v, want %d frames and %d of 12 clips right", train, p.Severity, p, frames, right)
			}
		}
		for _, words := range []string{"seen through the sensor, all folds together", "severity   accuracy  95 % interval by groups", "severity      clips"} {
			if !strings.Contains(cv.Table(), words) {
				t.Errorf("the table lacks %q:\n%s", words, cv.Table())
			}
		}
		opened, err := crossval.Open(cv.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cv.Result, opened.Result); diff != "" {
			t.Errorf("read something else (-want +got):\n%s", diff)
		}
	}
}

// TestSensorOfImages has examples without groups, verifies the folds, and is not compared.
func TestSensorOfImages(t *testing.T) {
	s := runtest.SmallRun(t, filepath.Join(t.TempDir(), "cv"), "visualizations=none", "sensor=rgb-vga-noisy")
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	c := cv.Result.Pooled.Sensor
	if c == nil || c.Schema != metric.SensorSchema || c.Examples != 200 || c.Points[3].Correct != cv.Folds[0].Sensor.At(3).Correct+cv.Folds[1].Sensor.At(3).Correct ||
		c.Points[3].Interval != metric.Wilson(c.Points[3].Correct, 200) {
		t.Fatalf("pooled %+v", c)
	}
	if _, err := crossval.Verify(t.Context(), runtest.Quiet(), verify.Request{Path: cv.Dir, DataMode: "ram"}); err != nil {
		t.Error(err)
	}
	other, err := crossval.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, filepath.Join(t.TempDir(), "other"), "visualizations=none"), crossval.Request{Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crossval.Compare(other.Dir, cv.Dir); err == nil || !strings.Contains(err.Error(), "no evaluation says which of its images were right; make groups by a dataset option") {
		t.Errorf("compared without groups: %v", err)
	}
}

// TestCompare compares a cross-validation with one that differs in the epochs, adds up the
// differences by hand, and refuses other folds and data.
func TestCompare(t *testing.T) {
	a := ofClipsThroughSensor(t, "before", "sensor-train=false")
	b := ofClipsThroughSensor(t, "after", "epochs=6")
	c, err := crossval.Compare(a.Dir, b.Dir)
	if err != nil {
		t.Fatal(err)
	}
	p, q := a.Result.Pooled, b.Result.Pooled
	if c.Examples.Baseline != p.Correct || c.Examples.Candidate != q.Correct || c.Examples.Count != p.Examples || c.Examples.Groups != p.Groups ||
		c.Examples.Interval.Low > c.Examples.Difference || c.Examples.Interval.High < c.Examples.Difference {
		t.Errorf("examples: %+v, want %d and %d right of %d", c.Examples, p.Correct, q.Correct, p.Examples)
	}
	if c.Clips.Baseline != p.Clips.Clips.Correct || c.Clips.Candidate != q.Clips.Clips.Correct || c.Clips.Count != 12 {
		t.Errorf("clips: %+v", c.Clips)
	}
	if len(c.Sensor) != 6 || c.Sensor[3].Examples.Candidate != q.Sensor.At(3).Correct || c.Sensor[3].Clips.Baseline != p.Sensor.At(3).Clips.Clips.Correct {
		t.Errorf("through the sensor: %+v", c.Sensor)
	}
	for _, words := range []string{"baseline   before", "candidate  after", "severity 3, clips", "as they are, examples", "12 clips", "epochs"} {
		if !strings.Contains(c.Table(), words) {
			t.Errorf("the table lacks %q:\n%s", words, c.Table())
		}
	}
	if c.Differing != "sensor-train, epochs" {
		t.Errorf("they differ in %q, want sensor-train, since the profile is the same, and epochs", c.Differing)
	}
	if _, err := crossval.Compare(a.Dir, filepath.Join(a.Dir, "..", filepath.Base(a.Dir))); err == nil || !strings.Contains(err.Error(), "are the same cross-validation") {
		t.Errorf("compared with itself: %v", err)
	}
	again := ofClipsThroughSensor(t, "again", "sensor-train=false")
	same, err := crossval.Compare(a.Dir, again.Dir)
	if err != nil || same.Examples.Difference != 0 || same.Examples.Interval != (metric.Interval{}) || same.Differing != "" || !strings.Contains(same.Table(), "they have the same settings") {
		t.Errorf("compared with a second one of the same settings: %+v, %v", same, err)
	}
	other := ofClipsThroughSensor(t, "other", "split-seed=2")
	if _, err := crossval.Compare(a.Dir, other.Dir); err == nil || !strings.Contains(err.Error(), "different folds") {
		t.Errorf("other folds: %v", err)
	}
	data := ofClipsThroughSensor(t, "data", "dataset-options=minimum=14,margin=2,group=scene")
	if _, err := crossval.Compare(a.Dir, data.Dir); err == nil || !strings.Contains(err.Error(), "different data") {
		t.Errorf("other data: %v", err)
	}
}
