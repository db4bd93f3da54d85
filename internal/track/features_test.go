package track

import (
	"math"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// places of features.
const (
	medianArea = iota
	medianElongation
	medianPeak
	medianLeast
	medianFlux
	medianSide
	medianSpeed
	meanAcceleration
	jitterX
	jitterY
	speedX
	speedY
	spectrumFlux
	spectrumArea       = spectrumFlux + 5
	spectrumElongation = spectrumArea + 5
	changePeak         = spectrumElongation + 5
)

// moving is a window of a target that goes by so many pixels a second, and whose area swings
// at a frequency.
func moving(n int, rate, vx, vy, hertz float64) []Observation {
	window := make([]Observation, n)
	for i := range window {
		s := float64(i) / rate
		window[i] = Observation{
			Time: time.Duration(s * 1e9),
			Box:  clips.Box{X: 10, Y: 10, W: 16, H: 12},
			Shape: Shape{
				X: 20 + float64(vx*s), Y: 30 + float64(vy*s), Peak: 50, Least: -5, Flux: 600,
				Area: 40 * math.Exp(0.3*math.Sin(2*math.Pi*hertz*s)), Elongation: 2, Side: 16, Noise: 2,
			},
		}
	}
	return window
}

func wantFeature(t *testing.T, features []float32, at int, want, within float64) {
	t.Helper()
	if got := float64(features[at]); math.Abs(got-want) > within {
		t.Errorf("feature %d is %.4f, want %.4f", at, got, want)
	}
}

func TestFeatures(t *testing.T) {
	for _, rate := range []float64{25, 30, 50} {
		f := Features(moving(FeatureWindow, rate, 60, -30, 4))
		if len(f) != FeatureCount {
			t.Fatalf("%d features, want %d", len(f), FeatureCount)
		}
		wantFeature(t, f, medianElongation, math.Log(2), 1e-5)
		wantFeature(t, f, medianPeak, math.Log(51), 1e-5)
		wantFeature(t, f, medianLeast, math.Log(5), 1e-5)
		wantFeature(t, f, medianFlux, math.Log(610), 1e-5)
		wantFeature(t, f, medianSide, math.Log(16), 1e-5)
		// Speeds are in pixels in a thirtieth of a second, whatever the rate.
		wantFeature(t, f, medianSpeed, math.Log(math.Hypot(2, 1)+0.02), 1e-3)
		wantFeature(t, f, speedX, math.Log(2.02), 1e-3)
		wantFeature(t, f, speedY, math.Log(1.02), 1e-3)
		// 4 Hz lie in the second band.
		wantFeature(t, f, spectrumArea+2, 0, 0.2)
		for _, other := range []int{1, 3, 4} {
			if f[spectrumArea+other] > f[spectrumArea+2]-1.5 {
				t.Errorf("rate %g: bands %v, want the second to stand out", rate, f[spectrumArea+1:spectrumArea+5])
			}
		}
		wantFeature(t, f, changePeak, math.Log(0.01), 1e-3)
	}
}

// TestFeaturesFillGaps leaves out points of an even motion.
func TestFeaturesFillGaps(t *testing.T) {
	window := moving(FeatureWindow, 30, 60, -30, 2)
	want := Features(window)
	for _, at := range []int{7, 20, 21, 40} {
		window[at].Missed = true
		window[at].Shape = Shape{X: 1e4, Peak: 1e6}
	}
	got := Features(window)
	for _, at := range []int{medianPeak, medianFlux, medianSpeed, speedX, speedY} {
		wantFeature(t, got, at, float64(want[at]), 1e-3)
	}
	wantFeature(t, got, jitterX, float64(want[jitterX]), 1e-2)
}

func TestFeaturesAreFinite(t *testing.T) {
	missed := moving(20, 30, 1, 1, 1)
	for i := range missed {
		missed[i].Missed = true
	}
	still := make([]Observation, 40)
	for name, window := range map[string][]Observation{
		"empty": nil, "one": moving(1, 30, 1, 1, 1), "two": moving(2, 30, 1, 1, 1), "short": moving(9, 30, 1, 1, 1),
		"missed": missed, "still": still, "long": moving(200, 30, 5, 5, 5),
	} {
		f := Features(window)
		if len(f) != FeatureCount {
			t.Errorf("%s: %d features", name, len(f))
		}
		for at, v := range f {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Errorf("%s: feature %d is %v", name, at, v)
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	for _, wide := range []bool{false, true} {
		img := imaging.New(120, 90, 1)
		for i := range img.Pix {
			img.Pix[i] = uint8(100 + i%2)
		}
		for y := 40; y < 44; y++ {
			for x := 60; x < 72; x++ {
				img.Pix[y*120+x] = 180
			}
		}
		img.Pix[50*120+66] = 60
		if wide {
			img.Wide = make([]uint16, len(img.Pix))
			for i, v := range img.Pix {
				img.Wide[i] = uint16(v) << 8
			}
			img.Pix = nil
		}
		s := Measure(img, clips.Box{X: 56, Y: 36, W: 20, H: 20})
		if s.Area != 48 || s.X != 65.5 || s.Y != 41.5 || s.Side != 20 {
			t.Errorf("area %v at (%v,%v), side %v", s.Area, s.X, s.Y, s.Side)
		}
		if s.Peak < 79 || s.Peak > 80 || s.Least > -40 || s.Least < -41 || s.Noise < 1 || s.Noise > 3 {
			t.Errorf("peak %v, least %v, noise %v", s.Peak, s.Least, s.Noise)
		}
		// The variances of 12 and 4 pixels in a row are 143/12 and 15/12.
		if want := (2*143.0/12 + 0.2) / (2*15.0/12 + 0.2); math.Abs(s.Elongation-want) > 0.1 {
			t.Errorf("elongation %v, want %v", s.Elongation, want)
		}
	}
	// A box that the frame has no pixel of, and one in its corner.
	img := imaging.New(20, 20, 3)
	Measure(img, clips.Box{X: 200, Y: -90, W: 4, H: 4})
	Measure(img, clips.Box{X: -3, Y: 18, W: 5, H: 5})
}
