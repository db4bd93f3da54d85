package clipstat

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// fake is a dataset of two examples of each clip.
type fake struct{ list []*dataset.Clip }

func (f *fake) Len() int { return 2 * len(f.list) }
func (f *fake) Info(i int) dataset.Info {
	return dataset.Info{Place: &dataset.Place{Clip: f.list[i/2]}}
}
func (f *fake) Source(i int) string            { return fmt.Sprint(f.list[i/2].Source, "#", i%2) }
func (*fake) Image(int) (imaging.Image, error) { return imaging.New(1, 1, 1), nil }
func (*fake) Classes() []string                { return []string{"bird", "drone"} }
func (*fake) Digest() string                   { return "" }
func (f *fake) split(test ...int) *dataset.Split {
	s := &dataset.Split{}
	for i := range f.Len() {
		s.Train = append(s.Train, i)
	}
	if len(test) > 0 {
		s.Train, s.Test = s.Train[:2*test[0]], s.Train[2*test[0]:]
	}
	return s
}

// add adds a clip of 11 frames whose backdrop is a cosine wave of the scene's number.
func (f *fake) add(source, class string, scene int) *dataset.Clip {
	c := &dataset.Clip{Source: source, Class: class, Scene: fmt.Sprint("scene", scene), Summary: &clips.Summary{Frames: 11, Width: 10, Height: 10}}
	for i := range c.Backdrop {
		c.Backdrop[i] = 1000
		if i>>scene&1 == 1 {
			c.Backdrop[i] += 100 + uint16(len(f.list))
		}
	}
	c.Measures = clips.Measures{Entries: 11, Labelled: 11, Present: 11, Unchanged: 990, Frames: 1, Level: 100 * 256}
	f.list = append(f.list, c)
	return c
}

// planted has two scenes with several clips, one of which has two classes, and labels of all
// kinds.
func planted() *fake {
	f := &fake{}
	f.add("a", "bird", 1).Measures.Repeated = 2
	f.add("b", "bird", 1).Measures.Unchanged = 1000
	short := f.add("c", "drone", 2)
	short.Measures.Entries, short.Measures.Missing, short.Measures.Labelled, short.Measures.Present = 5, 6, 5, 4
	short.Warnings = []string{"short"}
	long := f.add("d", "drone", 3)
	long.Measures.Entries, long.Measures.Shift = 12, 1
	f.add("e", "bird", 3).Unlabelled = true
	return f
}

func TestLook(t *testing.T) {
	f := planted()
	r := Look(Request{f, f.split(), []dataset.Part{dataset.PartTrain}})
	if r.Count != 5 || r.Scenes != 3 || r.Frames != 55 || r.Labelled != 38 || r.Present != 37 || r.Repeated != 2 {
		t.Errorf("%+v", r)
	}
	classes := []Class{{"bird", 3, 2, 33, 22, 22}, {"drone", 2, 2, 22, 16, 15}}
	if diff := cmp.Diff(classes, r.Classes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Labels{Agree: 3, Shifted: 1, Missing: 1, Unlabelled: 17}, r.Labels); diff != "" {
		t.Error(diff)
	}
	if e := r.Existence; e.Least != 0.8 || e.Median != 1 {
		t.Errorf("existence %+v", e)
	}
	if u := r.Unchanged; u.Least != 0.99 || u.Greatest != 1 || r.Level.Median != 100 {
		t.Errorf("unchanged %+v, level %+v", u, r.Level)
	}
	scenes := []Scene{{[]string{"a", "b"}, 2, []string{"bird"}}, {[]string{"d", "e"}, 2, []string{"bird", "drone"}}}
	if diff := cmp.Diff(scenes, r.Shared); diff != "" {
		t.Error(diff)
	}
	// Of the clips a and b the nearest is right; without their scene, none is like any.
	if diff := cmp.Diff(&Nearest{Clips: 5, Right: 2, Unseen: 0, Common: 3}, r.Nearest); diff != "" {
		t.Error(diff)
	}
	if c := r.Listed[2]; c.Source != "c" || c.Scene != 2 || c.Examples != 2 || len(c.Warnings) != 1 || c.Level != 100 || c.Unchanged != 0.99 {
		t.Errorf("clip %+v", c)
	}
	if len(r.Overlap) != 0 {
		t.Errorf("overlap with no part: %+v", r.Overlap)
	}
}

// TestOverlap wants a scene found that lies in two parts, and nothing else of the part that was
// not asked for.
func TestOverlap(t *testing.T) {
	f := planted()
	one := []dataset.Part{dataset.PartTrain}
	r := Look(Request{f, f.split(4), one})
	want := []Overlap{{"train", "test", 1, 4, []Shared{{"d", "e"}}}}
	if diff := cmp.Diff(want, r.Overlap); diff != "" {
		t.Error(diff)
	}
	last := f.list[4]
	last.Frames, last.Measures, last.Class, last.Warnings = 99, clips.Measures{Repeated: 7}, "other", []string{"other"}
	if diff := cmp.Diff(r, Look(Request{f, f.split(4), one})); diff != "" {
		t.Errorf("the report says something of the other part: %s", diff)
	}
	both := Look(Request{f, f.split(4), []dataset.Part{dataset.PartTrain, dataset.PartTest}})
	if len(both.Overlap) != 2 || both.Overlap[1].Clips != 1 || both.Overlap[1].Of != 1 || both.Count != 5 {
		t.Errorf("both parts: %+v", both.Overlap)
	}
	if r := Look(Request{f, f.split(), []dataset.Part{dataset.PartTest}}); r != nil {
		t.Errorf("of a part without clips: %+v", r)
	}
}
