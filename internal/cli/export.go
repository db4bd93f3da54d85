package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

func exportCommand() *command {
	var dir string
	return &command{
		use: "export", short: "write a run's model in the formats that others load", group: groupStages,
		long: `Writes the model as ONNX, safetensors and a Triton model repository in the run
directory, and how in export/export.json, by which verify makes the files again.
'blocktrain list exporter' shows the formats and their options.`,
		example: `  blocktrain export --run runs/first
  blocktrain export --run runs/first --exporters onnx`,
		settings: named("exporters", "name", "release-version", "overwrite-release"), recorded: &dir, needsRun: true,
		own: func(o *config.Options) { declareRun(o, &dir) },
		run: func(ctx context.Context, c *call) error {
			return c.printPath(pipeline.Export(ctx, c.env, c.settings, dir))
		},
	}
}
