package crossval_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/crossval"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestControlsOfClips pools the figures of clips and their controls, and says of scenes whether
// the folds keep them apart.
func TestControlsOfClips(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	data := filepath.Join(dir, "clips")
	runtest.DrawClips(t, data)
	for _, group := range []string{"clip", "scene"} {
		s := runtest.MustResolve(t, "output-dir="+filepath.Join(dir, group), "dataset=clips", "data-dir="+data, "dataset-options=minimum=12,margin=2,group="+group,
			"image-size=12", "model=linear", "epochs=2", "batch-size=8", "workers=1", "visualizations=none")
		cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 2})
		if err != nil {
			t.Fatalf("group=%s: %v", group, err)
		}
		p := cv.Result.Pooled
		if p.Clips == nil || p.Clips.Clips.Count != 12 || p.Controls == nil || p.Controls.Painted == nil || p.Controls.Backdrops.Clips.Count != 12 || p.LeftOut != "" {
			t.Fatalf("group=%s: pooled %+v", group, p)
		}
		if unseen := p.Clips.Unseen; group == "scene" && (p.Clips.Seen != nil || unseen.Count != 12) {
			t.Errorf("scenes are kept apart, and %+v are unseen", unseen)
		}
		checkTracked(t, cv)
		for _, words := range []string{"clips of scenes not seen", "nearest backdrop alone", "targets painted over", "found without labelled boxes", "targets found in 12 clips, 372 frames"} {
			if !strings.Contains(cv.Table(), words) {
				t.Errorf("the table lacks %q:\n%s", words, cv.Table())
			}
		}
		opened, err := crossval.Open(cv.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cv.Result, opened.Result); diff != "" {
			t.Errorf("read something else (-want +got):\n%s", diff)
		}
	}
}

// TestFewGroups has folds whose training parts have different numbers of groups, and so divides
// these into different numbers of folds for the decision on tracks.
func TestFewGroups(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	data := filepath.Join(dir, "clips")
	for class, name := range []string{"bird", "drone"} {
		for n := range 5 {
			runtest.DrawClip(t, filepath.Join(data, name, fmt.Sprint(n)), class, 10*n+class, 3+n)
		}
	}
	s := runtest.MustResolve(t, "output-dir="+filepath.Join(dir, "cv"), "dataset=clips", "data-dir="+data, "dataset-options=minimum=12,margin=2",
		"image-size=12", "model=linear", "epochs=1", "batch-size=8", "workers=1", "visualizations=none", "controls=off", "decision-folds=20", "split-ratio=60/20/20")
	cv, err := crossval.Run(t.Context(), runtest.Quiet(), s, crossval.Request{Folds: 3})
	if err != nil {
		t.Fatal(err)
	}
	folds := map[int]bool{}
	for _, f := range cv.Folds {
		folds[f.Record.Identity.DecisionFolds] = true
	}
	if len(folds) < 2 || cv.Result.Tracked.Clips != 10 {
		t.Errorf("the folds have %v folds for the decision, want different numbers; pooled %+v", folds, cv.Result.Tracked)
	}
}

// checkTracked adds up by hand what the folds say of targets that they find themselves, and wants
// every clip counted once.
func checkTracked(t *testing.T, cv *crossval.CrossValidation) {
	t.Helper()
	var clips, correct, targets, first, onTrack, best, alarms int
	confusion := [2][2]int{}
	for _, f := range cv.Folds {
		clips, correct = clips+f.Tracked.Clips, correct+f.Tracked.Correct
		for a, row := range f.Tracked.Confusion {
			for b, n := range row {
				confusion[a][b] += n
			}
		}
		all := f.Detection.All
		targets, first, onTrack, best = targets+all.Targets, first+all.First.Count, onTrack+all.Track.Count, best+all.Best.Count
		if f.Detection.Threshold != nil {
			alarms += f.Detection.Threshold.Alarms
		}
	}
	r := cv.Result.Tracked
	if r == nil || r.Clips != 12 || clips != 12 || r.Correct != correct || len(r.Methods) == 0 || r.Interval.Low >= r.Interval.High {
		t.Fatalf("pooled %+v, want %d right of 12 clips", r, correct)
	}
	for a := range confusion {
		if !slices.Equal(confusion[a][:], r.Confusion[a]) {
			t.Errorf("row %d of the confusion is %v, want %v", a, r.Confusion[a], confusion[a])
		}
	}
	d := cv.Result.Detection
	if d == nil || d.All.Targets != targets || d.All.First.Count != first || d.All.Track.Count != onTrack || d.All.Best.Count != best || d.All.First.Interval == nil || len(d.PerClass) != 2 {
		t.Fatalf("pooled %+v, want %d targets, of which %d, %d and %d are found", d, targets, first, onTrack, best)
	}
	if d.At != nil && d.At.Alarms != alarms {
		t.Errorf("%d false alarms, want %d", d.At.Alarms, alarms)
	}
	for line := range strings.Lines(cv.Table()) {
		if metric.Columns(strings.TrimSuffix(line, "\n")) > 80 && !strings.Contains(line, "On all folds") {
			t.Errorf("a line of the table is too long: %s", line)
		}
	}
}
