package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func predictCommand() *command {
	var request pipeline.PredictRequest
	return &command{
		use: "predict IMAGE...", short: "classify images with the model of a run or a package", group: groupData,
		long: `Takes image files, folders, and - for a list of paths on the standard input, and
writes one line for each image, in their order. An image that cannot be read has
a line that says why, and the exit code is 1. A folder without images and an
empty list are errors: exit code 2.`,
		example: `  blocktrain predict --run runs/first photo.png folder/
  find . -name '*.png' | blocktrain predict --run runs/first --format csv -`,
		settings: named("workers"),
		own: func(o *config.Options) {
			o.String(&request.Model, "run", "", "run directory or package")
			o.Choice(&request.Format, "format", "jsonl", "form of the lines", "jsonl", "csv")
			o.String(&request.Output, "output", "", "file to write; empty: the standard output")
			o.String(&request.Weights, "weights", "", "other weights than the packaged ones, a safetensors file")
		},
		args: func(args []string) error {
			if len(args) == 0 {
				return config.Usagef("nothing to classify: want image files, folders, or - for a list of paths")
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			if request.Model == "" {
				return config.Usagef("no model: want --run DIR, a run directory or a package")
			}
			request.Inputs, request.Stdin = c.args, c.stdin
			return pipeline.Predict(ctx, c.env, c.settings, request)
		},
	}
}
