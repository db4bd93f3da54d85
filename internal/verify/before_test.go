package verify

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// madeBefore is the folder of runs and packages that a program made whose records are
// of schema 1; make.go in it says how.
const madeBefore = "testdata/before"

// TestMadeBefore verifies them: what was recorded once stays proof.
func TestMadeBefore(t *testing.T) {
	t.Parallel()
	runs, packages := archivesIn(t, "runs"), archivesIn(t, "packages")
	if len(runs) < 8 || len(packages) < 4 {
		t.Fatalf("%d runs and %d packages in %s", len(runs), len(packages), madeBefore)
	}
	for _, archive := range runs {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			runtest.Unpack(t, archive, dir)
			verifyMadeBefore(t, filepath.Join(dir, "run"))
		})
	}
	for _, archive := range packages {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			t.Parallel()
			if found, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: archive}); err != nil || found.First != nil || len(found.Unlisted) > 0 {
				t.Errorf("found %+v, error %v", found, err)
			}
			verifyMadeBefore(t, archive)
		})
	}
}

func archivesIn(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(madeBefore, folder, "*.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func verifyMadeBefore(t *testing.T, path string) {
	t.Helper()
	v, err := verified(t, Request{Path: path, Workers: 1})
	if err != nil || !v.Verified || v.Epochs != v.Recorded {
		t.Errorf("got %+v, error %v", v, err)
	}
}

// TestMadeBeforeChanged checks that records of schema 1 are compared as strictly as
// those of today.
func TestMadeBeforeChanged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, pattern, with string }{
		{"another ratio", rundir.RecordFile, `"ratio": \[\s*60,\s*20`, `"ratio": [50, 30`},
		{"an unknown key", rundir.RecordFile, `"schema": 1`, `"schema": 1, "decided": true`},
		{"another accuracy", "evaluation/test.json", `"correct": \d+`, `"correct": 59`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			runtest.Unpack(t, filepath.Join(madeBefore, "runs", "plain.tar.gz"), dir)
			run := filepath.Join(dir, "run")
			replaceIn(t, filepath.Join(run, test.file), test.pattern, test.with)
			if v, err := verified(t, Request{Path: run, Workers: 1}); !errors.Is(err, rundir.ErrDifference) {
				t.Errorf("got %+v, error %v", v, err)
			}
		})
	}
}

// TestFoldersMadeBefore has data that version 2 of the contract read as other classes and
// parts than version 3, or at all: its records are verified by its rules.
func TestFoldersMadeBefore(t *testing.T) {
	t.Parallel()
	for name, classes := range map[string][]string{
		"parts":      {"Train/a", "Train/b", "Test/a", "Test/b"},
		"alike":      {"Cat", "cat", "__MACOSX"},
		"same names": {"x/a", "x/b", "y/a", "y/b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := example{data: filepath.Join(t.TempDir(), "data"), run: filepath.Join(t.TempDir(), "run")}
			for class, folder := range classes {
				for i := range 12 {
					runtest.WriteImage(t, filepath.Join(e.data, folder, string(rune('a'+i))+".png"), class, i)
				}
			}
			s := exampleSettings(t, e, "output-dir="+e.run, "epochs=1")
			s.Contract = 2
			if _, err := pipeline.Train(t.Context(), runtest.Quiet(), s, ""); err != nil {
				t.Fatal(err)
			}
			if v, err := verified(t, Request{Path: e.run}); err != nil || !v.Verified {
				t.Errorf("got %+v, error %v", v, err)
			}
		})
	}
}
