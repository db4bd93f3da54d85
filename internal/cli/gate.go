package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func gateCommand() *command {
	var dir string
	var asJSON bool
	return &command{
		use: "gate", short: "decide whether a run's model may be released", group: groupStages,
		long: `Compares what was measured with the criteria and writes release.json. The exit
code is 0 if the model is approved and 3 if it is refused; a measurement that is
missing refuses. Thresholds of the environment and of .env count, unless the run
was started with others as flags.`,
		example: `  blocktrain gate --run runs/first
  blocktrain gate --run runs/first --min-test-accuracy 0.99 --baseline runs/old
  blocktrain gate --run runs/first --force --reason 'demo on 3 May, says Ada'`,
		settings: either(groups("Release"), named("data-dir", "data-mode", "workers")), recorded: &dir, needsRun: true,
		own: func(o *config.Options) {
			declareRun(o, &dir)
			declareJSON(o, &asJSON)
		},
		run: func(ctx context.Context, c *call) error {
			return pipeline.Gate(ctx, c.environment(asJSON), c.settings, dir)
		},
	}
}
