package decision

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/track"
)

// collect gives a collector points of one track or more, of which every fourth is asked about.
func collect(frames int, missed func(int) bool, trackOf func(int) int) []Window {
	var windows []Window
	c := Collector{Classes: 2, Emit: func(w Window) { windows = append(windows, w) }}
	for i := range frames {
		p := &track.Point{Frame: i, Track: trackOf(i), Box: clips.Box{X: i, Y: 5, W: 4, H: 3}, Missed: missed(i)}
		p.Shape = track.Shape{X: float64(i), Y: 5, Peak: 100, Flux: 50, Area: 6, Elongation: 1, Side: 4}
		var probabilities []float32
		if Asked(p) {
			probabilities = []float32{0.25, 0.75}
		}
		c.Add(p, probabilities)
	}
	c.End()
	return windows
}

func TestCollector(t *testing.T) {
	never, first := func(int) bool { return false }, func(int) int { return 0 }
	for _, c := range []struct {
		name    string
		frames  int
		missed  func(int) bool
		track   func(int) int
		windows int
		chosen  int
	}{
		{"no frames", 0, never, first, 0, 0},
		{"a short clip is one window", 10, never, first, 1, 1},
		{"one window", 64, never, first, 1, 1},
		{"what is left over is in none", 95, never, first, 1, 1},
		{"a window every 32 frames", 160, never, first, 4, 4},
		{"a cut begins a new track", 80, never, func(i int) int { return i / 70 }, 2, 1},
		{"windows without the target do not count", 128, func(i int) bool { return i < 56 }, first, 3, 2},
		{"unless there is no other", 64, func(i int) bool { return i > 3 }, first, 1, 1},
	} {
		windows := collect(c.frames, c.missed, c.track)
		if len(windows) != c.windows || len(Chosen(windows)) != c.chosen {
			t.Errorf("%s: %d windows, %d of them count, want %d and %d", c.name, len(windows), len(Chosen(windows)), c.windows, c.chosen)
		}
		for _, w := range windows {
			if len(w.Logs) != 2 || len(w.Features) != track.FeatureCount {
				t.Errorf("%s: %d logarithms and %d features", c.name, len(w.Logs), len(w.Features))
			}
		}
	}
	if w := collect(64, never, first)[0]; w.Logs[0] != kernel.Log(0.25) || w.Logs[1] != kernel.Log(0.75) || w.Found != 64 {
		t.Errorf("mean logarithms %v, found in %d frames", w.Logs, w.Found)
	}
	if w := collect(64, func(int) bool { return true }, first)[0]; w.Logs[0] != w.Logs[1] {
		t.Errorf("where nothing was asked, the classes have the logarithms %v", w.Logs)
	}
}

func TestScale(t *testing.T) {
	var windows []Window
	for i := range 5 {
		features := make([]float32, track.FeatureCount)
		features[0], features[1] = float32(i), 7
		windows = append(windows, Window{Features: features})
	}
	s := MeasureScale(windows)
	s.Weights = Weights{0.5, 0}
	if f := s.Features[0]; f.Name != "track_1" || f.Mean != 2 || math.Abs(f.Deviation-math.Sqrt2) > 1e-15 {
		t.Errorf("the first feature is %+v", f)
	}
	if f := s.Features[1]; f.Mean != 7 || f.Deviation != 1 {
		t.Errorf("a feature that is always the same is %+v", f)
	}
	features := slices.Clone(windows[0].Features)
	for value, want := range map[float32]uint8{2: 128, 4: 173, -100: 0, 100: 255} {
		features[0] = value
		if got := s.Bytes(features)[0]; got != want {
			t.Errorf("%v becomes %d, want %d", value, got, want)
		}
	}
	path := filepath.Join(t.TempDir(), "features.json")
	if err := fileio.WriteJSON(path, s); err != nil {
		t.Fatal(err)
	}
	if read, err := ReadScale(path); err != nil || !slices.Equal(read.Features, s.Features) {
		t.Errorf("read %+v, %v", read, err)
	}
	for name, change := range map[string]func(*Scale){
		"a deviation of 0":            func(s *Scale) { s.Features[3].Deviation = 0 },
		"a feature of another name":   func(s *Scale) { s.Features[3].Name = "track_5" },
		"a feature too few":           func(s *Scale) { s.Features = s.Features[1:] },
		"weights that decide nothing": func(s *Scale) { s.Weights = Weights{0, 1} },
		"a weight over the most":      func(s *Scale) { s.Weights.Track = 2.125 },
		"a weight between steps":      func(s *Scale) { s.Weights.Track = 0.1 },
	} {
		other := *s
		other.Features = slices.Clone(s.Features)
		change(&other)
		if err := fileio.WriteJSON(path, &other); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadScale(path); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// TestWeigh wants networks to count by what they know of clips that they have not seen.
func TestWeigh(t *testing.T) {
	logs := func(p float64) []float64 {
		return []float64{float64(kernel.Log(float32(p))), float64(kernel.Log(float32(1 - p)))}
	}
	clip := func(label int, crops, track float64) answered {
		c := logs(crops)
		return answered{label, []Window{{Logs: []float32{float32(c[0]), float32(c[1])}}}, [][]float64{logs(track)}}
	}
	// One that is right in three of four, sure of it as of that, is taken at its word.
	honest := func(first bool, others float64) (clips []answered) {
		for i := range 8 {
			p := 0.75
			if i%4 == 3 {
				p = 0.25
			}
			pair := [2]float64{p, others}
			if !first {
				pair = [2]float64{others, p}
			}
			clips = append(clips, clip(0, pair[0], pair[1]), clip(1, 1-pair[0], 1-pair[1]))
		}
		return clips
	}
	for name, c := range map[string]struct {
		clips []answered
		want  Weights
	}{
		"crops alone know":                     {honest(true, 0.5), Weights{1, 0}},
		"the track alone knows":                {honest(false, 0.5), Weights{0.125, 1}},
		"the track is as often wrong as right": {append(honest(true, 0.9), honest(true, 0.1)...), Weights{1, 0}},
		"nothing is known":                     {nil, Weights{0.125, 0}},
	} {
		if got := weigh(c.clips); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if w := (Weights{0.5, 2}); w.check() != nil || !slices.Equal(w.pool([]float32{-1, -2}, []float64{-4, -3}), []float64{-8.5, -7}) {
		t.Errorf("%v: %v", w, w.pool([]float32{-1, -2}, []float64{-4, -3}))
	}
}

// TestNothingIsDecided wants no decision where no frame was asked about, as predict has none, and
// one by the mean of logarithms otherwise.
func TestNothingIsDecided(t *testing.T) {
	m := &Model{Classes: []string{"bird", "drone"}}
	for want, missed := range map[string]bool{"": true, "drone": false} {
		decided, err := m.decided(func(d *Decider) error {
			d.Add(&track.Point{Frame: 4, Missed: missed}, []float32{0.25, 0.75})
			return nil
		})
		if err != nil || decided.Decision != want || decided.Probabilities == nil || len(decided.Probabilities) == 0 != missed {
			t.Errorf("missed %t: %+v, error %v", missed, decided, err)
		}
	}
}
