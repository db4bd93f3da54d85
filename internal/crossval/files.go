package crossval

import (
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Files of the directory of a cross-validation, besides rundir.FoldsFile, run.env, the log,
// and the run directories of the folds.
const (
	ResultFile = "cv.json"
	planFile   = "plan.json"
)

// foldDir is the run directory of a fold, from 1.
func foldDir(dir string, number int) string { return filepath.Join(dir, foldName(number)) }

func foldName(number int) string { return fmt.Sprintf("fold-%d", number) }

// splitName is the file with the split list that a fold is begun with.
func splitName(number int) string { return fmt.Sprintf("split-%d.json", number) }

// Holds says whether dir is the directory of a cross-validation.
func Holds(dir string) bool { return fileio.Exists(filepath.Join(dir, rundir.FoldsFile)) }

const planSchema = 1

// plan is what a cross-validation is begun with, so that it goes on with nothing else.
type plan struct {
	Schema         int    `json:"schema"`
	FoldsSHA256    string `json:"folds_sha256"`
	SettingsSHA256 string `json:"settings_sha256"` // of run.env
	StartedIn      string `json:"started_in"`      // the way from the directory to the working directory, as in run.json
}

var planForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{planSchema}}

// readPlan reads plan and folds, and refuses folds and settings that are not those of the plan.
func readPlan(dir string) (*plan, *dataset.Folds, error) {
	var p plan
	if err := fileio.ReadJSON(filepath.Join(dir, planFile), &p, planForm); err != nil {
		return nil, nil, err
	}
	for _, f := range []struct{ name, want string }{{rundir.FoldsFile, p.FoldsSHA256}, {rundir.SettingsFile, p.SettingsSHA256}} {
		path := filepath.Join(dir, f.name)
		found, err := fileio.SHA256(path)
		if err != nil {
			return nil, nil, err
		}
		if found != f.want {
			return nil, nil, fmt.Errorf("%s has SHA-256 %s, %s names one with %s: the file was changed; restore it, or begin a new cross-validation", path, found, planFile, f.want)
		}
	}
	folds, err := dataset.ReadFolds(filepath.Join(dir, rundir.FoldsFile))
	return &p, folds, err
}

// errNone is the error of a folder that is given for a cross-validation and is none.
func errNone(dir string) error {
	return config.Usagef("%s is no cross-validation: it has no %s", dir, rundir.FoldsFile)
}
