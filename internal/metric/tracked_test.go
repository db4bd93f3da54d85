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
			c := &TrackedClip{Clip: string(rune('a' + i)), Class: class, Frames: 9, Found: 8}
			c.Decide(classes, []float32{0.5, 0.5})
			if i == 2 {
				c.Decide(classes, []float32{0.25, 0.75})
			}
			r.Each = append(r.Each, c)
		}
		r.SumUp(classes)
		return r
	}
	r := made()
	if r.Clips != 3 || r.Correct != 2 || r.Interval != Wilson(2, 3) || !slices.Equal(r.Confusion[1], []int{1, 1}) {
		t.Errorf("%+v", r)
	}
	if empty := (&TrackedClips{}); true {
		if empty.SumUp(classes); empty.Interval != (Interval{0, 1}) || empty.Accuracy != 0 {
			t.Errorf("of no clips: %+v", empty)
		}
	}
	path := filepath.Join(t.TempDir(), "clips.json")
	for want, change := range map[string]func(*TrackedClips){
		"":                       func(*TrackedClips) {},
		"each[1].class":          func(r *TrackedClips) { r.Each[1].Class = "plane" },
		"each[2].decision":       func(r *TrackedClips) { r.Each[2].Decision = "bird" },
		"each[0].probabilities:": func(r *TrackedClips) { r.Each[0].Probabilities = []float32{1} },
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
