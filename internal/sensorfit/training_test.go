package sensorfit

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

func opened(t *testing.T, module, options, dir string) (dataset.Dataset, []int) {
	t.Helper()
	source, _, err := dataset.MakeDataset(module, options)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), dir, dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, d.Len())
	for i := range all {
		all[i] = i
	}
	return d, all
}

// TestCompareWithClips compares a clip with training clips that are like it, and with darker
// ones that have smaller targets.
func TestCompareWithClips(t *testing.T) {
	dir := t.TempDir()
	target := clips.Box{X: 100, Y: 20, W: 16, H: 12}
	for n := range 3 {
		drawing{seed: uint32(n), frames: 20, noise: 1, pattern: 1, box: clips.Box{X: 100, Y: 20, W: 14 + 2*n, H: 10}}.write(t, filepath.Join(dir, "bird", fmt.Sprint(n)))
		drawing{seed: uint32(n), frames: 20, noise: 1, pattern: 1, box: clips.Box{X: 100, Y: 20, W: 13 + 2*n, H: 10}}.write(t, filepath.Join(dir, "drone", fmt.Sprint(n)))
	}
	seen := filepath.Join(t.TempDir(), "seen")
	drawing{seed: 9, frames: 20, noise: 1, pattern: 1, box: target}.write(t, seen)
	d, all := opened(t, "clips", "stride=3", dir)
	r := mustFit(t, Options{Path: seen, Targets: true, Workers: 1})
	if err := r.Compare(t.Context(), d, all); err != nil {
		t.Fatal(err)
	}
	if r.Training.Of != "clips" || r.Training.Count != 6 || r.Summary.TargetBy != byLabels {
		t.Errorf("%+v, target by %s", r.Training, r.Summary.TargetBy)
	}
	for _, diff := range r.Training.Differences {
		if diff.Here == nil || diff.Median == nil {
			t.Errorf("%s: %+v", diff.What, diff)
		} else if got := *diff.Here / *diff.Median; got < 0.9 || got > 1.1 {
			t.Errorf("%s: %v here, %v in training that is alike", diff.What, *diff.Here, *diff.Median)
		}
	}
	var out bytes.Buffer
	if r.Write(&out); !strings.Contains(out.String(), "against the training data, 6 clips:\n  level: 1") || !strings.Contains(out.String(), "target: 16 px here, 15 in the median of the training clips") {
		t.Error(out.String())
	}
}

// TestCompareWithImages compares with photographs that are darker and sharper.
func TestCompareWithImages(t *testing.T) {
	dir := t.TempDir()
	for n := range 8 {
		img := image.NewGray(image.Rect(0, 0, 80, 80))
		for i := range img.Pix {
			x, y := float64(i%80-40), float64(i/80-40)
			img.Pix[i] = uint8(float64(40+2*n)*edge(2*(0.98*x+0.2*y+float64(n)))*edge(2*(20-0.98*y+0.2*x)) + 0.5) // a blur of 0.4
		}
		class := filepath.Join(dir, []string{"cat", "dog"}[n%2])
		if err := os.MkdirAll(class, 0o777); err != nil {
			t.Fatal(err)
		}
		clipstest.WriteFrame(t, class, n, img)
	}
	seen := filepath.Join(t.TempDir(), "seen")
	drawing{seed: 9, frames: 20, noise: 1, pattern: 1}.write(t, seen)
	d, all := opened(t, "folder", "", dir)
	r := mustFit(t, Options{Path: seen})
	if err := r.Compare(t.Context(), d, all); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"level":    "the camera is brighter than what was trained on",
		"contrast": "the camera is richer in contrast than what was trained on",
		"blur":     "the camera is more blurred than what was trained on. Blurs add up by their squares: a psf_sigma_px of 0.",
		"target":   "target: measured neither here nor in the training data.",
	}
	for _, diff := range r.Training.Differences {
		if !strings.Contains(diff.Text, want[diff.What]) {
			t.Errorf("%s: %q, want %q in it", diff.What, diff.Text, want[diff.What])
		}
		if diff.Outside != (diff.What != "target" && want[diff.What] != "") && diff.What != "detail" {
			t.Errorf("%s: %+v", diff.What, diff)
		}
	}
}

