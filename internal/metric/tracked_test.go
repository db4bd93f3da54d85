package metric

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

func TestTrackedClips(t *testing.T) {
	classes := []string{"bird", "drone"}
	made := func() *TrackedClips {
		r := &TrackedClips{Part: "test", Each: []*TrackedClip{}}
		for i, class := range []string{"bird", "drone", "drone"} {
			c := &TrackedClip{Clip: string(rune('a' + i)), Group: i, Class: class, Frames: 9, Found: 8}
			c.Decided, c.BoxesGiven = Decide(classes, []float32{0.5, 0.5}), Decide(classes, []float32{0.5, 0.5})
			if i == 2 {
				c.Decided = Decide(classes, []float32{0.25, 0.75})
			}
			r.Each = append(r.Each, c)
		}
		r.SumUp(classes)
		return r
	}
	r := made()
	if r.Clips != 3 || r.Correct != 2 || r.Interval != Wilson(2, 3) || !slices.Equal(r.Confusion[1], []int{1, 1}) ||
		r.BoxesGiven.Correct != 1 || r.BoxesGiven.Interval != Wilson(1, 3) || !slices.Equal(r.BoxesGiven.Confusion[1], []int{2, 0}) {
		t.Errorf("%+v", r)
	}
	if empty := (&TrackedClips{}); true {
		if empty.SumUp(classes); empty.Interval != (Interval{0, 1}) || empty.Accuracy != 0 {
			t.Errorf("of no clips: %+v", empty)
		}
	}
	path := filepath.Join(t.TempDir(), "clips.json")
	for want, change := range map[string]func(*TrackedClips){
		"":                                   func(*TrackedClips) {},
		"each[1].group is 2":                 func(r *TrackedClips) { r.Each[1].Group = 2 },
		"each[0].group is -1":                func(r *TrackedClips) { r.Each[0].Group = -1 },
		"each[1].class":                      func(r *TrackedClips) { r.Each[1].Class = "plane" },
		"each[2].decision":                   func(r *TrackedClips) { r.Each[2].Decision = "bird" },
		"each[0].probabilities:":             func(r *TrackedClips) { r.Each[0].Probabilities = []float32{1} },
		"each[0].boxes_given.probabilities:": func(r *TrackedClips) { r.Each[0].BoxesGiven.Probabilities = nil },
		"each[2].boxes_given.decision":       func(r *TrackedClips) { r.Each[2].BoxesGiven.Decision = "drone" },
		"each[1].decision: it is \"bird\"":   func(r *TrackedClips) { r.Each[1].Found = 0 },
		"each[1].decision: it is \"\"":       func(r *TrackedClips) { r.Each[1].Decision = "" },
		"each[0].probabilities: there are 0": func(r *TrackedClips) { r.Each[0].Probabilities = []float32{} },
		"each[0].decision: there is none":    func(r *TrackedClips) { r.DecisionSHA256, r.Each[0].Decided = "of a network", Decide(classes, nil) },
	} {
		r := made()
		change(r)
		if err := fileio.WriteJSON(path, r); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTracked(path, classes); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// TestUndecidedClips wants clips without a decision to count as wrong, and not as the first class.
func TestUndecidedClips(t *testing.T) {
	classes := []string{"bird", "drone"}
	r := &TrackedClips{Part: "test", Method: "m", Each: []*TrackedClip{}}
	for i, probabilities := range [][]float32{{0.75, 0.25}, nil, {0.25, 0.75}} {
		r.Each = append(r.Each, &TrackedClip{
			Clip: string(rune('a' + i)), Group: i, Class: "bird", Frames: 9, Found: len(probabilities),
			Decided: Decide(classes, probabilities), BoxesGiven: Decide(classes, []float32{1, 0}),
		})
	}
	r.SumUp(classes)
	if r.Clips != 3 || r.Correct != 1 || r.Undecided != 1 || r.Interval != Wilson(1, 3) || !slices.Equal(r.Confusion[0], []int{1, 1}) || r.BoxesGiven.Undecided != 0 {
		t.Errorf("%+v", r.TrackedFigures)
	}
	if text := r.UndecidedText(); !strings.HasSuffix(text, "wrong: 1") || r.BoxesGiven.UndecidedText() != "" {
		t.Errorf("in words: %q, and of clips that are all decided on %q", text, r.BoxesGiven.UndecidedText())
	}
	path := filepath.Join(t.TempDir(), "clips.json")
	if err := fileio.WriteJSON(path, r); err != nil {
		t.Fatal(err)
	}
	found, err := ReadTracked(path, classes)
	if err != nil {
		t.Fatal(err)
	}
	if pooled := PoolTracked([]*TrackedClips{found, found}, classes); pooled.Undecided != 2 || pooled.Correct != 2 {
		t.Errorf("pooled: %+v", pooled.TrackedFigures)
	}
}

// TestTrackedGroups wants intervals by groups where groups have several clips, and pools groups
// that have the same numbers as different ones.
func TestTrackedGroups(t *testing.T) {
	classes := []string{"bird", "drone"}
	made := func(right ...string) *TrackedClips { // groups of clips, one letter each
		r := &TrackedClips{Method: "m", Each: []*TrackedClip{}}
		for group, clips := range right {
			for _, is := range clips {
				c := &TrackedClip{Group: group, Class: "bird", Decided: Decide(classes, []float32{1, 0}), BoxesGiven: Decide(classes, []float32{1, 0})}
				if is == 'x' {
					c.Decision = "drone"
				}
				r.Each = append(r.Each, c)
			}
		}
		r.SumUp(classes)
		return r
	}
	scenes := made("rrrr", "xxxx", "rr", "x")
	if alone := Wilson(6, 11); scenes.Groups != 4 || scenes.Interval.Low >= alone.Low || scenes.Interval.High <= alone.High {
		t.Errorf("by %d groups %v, want 4 and an interval wider than that by clips, %v", scenes.Groups, scenes.Interval, alone)
	}
	want := intervalByGroups([]share{{4, 4}, {4, 0}, {2, 2}, {1, 0}}, useOfClips)
	if scenes.Interval != want || scenes.Text() != "54.55 % of 11 clips (95 % interval by 4 groups: "+want.Percent()+")" {
		t.Errorf("%s, want the interval %v", scenes.Text(), want)
	}
	pooled := PoolTracked([]*TrackedClips{made("rrrr", "xxxx"), made("rr", "x"), made()}, classes)
	if pooled.Interval != want || pooled.Correct != 6 || pooled.Method != "m" || !slices.Equal(pooled.Confused(), []Cell{{0, 1, 5}}) {
		t.Errorf("pooled %+v, want what all have together", pooled.TrackedFigures)
	}
	clips := PoolTracked([]*TrackedClips{made("r", "x"), made("r")}, classes)
	if clips.Groups != 0 || clips.Interval != Wilson(2, 3) || !strings.Contains(clips.Text(), "interval by clips") {
		t.Errorf("groups of one clip: %+v", clips.TrackedFigures)
	}
}
