package cli

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func evaluateCommand() *command {
	var dir, classMap string
	var asJSON bool
	return &command{
		use: "evaluate", short: "measure a run's model on its validation and test parts", group: groupStages,
		long: `Writes evaluation/*.json and *.csv in the run directory: accuracy, figures of
each class, confusion, calibration, latency. With --dataset, the model is
measured on another dataset. That may lack some of the model's classes. If its
classes have other names, --class-map says which of the model's they are, by a
CSV file with a line name-in-data,name-in-model for each; several may be one.
Nothing is decided by that, and packages are the same with and without it. Nor
does anything rest on the evaluation of a run that is decided: it is written
beside the decision's, as evaluation/test-again.json. To decide on a new one,
remove evaluation/test.json first. Of clips with boxes, it is measured too how
well targets are found (evaluation/detection-*.json). On a terminal the figures
are shown as tables; elsewhere, the file of the test part goes to the standard
output.`,
		example: `  blocktrain evaluate --run runs/first
  blocktrain evaluate --run runs/first --dataset mnist --data-dir data/mnist
  blocktrain evaluate --run runs/first --data-dir more --class-map names.csv
  blocktrain evaluate --run runs/first | jq .accuracy`,
		settings: named("dataset", "dataset-options", "data-dir", "data-mode", "memory", "on-corrupt", "index", "cache-size", "workers"),
		meanings: map[string]string{
			"dataset": "other dataset, or several joined, to measure on; empty: the run's own parts",
		},
		recorded: &dir, needsRun: true, otherData: true,
		own: func(o *config.Options) {
			declareRun(o, &dir)
			o.String(&classMap, "class-map", "", "file of lines name-in-data,name-in-model, for data with other names of classes")
			declareJSON(o, &asJSON)
		},
		run: func(ctx context.Context, c *call) error {
			c.showsTables(asJSON)
			evaluated, err := pipeline.Evaluate(ctx, c.env, c.settings, dir, classMap)
			if err != nil {
				return err
			}
			if !c.env.ShowsResults {
				return c.printFile(evaluated.File)
			}
			for _, e := range evaluated.Parts {
				fmt.Fprintf(c.stdout, "%s\n", e.ShortTable())
			}
			for _, r := range evaluated.Detection {
				fmt.Fprintf(c.stdout, "%s\n", r.Table())
			}
			return nil
		},
	}
}
