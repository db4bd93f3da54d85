package sensorfit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
)

// drawing is a clip of a slanted square and a ramp, seen with noise.
type drawing struct {
	seed                 uint32
	frames, wide         int // wide: the levels are multiplied by it, and files have 16 bits; 0: 8 bits
	noise, pattern, gain float64
	box                  clips.Box // of a bright target; empty: none
}

func (d drawing) write(t *testing.T, dir string) {
	t.Helper()
	const width, height = 160, 128
	s := rng.NewKey(uint64(d.seed), rng.TestPurpose).Stream(0, 0, 0)
	fixed := make([]float64, width*height)
	for i := range fixed {
		fixed[i] = d.pattern * float64(s.Normal())
	}
	draw := func(int) image.Image {
		narrow, wide := image.NewGray(image.Rect(0, 0, width, height)), image.NewGray16(image.Rect(0, 0, width, height))
		for i := range fixed {
			x, y := float64(i%width), float64(i/width)
			across, down := (x-50)*0.98+(y-60)*0.2, (y-60)*0.98-(x-50)*0.2
			v := 50 + 0.7*x + 60*edge(25-math.Abs(across))*edge(30-math.Abs(down))
			if inside := image.Pt(i%width, i/width).In(image.Rect(d.box.X, d.box.Y, d.box.X+d.box.W, d.box.Y+d.box.H)); inside {
				v += 40
			}
			v += fixed[i] + math.Sqrt(d.noise*d.noise+d.gain*v)*float64(s.Normal())
			if d.wide > 0 {
				wide.SetGray16(i%width, i/width, color.Gray16{Y: uint16(float64(d.wide) * max(v, 0))})
			} else {
				narrow.SetGray(i%width, i/width, color.Gray{Y: uint8(min(max(v+0.5, 0), 255))})
			}
		}
		if d.wide > 0 {
			return wide
		}
		return narrow
	}
	var boxes []clips.Box
	if d.box.W > 0 {
		for range d.frames {
			boxes = append(boxes, d.box)
		}
	}
	clipstest.Write(t, dir, d.frames, draw, boxes)
	if d.box.W == 0 {
		if err := os.Remove(filepath.Join(dir, "label.json")); err != nil {
			t.Fatal(err)
		}
	}
}

// edge is a step that was blurred by a Gaussian of 0.8 px.
func edge(x float64) float64 { return math.Erfc(-x/0.8/math.Sqrt2) / 2 }

func mustFit(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Fit(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func within(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*want {
		t.Errorf("%s: %v, want %v within %v", what, got, want, share)
	}
}

// TestFit measures two clips of one thermal camera, and reads the profile back.
func TestFit(t *testing.T) {
	dir := t.TempDir()
	drawing{seed: 1, frames: 20, noise: 2, pattern: 2}.write(t, filepath.Join(dir, "a"))
	drawing{seed: 2, frames: 20, noise: 3, pattern: 2}.write(t, filepath.Join(dir, "b"))
	r := mustFit(t, Options{Path: dir, RateHz: 30, ResponseDNPerK: 20})
	if r.Found != 2 || len(r.Clips) != 2 || r.Summary.Noise.TVH == nil || r.Summary.Blur == nil {
		t.Fatalf("%+v", r.Summary)
	}
	n := r.Summary.Noise
	within(t, "least tvh", n.TVH.Low, 2, 0.1)
	within(t, "greatest tvh", n.TVH.High, 3, 0.1)
	within(t, "vh", n.VH.Value, 2, 0.15)
	within(t, "blur", r.Summary.Blur.Value, 0.75, 0.2) // the picture was drawn without an aperture
	path := filepath.Join(dir, "camera.json")
	if err := r.Profile.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := fileio.ReadFile(path, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sensor.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if p.Modality != sensor.Thermal || p.Width != 160 || p.BitDepth != 8 || p.FrameRateHz != 30 || *p.ResponseDNPerK != sensor.Single(20) {
		t.Errorf("%s", text)
	}
	within(t, "least tvh of the profile", p.Noise3D.TVH.Low, 2, 0.1)
	for _, want := range []string{"2 clips of 40 frames", "noise3d_dn.tvh", "Ranges are the spread between clips", "Not measured, and set to what does least: modality, motion_px"} {
		if !strings.Contains(p.Source, want) {
			t.Errorf("source %q, want %q in it", p.Source, want)
		}
	}
}

// TestFitVisible wants a gain, and a profile in electrons.
func TestFitVisible(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clip")
	drawing{seed: 3, frames: 32, noise: 1.5, pattern: 1.5, gain: 0.1}.write(t, dir)
	black := 0.0
	r := mustFit(t, Options{Path: dir, Black: &black})
	p := r.Profile
	if p.Modality != sensor.Visible || p.FrameRateHz != 30 {
		t.Fatalf("%+v", p)
	}
	within(t, "gain", p.GainDNPerE.Middle(), 0.1, 0.1)
	within(t, "read noise", p.ReadNoiseE.Middle(), 15, 0.2)
	within(t, "DSNU", p.DSNUE.Middle(), 15, 0.4)
	within(t, "full well", p.FullWellE.Middle(), 2550, 0.1)
}

// TestFitNoisyWithoutGain wants a profile of a visible camera with so much noise and pattern that
// these are out of a profile's bounds in electrons of the smallest gain.
func TestFitNoisyWithoutGain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clip")
	drawing{seed: 5, frames: 8, wide: 100, noise: 20, pattern: 15}.write(t, dir)
	r := mustFit(t, Options{Path: dir, Modality: sensor.Visible})
	p := r.Profile
	if p == nil || r.Summary.Gain != nil {
		t.Fatalf("%+v", r.Summary)
	}
	gain := p.GainDNPerE.Middle()
	within(t, "noise in DN", p.ReadNoiseE.Middle()*gain, 2000, 0.1)
	within(t, "pattern in DN", p.DSNUE.Middle()*gain, 1500, 0.3)
	if shot := math.Sqrt(gain * 65535); shot > 50 {
		t.Errorf("shot noise of %v DN, want far less than what was measured", shot)
	}
}

// TestFitWide wants levels for --levels, and a profile whose AGC has them.
func TestFitWide(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clip")
	drawing{seed: 4, frames: 16, wide: 40, noise: 2, pattern: 2}.write(t, dir)
	r := mustFit(t, Options{Path: dir})
	s := &r.Summary
	if s.BitDepth != 14 || s.Levels.Low < 1500 || s.Levels.Low > 2200 || s.Levels.High < 6000 || s.Levels.High > 9500 {
		t.Errorf("%d bits, %+v", s.BitDepth, s.Levels)
	}
	if p := r.Profile; p.Range != [2]int{s.Levels.Low, s.Levels.High} || p.AGC.Low.Middle() != float64(s.Levels.Low) {
		t.Errorf("%+v", p)
	}
	var out bytes.Buffer
	if r.Write(&out); !strings.Contains(out.String(), fmt.Sprintf(": --levels %s\n", s.Levels)) {
		t.Error(out.String())
	}
}

// TestFitCompressed wants the words, no number of noise, and no profile of noise.
func TestFitCompressed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clip")
	drawing{seed: 5, frames: 10, noise: 0.01}.write(t, dir)
	r := mustFit(t, Options{Path: dir})
	if r.Summary.Noise != (Noise3D{}) || r.Summary.Blur == nil {
		t.Errorf("%+v", r.Summary)
	}
	var out bytes.Buffer
	r.Write(&out)
	for _, want := range []string{"not measured: noise, fixed patterns, gain, defects: compressed: noise cannot be measured (", "blur: 0.", "drift: gain and level stay", "range: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in\n%s", want, &out)
		}
	}
	if p := r.Profile; p == nil || p.Noise3D.TVH != sensor.Single(0) || !strings.Contains(p.Source, measure.CompressedWords) {
		t.Errorf("%+v", p)
	}
}

