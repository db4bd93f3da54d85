package verify

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestGroupedRun verifies a run of clips, whose intervals are by groups, and finds counts of
// groups that were made up together with the intervals that follow from them.
func TestGroupedRun(t *testing.T) {
	dir := t.TempDir()
	e := example{run: filepath.Join(dir, "run"), data: filepath.Join(dir, "data")}
	for class := range 2 {
		for clip := range 10 {
			for frame := range 3 {
				runtest.WriteImage(t, filepath.Join(e.data, fmt.Sprint(class), fmt.Sprintf("clip%d%d_%d.png", class, clip, frame)), class, 3*clip+frame)
			}
		}
	}
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), exampleSettings(t, e, "output-dir="+e.run, "dataset-options=group=prefix:_", "epochs=1")); err != nil {
		t.Fatal(err)
	}
	checkVerified(t, e.run)
	for _, name := range []string{rundir.CardFile, rundir.ReportFile} {
		if text := readText(t, filepath.Join(e.run, name)); !strings.Contains(text, "95 % interval by groups") || strings.Contains(text, "Wilson") {
			t.Errorf("%s does not say that intervals are by groups", name)
		}
	}
	checkBaselineByGroups(t, e)
	path := filepath.Join(e.run, rundir.EvaluationDir, "validation")
	found, err := metric.ReadEvaluation(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if found.Groups() < 2 {
		t.Fatalf("%d groups", found.Groups())
	}
	// As if the last two groups were one.
	last := found.GroupCounts[len(found.GroupCounts)-1]
	before := found.GroupCounts[len(found.GroupCounts)-2]
	if before[1] == last[1] {
		found.GroupCounts = found.GroupCounts[:len(found.GroupCounts)-1]
		before[2], before[3] = before[2]+last[2], before[3]+last[3]
	} else {
		last[0] = before[0]
	}
	forged, err := found.Recomputed()
	if err != nil {
		t.Fatal(err)
	}
	if err := fileio.WriteJSON(path+".json", forged); err != nil {
		t.Fatal(err)
	}
	for _, table := range forged.Tables() {
		if err := fileio.WriteAtomic(path+table.Suffix, table.Write); err != nil {
			t.Fatal(err)
		}
	}
	sealFiles(t, e.run)
	if v, err := verified(t, Request{Path: e.run}); !errors.Is(err, rundir.ErrDifference) || v.FirstDifference == nil || !strings.HasPrefix(v.FirstDifference.File, "evaluation/validation") {
		t.Errorf("error %v, %+v; want a difference in the evaluation of the validation part", err, v.FirstDifference)
	}
}

// checkBaselineByGroups compares a run with one of other weights, by groups, and verifies the
// decision.
func checkBaselineByGroups(t *testing.T, e example) {
	t.Helper()
	judgedRun := e.run + "-judged"
	s := exampleSettings(t, e, "output-dir="+judgedRun, "dataset-options=group=prefix:_", "epochs=1", "seed=7", "split="+filepath.Join(e.run, rundir.SplitFile), "baseline="+e.run)
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), s); err != nil && !errors.Is(err, rundir.ErrRefused) {
		t.Fatal(err)
	}
	decided, err := criterion.ReadRelease(filepath.Join(judgedRun, rundir.ReleaseFile))
	if err != nil {
		t.Fatal(err)
	}
	b := decided.Baseline
	if b == nil || b.TrainedOn != 0 || b.Comparison.Groups == nil {
		t.Fatalf("baseline %+v", b)
	}
	if reason := decided.Of("no_regression").Reason; !strings.Contains(reason, "95 % interval by ") || strings.Contains(reason, "independent") {
		t.Errorf("the reason does not say that it is by groups: %s", reason)
	}
	checkVerified(t, judgedRun)
}
