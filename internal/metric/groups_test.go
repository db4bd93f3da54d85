package metric

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// grouped is an evaluation of clips of two classes, ten frames each, of which a network has
// either nine or two right.
func grouped(t *testing.T) *Evaluation {
	t.Helper()
	var probabilities []float32
	var labels, groups []int
	for clip := range 20 {
		for frame := range 10 {
			right := frame < 9
			if clip%5 == 4 {
				right = frame < 2
			}
			label := clip % 2
			row := []float32{0.25, 0.75}
			if right == (label == 0) {
				row = []float32{0.75, 0.25}
			}
			probabilities, labels, groups = append(probabilities, row...), append(labels, label), append(groups, clip)
		}
	}
	e, err := Evaluate(probabilities, labels, []string{"bird", "drone"})
	if err != nil {
		t.Fatal(err)
	}
	e.ByGroups(groups, probabilities, labels)
	return e
}

func TestIntervalsByGroups(t *testing.T) {
	e := grouped(t)
	if e.Correct != 16*9+4*2 || e.Groups() != 20 || e.IntervalWords() != "95 % interval by 20 groups" {
		t.Fatalf("%d right in %d groups, %q", e.Correct, e.Groups(), e.IntervalWords())
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	// Wilson's interval, as if frames were independent, is half as wide.
	wilson := Wilson(e.Correct, e.Examples)
	if wide, narrow := e.AccuracyInterval.High-e.AccuracyInterval.Low, wilson.High-wilson.Low; wide < 1.8*narrow {
		t.Errorf("interval by groups %v, want much wider than %v", e.AccuracyInterval, wilson)
	}
	// Golden: the intervals are part of what verification compares.
	if diff := cmp.Diff([]Interval{{0.62, 0.865}, {0.55, 0.9}, {0.55, 0.9}}, []Interval{e.AccuracyInterval, *e.PerClass[0].Interval, *e.PerClass[1].Interval}); diff != "" {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
}

// TestIntervalByGroupsCovers checks that of intervals of samples drawn from a population of
// clips, nearly 95 % hold its accuracy.
func TestIntervalByGroupsCovers(t *testing.T) {
	const samples, clips = 200, 60
	covered := 0
	for sample := range samples {
		s := rng.NewKey(uint64(sample), rng.TestPurpose).Stream(0, 0, 0)
		groups := make([]share, clips)
		for i := range groups {
			p := float32(0.9) // of a clip that is understood; of every fourth one not
			if s.Bool(0.25) {
				p = 0.3
			}
			groups[i].examples = 5 + s.IntN(20)
			for range groups[i].examples {
				if s.Bool(p) {
					groups[i].correct++
				}
			}
		}
		if in := intervalByGroups(groups, 0); in.Low <= 0.75 && in.High >= 0.75 {
			covered++
		}
	}
	if covered < samples*90/100 || covered > samples*99/100 {
		t.Errorf("%d of %d intervals hold the true accuracy, want about 95 %%", covered, samples)
	}
}

func TestIntervalsOfFewGroups(t *testing.T) {
	for name, c := range map[string]struct {
		groups []share
		want   Interval
	}{
		"one":       {[]share{{100, 70}}, Interval{0, 1}},
		"all right": {[]share{{100, 100}, {50, 50}, {1, 1}}, Wilson(3, 3)},
		"all wrong": {[]share{{100, 0}, {50, 0}}, Wilson(0, 2)},
		"two":       {[]share{{10, 10}, {10, 0}}, Interval{0, 1}},
	} {
		if got := intervalByGroups(c.groups, 0); got != c.want {
			t.Errorf("%s: interval %v, want %v", name, got, c.want)
		}
	}
}

// TestIntervalOfManyGroups compares the formula with the bootstrap.
func TestIntervalOfManyGroups(t *testing.T) {
	groups := make([]share, mostDrawn)
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	for i := range groups {
		groups[i].examples = 1 + s.IntN(9)
		groups[i].correct = s.IntN(groups[i].examples + 1)
	}
	drawn := intervalByGroups(groups, 0)
	many := intervalByGroups(append(slices.Clone(groups), share{1, 1}), 0)
	if math.Abs(drawn.Low-many.Low) > 0.001 || math.Abs(drawn.High-many.High) > 0.001 {
		t.Errorf("interval %v by draws, %v by the formula", drawn, many)
	}
}

func TestGroupedEvaluationIsReadAgain(t *testing.T) { readAgain(t, grouped(t)) }

// readAgain writes an evaluation, reads it, and computes it again from what it was made of.
func readAgain(t *testing.T, e *Evaluation) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.json")
	if err := fileio.WriteJSON(path, e); err != nil {
		t.Fatal(err)
	}
	read, err := ReadEvaluation(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, read); diff != "" {
		t.Errorf("read something else (-want +got):\n%s", diff)
	}
	made, err := read.Recomputed()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, made); diff != "" {
		t.Errorf("computed again, it is something else (-want +got):\n%s", diff)
	}
}

func TestGroupedEvaluationRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(e *Evaluation)
		want   string
	}{
		"Wilson's interval":  {func(e *Evaluation) { e.AccuracyInterval = Wilson(e.Correct, e.Examples) }, "the accuracy is not that of the confusion matrix"},
		"a class's":          {func(e *Evaluation) { i := Wilson(76, 100); e.PerClass[1].Interval = &i }, `the figures of class "drone"`},
		"no counts":          {func(e *Evaluation) { e.GroupCounts = nil }, "group_counts: they are in evaluations of schema 3 and above, and always there"},
		"schema":             {func(e *Evaluation) { e.Schema = Schema }, "group_counts: they are in evaluations of schema 3"},
		"another count":      {func(e *Evaluation) { e.GroupCounts[3][3]-- }, `group_counts: those of class "drone" are not those of the confusion matrix`},
		"a gap":              {func(e *Evaluation) { e.GroupCounts[19][0]++ }, "group_counts[19] does not come after"},
		"order":              {func(e *Evaluation) { e.GroupCounts[0], e.GroupCounts[1] = e.GroupCounts[1], e.GroupCounts[0] }, "group_counts[0] does not come after"},
		"no class":           {func(e *Evaluation) { e.GroupCounts[0][1] = 2 }, "group_counts[0] is of class 2, want 0 to 1"},
		"more right":         {func(e *Evaluation) { e.GroupCounts[0][3] = 11 }, "counts 11 right of 10 examples"},
		"three numbers":      {func(e *Evaluation) { e.GroupCounts[0] = e.GroupCounts[0][:3] }, "group_counts[0] has 3 numbers"},
		"a class far beyond": {func(e *Evaluation) { e.GroupCounts[0][1] = -1 }, "group_counts[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			e := grouped(t)
			c.change(e)
			if err := e.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestErrorByGroups checks that groups of equal images widen the interval of the error as if
// there were one image of each.
func TestErrorByGroups(t *testing.T) {
	var scores, once []float32
	var groups []int
	for group := range 12 {
		once = append(once, 0.01*float32(group%5)+0.02)
		for range 4 {
			scores, groups = append(scores, once[group]), append(groups, group)
		}
	}
	r, err := EvaluateScores(scores)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := EvaluateScores(once)
	if err != nil {
		t.Fatal(err)
	}
	narrow := *r.ErrorInterval
	r.ByGroups(groups, scores)
	if math.Abs(r.ErrorInterval.Low-alone.ErrorInterval.Low) > 1e-12 || r.ErrorInterval.High-r.ErrorInterval.Low < 1.9*(narrow.High-narrow.Low) {
		t.Errorf("interval %v, want that of one image of each group, %v, and not %v", *r.ErrorInterval, *alone.ErrorInterval, narrow)
	}
	path := filepath.Join(t.TempDir(), "test.json")
	if err := fileio.WriteJSON(path, r); err != nil {
		t.Fatal(err)
	}
	read, err := ReadReconstruction(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, read); diff != "" || !strings.Contains(read.Table(), "95 % interval by 12 groups") {
		t.Errorf("read something else (-want +got):\n%s\n%s", diff, read.Table())
	}
	for _, change := range []func(r *Reconstruction){
		func(r *Reconstruction) { r.ErrorGroups = 0 },
		func(r *Reconstruction) { r.Schema = Schema },
		func(r *Reconstruction) { r.ErrorGroups = 1 },
		func(r *Reconstruction) { r.ErrorGroups = 49 },
	} {
		changed := *r
		if change(&changed); changed.Check() == nil {
			t.Errorf("%d groups in schema %d are no error", changed.ErrorGroups, changed.Schema)
		}
	}
	r.ByGroups(make([]int, len(scores)), scores)
	if err := r.Check(); err != nil || r.ErrorInterval != nil {
		t.Errorf("one group: interval %v, %v; want none", r.ErrorInterval, err)
	}
}
