package cli

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/settings"
)

func splitCommand() *command {
	var output string
	return &command{
		use: "split", short: "divide a dataset into training, validation and test part", group: groupData,
		long: `Writes a split list, which holds the digest of the dataset and the indexes of
each part. Make it once, before any look at the data, and give it to runs by
--split.`,
		example: `  blocktrain split --dataset mnist --data-dir data/mnist --output mnist.json
  blocktrain run --dataset mnist --data-dir data/mnist --split mnist.json`,
		settings: named("dataset", "dataset-options", "data-dir", "data-mode", "on-corrupt", "index", "cache-size", "levels", "sensor", "split-ratio", "split-seed", settings.MissingClass, "workers"),
		own:      func(o *config.Options) { o.String(&output, "output", "split.json", "file to write") },
		run: func(ctx context.Context, c *call) error {
			made, err := pipeline.Split(ctx, c.env, c.settings, output)
			if err != nil {
				return err
			}
			for _, part := range dataset.Parts() {
				list := made.Indexes(part)
				fmt.Fprintf(c.stdout, "%s: %d examples\n", part, len(list))
				for label, count := range dataset.Counts(made.Data, list) {
					fmt.Fprintf(c.stdout, "  %-20s %d\n", made.Data.Classes()[label], count)
				}
			}
			return nil
		},
	}
}
