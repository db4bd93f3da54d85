package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func runCommand() *command {
	var dir string
	var resume bool
	return &command{
		use: "run", short: "train, judge and package a model in a new run directory", group: groupStages,
		long: `The whole pipeline: read the data, split it, train, evaluate, decide on the
release, export, and, if the model is approved, write the package. Exit code 3
says that the model was refused. A run that was interrupted goes on with the
same bits by --run DIR --resume, which does only what is missing: a decision
stands, however it was taken, unless what it rests on was lost or changed.`,
		example: `  blocktrain run
  blocktrain run --dataset folder --data-dir photos --image-size 64 --dry-run
  blocktrain run --dataset mnist --data-dir data/mnist --epochs 10
  blocktrain run --recipe fast --dataset mnist   # blocktrain list recipe
  blocktrain run --model cnn --augment shift:pixels=2 --min-test-accuracy 0.99
  blocktrain run --run runs/20260102-150405-digits-vgg-small --resume`,
		settings: every, recorded: &dir,
		own: func(o *config.Options) {
			o.String(&dir, "run", "", "run directory to continue")
			o.Bool(&resume, "resume", false, "continue the run in --run DIR")
		},
		run: func(ctx context.Context, c *call) error {
			switch {
			case dir != "" && !resume:
				return config.Usagef("--run names an existing run: want --resume to continue it, or --output-dir for a new one")
			case dir == "" && resume:
				return config.Usagef("--resume needs --run DIR")
			case resume:
				return c.printResult(pipeline.Resume(ctx, c.env, c.settings, dir))
			}
			return c.printResult(pipeline.Run(ctx, c.env, c.settings))
		},
	}
}
