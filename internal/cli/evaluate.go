package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func evaluateCommand() *command {
	var dir string
	return &command{
		use: "evaluate", short: "measure a run's model on its validation and test parts", group: groupStages,
		long: `Writes evaluation/*.json and *.csv in the run directory: accuracy, figures of
each class, confusion, calibration, latency. With --dataset, the model is
measured on another dataset that has the same classes.`,
		example: `  blocktrain evaluate --run runs/first
  blocktrain evaluate --run runs/first --dataset mnist --data-dir data/mnist`,
		settings: named("dataset", "dataset-options", "data-dir", "data-mode", "workers"),
		recorded: &dir, needsRun: true, otherData: true,
		own: func(o *config.Options) { declareRun(o, &dir) },
		run: func(ctx context.Context, c *call) error { return pipeline.Evaluate(ctx, c.env, c.settings, dir) },
	}
}
