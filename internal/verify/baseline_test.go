package verify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// judged repeats the gate of an example against a baseline.
func judged(t *testing.T, e example, baseline string) (*criterion.Release, error) {
	t.Helper()
	s := exampleSettings(t, e, "baseline="+baseline, "overwrite-release=true")
	_, err := pipeline.Gate(t.Context(), runtest.Quiet(), s, e.run)
	if err != nil && !errors.Is(err, rundir.ErrRefused) {
		return nil, err
	}
	release, err := criterion.ReadRelease(filepath.Join(e.run, rundir.ReleaseFile))
	if err != nil {
		t.Fatal(err)
	}
	return release, nil
}

// TestBaselineIsAnother checks that no run is compared with itself, in whatever
// folder it lies, and that one of the same weights can be the baseline of another.
func TestBaselineIsAnother(t *testing.T) {
	e := makeExample(t)
	for _, path := range []string{e.run, e.pack, runtest.Copied(t, e.run), runtest.Copied(t, e.pack)} {
		_, err := judged(t, e, path)
		var usage *config.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "is this run itself") {
			t.Errorf("%s: error %v", path, err)
		}
	}
	rebuilt := runtest.Copied(t, e.pack)
	replaceIn(t, filepath.Join(rebuilt, rundir.RecordFile), `"started": "\d`, `"started": "1`)
	listAnew(t, rebuilt)
	release, err := judged(t, e, rebuilt)
	if err != nil || !release.Approved || release.Baseline.Unknown {
		t.Errorf("got %+v, error %v", release, err)
	}
	replaceIn(t, filepath.Join(rebuilt, rundir.SplitFile), `"seed": 1`, `"seed": 2`)
	listAnew(t, rebuilt)
	if _, err := judged(t, e, rebuilt); err == nil || !strings.Contains(err.Error(), "the run.json beside it names a list with") {
		t.Errorf("with another split list the error is %v", err)
	}
	replaceIn(t, filepath.Join(rebuilt, rundir.RecordFile), `"training": \{[^}]*\},`, "")
	listAnew(t, rebuilt)
	if _, err := judged(t, e, rebuilt); err == nil || !strings.Contains(err.Error(), "has not been trained to its end") {
		t.Errorf("without a finished training the error is %v", err)
	}
}

// TestBaselineSawTheTestPart checks that images of the test part are found in the
// training part of a baseline although its dataset as a whole is another, and that
// it is said where that cannot be found out.
func TestBaselineSawTheTestPart(t *testing.T) {
	earlier := makeExample(t)
	grown := runtest.Copied(t, earlier.data)
	runtest.WriteImage(t, filepath.Join(grown, "class0/99.png"), 0, 60)
	e := makeExample(t, "data-dir="+grown, "split-seed=7")
	e.data = grown
	release, err := judged(t, e, earlier.pack)
	if err != nil || release.Approved || release.Baseline.TrainedOn == 0 {
		t.Errorf("got %+v, error %v", release, err)
	}
	if err := os.Rename(earlier.data, earlier.data+".moved"); err != nil {
		t.Fatal(err)
	}
	release, err = judged(t, e, earlier.pack)
	if err != nil || !release.Baseline.Unknown || !strings.Contains(release.Criteria[len(release.Criteria)-1].Reason, "is not known") {
		t.Errorf("got %+v, error %v", release, err)
	}
}
