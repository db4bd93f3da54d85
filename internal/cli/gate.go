package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/settings"
)

func gateCommand() *command {
	var dir string
	var asJSON bool
	return &command{
		use: "gate", short: "decide whether a run's model may be released", group: groupStages,
		long: `Compares what was measured with the criteria. The exit code is 0 if the model is
approved and 3 if it is refused; a measurement that is missing refuses.

The decision changes the run: release.json, run.json, model card and report say
what was decided, when, by whom, and by which thresholds. A decision that comes
out as the last one did is that one, with its date. Another one is an error once
the model was packaged under its name and version: it takes another
--release-version, or --overwrite-release, which removes that package.
--dry-run says what the decision would be, with the same exit codes, and changes
no file, nor does it download data: to try other thresholds, use that.

The criterion onnx_agreement runs model.onnx, from the bytes that the package
will have, on the test part, and so may need the data. A package with another
operator set takes the same --exporters here and there.

Thresholds of flags are for this decision alone. Without them, those count that
the run was started with as flags, then the environment's and those of .env.`,
		example: `  blocktrain gate --run runs/first
  blocktrain gate --run runs/first --min-test-accuracy 0.99 --dry-run
  blocktrain gate --run runs/first --baseline runs/old --decided-by Ada
  blocktrain gate --run runs/first --force --reason 'demo on 3 May, says Ada'`,
		settings: either(groups("Release"), named(settings.MissingClass, "name", "release-version", "exporters", "data-dir", "data-mode", "memory", "workers", "max-package-mb", "dry-run")), recorded: &dir, needsRun: true,
		own: func(o *config.Options) {
			declareRun(o, &dir)
			declareJSON(o, &asJSON)
		},
		run: func(ctx context.Context, c *call) error {
			c.showsTables(asJSON)
			judged, err := pipeline.Gate(ctx, c.env, c.settings, dir)
			if judged == nil {
				return err
			}
			return errors.Join(c.showDecision(judged), err)
		},
	}
}

// trial is a decision that is not taken, as JSON.
type trial struct {
	Schema int  `json:"schema"`
	DryRun bool `json:"dry_run"`
	*criterion.Release
}

// showDecision prints the decision as a table, or as it was written to its file.
func (c *call) showDecision(judged *pipeline.Judged) error {
	trying := judged.File == ""
	switch {
	case c.env.ShowsResults && trying:
		c.print(fmt.Sprintf("%s\n\n%s\n", pipeline.DryRunHead, judged.Table()))
	case c.env.ShowsResults:
		c.print(judged.Table() + "\n")
	case trying:
		return writeJSON(c.stdout, trial{judged.Schema, true, judged.Release})
	default:
		return c.printFile(judged.File)
	}
	return nil
}
