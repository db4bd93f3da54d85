package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func trainCommand() *command {
	var dir string
	return &command{
		use: "train", short: "train alone, without judging or packaging", group: groupStages,
		long: `Reads and splits the data and trains, in a new run directory, or in that of
--run, where it goes on from the last checkpoint. Prints the run directory.`,
		example: `  blocktrain train --output-dir runs/first --epochs 3
  blocktrain train --run runs/first
  blocktrain train --overfit-batch --epochs 50   # can the network learn at all?`,
		settings: func(o *config.Option) bool { return o.Group != "Release" }, recorded: &dir,
		own: func(o *config.Options) { o.String(&dir, "run", "", "run directory to go on in; empty: a new one") },
		run: func(ctx context.Context, c *call) error {
			return c.printResult(pipeline.Train(ctx, c.env, c.settings, dir))
		},
	}
}
