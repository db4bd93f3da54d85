package metric

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ofClips is an evaluation of six clips in four scenes: of each four frames, and one of
// background. Scene 0 has three clips, one of each class and one that is mistaken.
func ofClips(t *testing.T) *Evaluation {
	t.Helper()
	yes, no := true, false
	lines := []ClipLine{
		{Clip: "a", Scene: "a", Group: 0, Class: 0, Seen: &yes}, {Clip: "b", Scene: "a", Group: 1, Class: 1, Seen: &yes},
		{Clip: "c", Scene: "a", Group: 2, Class: 1, Seen: &yes}, {Clip: "d", Scene: "d", Group: 3, Class: 0, Seen: &no},
		{Clip: "e", Scene: "e", Group: 4, Class: 1, Seen: &no}, {Clip: "f", Scene: "f", Group: 5, Class: 1, Seen: &no},
	}
	var probabilities []float32
	var labels, groups, of []int
	add := func(clip, label int, row ...float32) {
		probabilities, labels, groups = append(probabilities, row...), append(labels, label), append(groups, lines[clip].Group)
		of = append(of, clip)
		if label == 2 {
			of[len(of)-1] = -1
		}
	}
	for clip, line := range lines {
		for frame := range 4 {
			row := []float32{0.25, 0.5, 0.25}
			if line.Class == 0 {
				row = []float32{0.5, 0.25, 0.25}
			}
			switch {
			case clip == 2: // one frame is certain, and the other three are taken for background
				row = []float32{0.1, 0.3, 0.6}
				if frame == 0 {
					row = []float32{0.9990234375, 0.00048828125, 0.00048828125}
				}
			case clip == 4 && frame < 2: // two of four are wrong, the others surer
				row = []float32{0.4375, 0.3125, 0.25}
			}
			add(clip, line.Class, row...)
		}
		add(clip, 2, 0.1, 0.1, 0.8)
	}
	e, err := Evaluate(probabilities, labels, []string{"bird", "drone", "background"})
	if err != nil {
		t.Fatal(err)
	}
	e.ByGroups(groups, probabilities, labels)
	e.ByClips(lines, of, []bool{true, true, false}, probabilities, labels)
	return e
}

func TestFiguresOfClips(t *testing.T) {
	e := ofClips(t)
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	f := e.Clips
	type counts struct{ Count, Correct int }
	got := []counts{{f.Frames.Count, f.Frames.Correct}, {f.Clips.Count, f.Clips.Correct}, {f.Seen.Count, f.Seen.Correct}, {f.Unseen.Count, f.Unseen.Correct}}
	if diff := cmp.Diff([]counts{{24, 18}, {6, 5}, {3, 2}, {3, 3}}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if want := (2.0/3 + 1 + 1 + 1) / 4; f.Scenes.Count != 4 || f.Scenes.Accuracy < want-1e-12 || f.Scenes.Accuracy > want+1e-12 {
		t.Errorf("%d scenes, mean %v, want 4 and %v", f.Scenes.Count, f.Scenes.Accuracy, want)
	}
	if diff := cmp.Diff([][]int{{0, 0, 2}, {1, 0, 1}, {1, 1, 3}}, f.Confusion); diff != "" {
		t.Errorf("confusion by clip (-want +got):\n%s", diff)
	}
	// Golden: verification compares the intervals.
	if diff := cmp.Diff([]Interval{{0.4166666666666667, 1}, {0.5, 1}, {0.75, 1}, {0, 1}, Wilson(3, 3)}, []Interval{f.Frames.Interval, f.Clips.Interval, f.Scenes.Interval, f.Seen.Interval, f.Unseen.Interval}); diff != "" {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
	for _, want := range []string{"clips of scenes not seen                  3 100.00 %", "clips of drone taken for bird: 1"} {
		if !strings.Contains(e.Table(), want) {
			t.Errorf("the table lacks %q:\n%s", want, e.Table())
		}
	}
	for line := range strings.SplitSeq(e.Table(), "\n") {
		if Columns(line) > 80 {
			t.Errorf("a line of over 80 columns: %s", line)
		}
	}
}

func TestClipsAreReadAgain(t *testing.T) { readAgain(t, ofClips(t)) }

func TestClipsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(e *Evaluation)
		want   string
	}{
		"none":           {func(e *Evaluation) { e.Clips = nil }, "clips: they are in evaluations of schema 4"},
		"schema":         {func(e *Evaluation) { e.Schema = GroupedSchema }, "clips: they are in evaluations of schema 4"},
		"a count":        {func(e *Evaluation) { e.Clips.Clips.Correct++ }, "are not those of the clips"},
		"an interval":    {func(e *Evaluation) { e.Clips.Scenes.Interval.Low = 0 }, "are not those of the clips"},
		"no unseen":      {func(e *Evaluation) { e.Clips.Unseen = nil }, "are not those of the clips"},
		"another seen":   {func(e *Evaluation) { *e.Clips.Each[3].Seen = true }, "are not those of the clips"},
		"another answer": {func(e *Evaluation) { e.Clips.Each[0].Decided = 1 }, "are not those of the clips"},
		"no class":       {func(e *Evaluation) { e.Clips.Each[0].Decided = 3 }, "want classes from 0 to 2"},
		"twice":          {func(e *Evaluation) { e.Clips.Each[1].Clip = "a" }, "want a clip with its scene and group, once"},
		"more examples":  {func(e *Evaluation) { e.Clips.Each[0].Examples = 5 }, "more examples than group_counts"},
		"empty":          {func(e *Evaluation) { e.Clips.Each = nil }, "each: it is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			e := ofClips(t)
			c.change(e)
			if err := e.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestPoolOfClips joins two folds that show one scene: clips stay apart, and the scene counts
// once.
func TestPoolOfClips(t *testing.T) {
	first, second := ofClips(t), ofClips(t)
	for i := range second.Clips.Each {
		second.Clips.Each[i].Clip += "2"
	}
	pooled, err := Pool([]*Evaluation{first, second})
	if err != nil {
		t.Fatal(err)
	}
	if err := pooled.Check(); err != nil {
		t.Fatal(err)
	}
	if f := pooled.Clips; f.Clips.Count != 12 || f.Scenes.Count != 4 || f.Each[6].Group != 6 || f.Unseen.Count != 6 {
		t.Errorf("%d clips, %d scenes, %d not seen", f.Clips.Count, f.Scenes.Count, f.Unseen.Count)
	}
}