// TestFitBadInput wants what is wrong said, and whatever can still be said.
func TestFitBadInput(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	drawing{seed: 6, frames: 1, noise: 1}.write(t, at("one"))
	drawing{seed: 6, frames: 8, noise: 1}.write(t, at("sizes"))
	clipstest.WriteFrame(t, at("sizes"), 8, image.NewGray(image.Rect(0, 0, 32, 32)))
	clipstest.Write(t, at("black"), 6, func(int) image.Image { return image.NewGray(image.Rect(0, 0, 64, 64)) }, nil)
	for _, folder := range []string{"empty", "photographs", "mixed", "mixed/good", "mixed/bad"} {
		if err := os.MkdirAll(at(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"photographs/cat.png", "mixed/bad/1.png", "mixed/bad/2.png"} {
		if err := os.WriteFile(at(file), []byte("no image"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	drawing{seed: 6, frames: 4, noise: 1}.write(t, at("mixed/good"))

	for path, want := range map[string]string{
		"none":        "does not exist: want a video, a folder of numbered frames, or a folder of such",
		"empty":       "has no videos and no folders of numbered frames",
		"photographs": "has no number at the end of its name",
	} {
		var usage *config.UsageError
		if _, err := Fit(t.Context(), Options{Path: at(path)}); !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a usage error with %q", path, err, want)
		}
	}
	for path, want := range map[string]string{
		"one":   "not measured: noise, fixed patterns, gain, defects: there is one frame",
		"sizes": "bring all frames to one size and kind; what could be read is used\nnote: Only the first 8 frames are measured.",
		"black": "not measured: noise, fixed patterns, gain, defects: black: all pixels are 0",
		"mixed": "not read: " + at("mixed/bad") + ": ",
	} {
		r := mustFit(t, Options{Path: at(path)})
		var out bytes.Buffer
		if r.Write(&out); !strings.Contains(out.String(), want) {
			t.Errorf("%s: want %q in\n%s", path, want, &out)
		}
		if (r.Profile == nil) != (path == "black") {
			t.Errorf("%s: profile %+v", path, r.Profile)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestChosen(t *testing.T) {
	all := make([]source, 205)
	for i := range all {
		all[i].path = fmt.Sprint(i)
	}
	if some := chosen(all, 4); len(some) != 4 || some[0].path != "0" || some[3].path != "153" {
		t.Errorf("%v", some)
	}
	if len(chosen(all, 0)) != 205 || len(chosen(all[:3], 4)) != 3 {
		t.Error("not all")
	}
}

// moving writes a clip of a bright target of 14x10 that moves over an even picture.
func moving(t *testing.T, dir string, frames int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s := rng.NewKey(7, rng.TestPurpose).Stream(0, 0, 0)
	for n := range frames {
		img := image.NewGray(image.Rect(0, 0, 160, 128))
		for i := range img.Pix {
			x, y := i%160, i/160
			v := 80 + float64(y)/4 + float64(s.Normal())
			if x >= 10+2*n && x < 24+2*n && y >= 60 && y < 70 {
				v += 70
			}
			img.Pix[i] = uint8(v)
		}
		clipstest.WriteFrame(t, dir, n, img)
	}
}
