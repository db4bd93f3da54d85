package decision

import (
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Scale says how features become the bytes that the network on tracks takes, and how much its
// answers count: 128 is the mean over the windows of the training part, and 32 levels are a
// standard deviation.
type Scale struct {
	Schema   int       `json:"schema"`
	Window   int       `json:"window"` // frames
	Hop      int       `json:"hop"`    // frames between the beginnings of two windows
	Every    int       `json:"every"`  // frames from one to the next that the crop network is asked about
	Weights  Weights   `json:"weights"`
	Features []Feature `json:"features"`
}

// Feature is how one of them is brought to a byte: 128 + 32*(value-mean)/deviation, rounded
// to the nearest, ties to even, and what is outside of 0 to 255 to its end.
type Feature struct {
	Name      string  `json:"name"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

const (
	scaleSchema    = 2
	middle         = 128
	levels         = 32 // of a standard deviation
	leastDeviation = 1e-6
)

var scaleForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{scaleSchema}}

// MeasureScale is the scale of windows, of which there must be one.
func MeasureScale(windows []Window) *Scale {
	s := &Scale{Schema: scaleSchema, Window: track.FeatureWindow, Hop: track.FeatureHop, Every: postprocess.AskedEvery}
	n := float64(len(windows))
	for k := range windows[0].Features {
		mean, squares := 0.0, 0.0
		for _, w := range windows {
			mean += float64(w.Features[k])
		}
		mean /= n
		for _, w := range windows {
			d := float64(w.Features[k]) - mean
			squares += float64(d * d)
		}
		deviation := math.Sqrt(squares / n)
		if deviation < leastDeviation { // always the same, so that it says nothing
			deviation = 1
		}
		s.Features = append(s.Features, Feature{featureName(k), mean, deviation})
	}
	return s
}

// featureName is what feature k is called.
func featureName(k int) string { return fmt.Sprintf("track_%d", k+1) }

// Bytes brings features to bytes.
func (s *Scale) Bytes(features []float32) []uint8 {
	b := make([]uint8, len(features))
	for k, v := range features {
		z := (float64(v) - s.Features[k].Mean) / s.Features[k].Deviation
		b[k] = uint8(min(255, max(0, math.RoundToEven(float64(levels*z)+middle))))
	}
	return b
}

// ReadScale reads the file of a scale.
func ReadScale(path string) (*Scale, error) {
	s := &Scale{}
	if err := fileio.ReadJSON(path, s, scaleForm); err != nil {
		return nil, err
	}
	const want = track.FeatureCount
	if s.Window != track.FeatureWindow || s.Hop != track.FeatureHop || s.Every != postprocess.AskedEvery || len(s.Features) != want {
		return nil, fmt.Errorf("%s: windows of %d frames every %d, asked about every %d, with %d features: this program has %d, %d, %d and %d",
			path, s.Window, s.Hop, s.Every, len(s.Features), track.FeatureWindow, track.FeatureHop, postprocess.AskedEvery, want)
	}
	for k, f := range s.Features {
		if f.Name != featureName(k) || !(f.Deviation > 0) {
			return nil, fmt.Errorf("%s: feature %d is %q with deviation %v: want %q and one over 0", path, k, f.Name, f.Deviation, featureName(k))
		}
	}
	if err := s.Weights.check(); err != nil {
		return nil, fmt.Errorf("%s: weights: %w", path, err)
	}
	return s, nil
}
