package further

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// onClips is a run on drawn clips: so many folds for the decision on tracks.
func onClips(t *testing.T, folds int) *Run {
	t.Helper()
	return onClipsBy(t, folds, "minimum=12,margin=2")
}

func onClipsBy(t *testing.T, folds int, by string) *Run {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	runtest.DrawClips(t, filepath.Join(dir, "clips"))
	source, options, err := dataset.MakeDataset("clips", by)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), filepath.Join(dir, "clips"), dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Data: d, Split: &dataset.Split{Train: dataset.Official(d, dataset.PartTrain), Test: dataset.Official(d, dataset.PartTest)}, Record: &rundir.Record{}, Evaluated: true, Workers: 1}
	r.Record.Identity.DecisionFolds = folds
	r.Record.Identity.Model = rundir.ModuleNote{Name: "linear"}
	note := rundir.DatasetNote{}
	note.Name, note.Options = "clips", options
	r.Record.Identity.Datasets = []rundir.DatasetNote{note}
	return r
}

func TestWork(t *testing.T) {
	main := progress.Work{Epochs: 9, Train: 100, Validation: 20, After: 50}
	folds, painted := progress.Work{Epochs: 36, Train: 75, Validation: 20}, progress.Work{Epochs: 5, Train: 100, Validation: 20, After: 50}
	for _, c := range []struct {
		name      string
		folds     int
		evaluated bool
		leftOut   string
		want      []progress.Work
	}{
		{"a run", 4, true, "", []progress.Work{main, folds, painted}},
		{"training alone", 4, false, "", []progress.Work{main, folds}},
		{"without folds", 0, true, "", []progress.Work{main, painted}},
		{"without controls", 4, true, "--controls off was given", []progress.Work{main, folds}},
	} {
		r := onClips(t, c.folds)
		r.Evaluated, r.LeftOut = c.evaluated, c.leftOut
		if diff := cmp.Diff(c.want, r.Work(main)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestWorkOnWholeFrames counts the network on painted-over targets for them too.
func TestWorkOnWholeFrames(t *testing.T) {
	main := progress.Work{Epochs: 9, Train: 100, Validation: 20, After: 50}
	half := main
	half.Epochs = 5
	if diff := cmp.Diff([]progress.Work{main, half}, onClipsBy(t, 0, "crop=frame").Work(main)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFollowing counts how often the clips of each part are followed.
func TestFollowing(t *testing.T) {
	for _, c := range []struct {
		folds     int
		evaluated bool
		want      [3]int // training, validation, test
	}{{2, true, [3]int{1, 4, 3}}, {0, true, [3]int{0, 3, 3}}, {2, false, [3]int{1, 1, 0}}, {0, false, [3]int{}}} {
		for at, part := range []dataset.Part{dataset.PartTrain, dataset.PartValidation, dataset.PartTest} {
			if got := passes(part, c.folds, c.evaluated); got != c.want[at] {
				t.Errorf("%d folds, evaluated %t: clips of part %s are followed %d times, want %d", c.folds, c.evaluated, part, got, c.want[at])
			}
		}
	}
	r := onClips(t, 2)
	took, err := r.Following(t.Context())
	if err != nil || took <= 0 {
		t.Errorf("%v, error %v", took, err)
	}
	r.Record.Identity.DecisionFolds, r.Evaluated = 0, false
	if took, err := r.Following(t.Context()); err != nil || took != 0 {
		t.Errorf("nothing is followed, and that takes %v, error %v", took, err)
	}
}
