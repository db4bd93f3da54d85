package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/crossval"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify"
)

func cvCommand() *command {
	var dir string
	var resume, asJSON bool
	var request crossval.Request
	return &command{
		use: "cv", short: "judge settings by cross-validation", group: groupStages,
		long: `Divides the data into folds, stratified and with groups whole, and trains a
model for each. A fold is scored once, by a model whose epoch was chosen on a
further part of the other folds: of these, --split-ratio divides training from
validation part. An official test part takes no part, unless --include-test
joins it. Each fold is a run directory, which 'verify' takes; it is no release.
cv.json has mean and spread over the folds, and all folds together with
intervals, which are by groups where the data has groups. With --sensor it has
the accuracy through the sensor at severities 0 to 5, too. On a terminal a table
is shown; elsewhere cv.json goes to the standard output. What was interrupted
goes on by --run DIR --resume.`,
		example: `  blocktrain cv --folds 5
  blocktrain cv --dataset folder --data-dir clips --dataset-options group=folder
  blocktrain cv --run runs/20260102-150405-digits-vgg-small-cv --resume
  blocktrain cv compare runs/before-cv runs/after-cv
  blocktrain cv verify runs/20260102-150405-digits-vgg-small-cv`,
		settings: func(o *config.Option) bool { return o.Group != "Release" && o.Name != "split" }, recorded: &dir,
		own: func(o *config.Options) {
			o.Int(&request.Folds, "folds", 5, "folds that the data is divided into", config.Between(2, dataset.MostFolds))
			o.Bool(&request.IncludeTest, "include-test", false, "divide the official test part like the rest")
			o.String(&dir, "run", "", "directory of the cross-validation to continue")
			o.Bool(&resume, "resume", false, "continue the cross-validation in --run DIR")
			declareJSON(o, &asJSON)
		},
		run: func(ctx context.Context, c *call) error {
			c.showsTables(asJSON)
			switch {
			case dir != "" && !resume:
				return config.Usagef("--run names an existing cross-validation: want --resume to continue it, or --output-dir for a new one")
			case dir == "" && resume:
				return config.Usagef("--resume needs --run DIR")
			case resume && (c.origins["folds"] == config.OriginFlag || c.origins["include-test"] == config.OriginFlag):
				return config.Usagef("--folds and --include-test are for a new cross-validation: an existing one keeps its folds")
			case resume:
				return c.printCV(crossval.Resume(ctx, c.env, c.settings, dir))
			}
			return c.printCV(crossval.Run(ctx, c.env, c.settings, request))
		},
		children: []*command{cvCompareCommand(), cvVerifyCommand()},
	}
}

// printCV prints the result of a cross-validation.
func (c *call) printCV(cv *crossval.CrossValidation, err error) error {
	switch {
	case err != nil:
		return err
	case cv.Plan != "":
		fmt.Fprint(c.stdout, cv.Plan)
		return nil
	case c.env.ShowsResults:
		c.print(cv.Table())
		return nil
	}
	return c.printFile(filepath.Join(cv.Dir, crossval.ResultFile))
}

func cvVerifyCommand() *command {
	var request verify.Request
	var asJSON bool
	return &command{
		flagsAlone: true,
		use:        "verify DIR", short: "compare cv.json with the folds, and train each fold again",
		long: `Computes cv.json again from the folds' runs and compares it, divides the data
again, and does for each fold what 'blocktrain verify' does. It ends at the
first difference: exit code 4. Of the settings of the environment and of .env,
only --workers, --data-mode, --memory and --json count.`,
		example: `  blocktrain cv verify runs/20260102-150405-digits-vgg-small-cv
  blocktrain cv verify runs/cv --data-dir data --json`,
		own: func(o *config.Options) {
			o.Words(&request.DataDirs, "data-dir", "", "folder of the data, DIR or NAME=DIR; empty: where the record has it")
			o.FromFlags()
			o.Choice(&request.DataMode, "data-mode", settings.DataAuto, settings.DataModeDoc, settings.DataModes()...)
			o.String(&request.Memory, "memory", "", "most memory for images in RAM mode, such as 8GB or 500MB; empty: half of the machine's", settings.IsMemory)
			o.Int(&request.Workers, "workers", 0, "goroutines that compute; 0: one per core", config.Between(0, 1024))
			o.Bool(&asJSON, "json", false, "print the result as JSON")
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one directory of a cross-validation, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			request.Path = c.args[0]
			found, err := crossval.Verify(ctx, c.env, request)
			switch {
			case found == nil:
			case asJSON:
				err = errors.Join(err, writeJSON(c.stdout, found))
			default:
				for _, fold := range found.Folds {
					c.print(fold.Text())
				}
				if found.Verified {
					c.print(found.Table)
				}
			}
			return err
		},
	}
}

func cvCompareCommand() *command {
	var asJSON bool
	return &command{
		flagsAlone: true,
		use:        "compare BASELINE CANDIDATE", short: "compare two cross-validations over the same folds",
		long: `Compares the accuracy of two cross-validations over the same examples and folds.
Both judged every example, so that examples are paired: the difference is the
candidate's accuracy less the baseline's, with a 95 % interval by the bootstrap
over groups, for examples and for clips. Where both have the curve of the same
sensor they are compared at each severity, too. Cross-validations of other data,
folds or classes are refused. Differences are in points of percent.`,
		example: `  blocktrain cv compare runs/before-cv runs/after-cv
  blocktrain cv compare runs/before-cv runs/after-cv --json`,
		own: func(o *config.Options) {
			o.FromFlags()
			o.Bool(&asJSON, "json", false, "print the result as JSON")
		},
		args: func(args []string) error {
			if len(args) != 2 {
				return config.Usagef("want two directories of cross-validations, got %d arguments", len(args))
			}
			return nil
		},
		run: func(_ context.Context, c *call) error {
			found, err := crossval.Compare(c.args[0], c.args[1])
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(c.stdout, found)
			}
			c.print(found.Table())
			return nil
		},
	}
}