// TestFollowed measures a target that moves and has no labels.
func TestFollowed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clip")
	moving(t, dir, 60)
	r := mustFit(t, Options{Path: dir, Targets: true, Workers: 1})
	if r.Summary.Target == nil || r.Summary.TargetBy != byTracking {
		t.Fatalf("%+v by %q", r.Summary.Target, r.Summary.TargetBy)
	}
	if v := r.Summary.Target.Value; v < 10 || v > 24 {
		t.Errorf("%v px, want about 14", v)
	}
}

// TestRealClips measures a video of compressed infrared: no noise, but blur, levels and drift.
func TestRealClips(t *testing.T) {
	root := os.Getenv("BLOCKTRAIN_TEST_DATA")
	dir := filepath.Join(root, "drone-ir", "test")
	if _, err := os.Stat(dir); root == "" || err != nil {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set: want the folder that holds drone-ir/")
	}
	r := mustFit(t, Options{Path: dir, Most: 2, Workers: 1})
	s := &r.Summary
	if s.Unchanged.Value < 0.9 || s.Noise != (Noise3D{}) || s.Gain != nil || s.Defects != nil {
		t.Errorf("%+v", s)
	}
	if s.Blur == nil || s.Blur.Value < 0.1 || s.Blur.Value > 2 || s.MeanDrift == nil || s.Levels.High <= s.Levels.Low {
		t.Errorf("%+v", s)
	}
	if len(s.Declined) == 0 || s.Declined[0].Clips != 2 || !strings.HasPrefix(s.Declined[0].Why, "compressed: noise cannot be measured (9") {
		t.Errorf("%+v", s.Declined)
	}
}

// TestCompareShown compares a clip of 16 bits with training clips that a profile brought to 8: both are
// measured as the profile shows them. Of a clip that the profile does not suit, levels are not compared.
func TestCompareShown(t *testing.T) {
	p, err := sensor.Parse([]byte(`{"schema": 1, "source": "drawn", "modality": "thermal", "width": 160, "height": 128, "frame_rate_hz": 30, "bit_depth": 14,
		"range": [0, 8000], "psf_sigma_px": 0, "motion_px": 0, "response_dn_per_k": 10,
		"noise3d_dn": {"tvh": 0, "vh": 0, "v": 0, "h": 0, "tv": 0, "th": 0, "t": 0}, "defect_ppm": 0,
		"agc": {"mode": "fixed", "low": 0, "high": 8000}}`))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for n := range 3 {
		for class, name := range []string{"bird", "drone"} {
			drawing{seed: uint32(2*n + class), frames: 20, wide: 32, noise: 1, pattern: 1, box: clips.Box{X: 100, Y: 20, W: 14, H: 10}}.write(t, filepath.Join(dir, name, fmt.Sprint(n)))
		}
	}
	source, _, err := dataset.MakeDataset("clips", "stride=3")
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.(dataset.Filed).WithFiles(dataset.FileOptions{Sensor: p}).Open(t.Context(), dir, dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, d.Len())
	for i := range all {
		all[i] = i
	}
	compared := func(wide int) *Training {
		seen := filepath.Join(t.TempDir(), "seen")
		drawing{seed: 9, frames: 20, wide: wide, noise: 1, pattern: 1}.write(t, seen)
		r := mustFit(t, Options{Path: seen})
		if err := r.Compare(t.Context(), d, all); err != nil {
			t.Fatal(err)
		}
		return r.Training
	}
	alike := compared(32)
	for _, diff := range alike.Differences[:2] {
		if diff.Here == nil || *diff.Median < 30 || *diff.Here < 0.9**diff.Median || *diff.Here > 1.1**diff.Median || alike.Note != "" {
			t.Errorf("%s (%s)", diff.Text, alike.Note)
		}
	}
	beyond := compared(250)
	if d := beyond.Differences[0]; d.Here != nil || !strings.Contains(beyond.Note, "level, contrast and detail are not compared") || !strings.Contains(beyond.Note, "bit_depth: the sensor profile has 14") {
		t.Errorf("%s (%s)", d.Text, beyond.Note)
	}
}
