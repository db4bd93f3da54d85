package cli

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/bench"
	"github.com/blocktrain/blocktrain/internal/config"
)

func benchCommand() *command {
	var request bench.Request
	var asJSON bool
	return &command{
		use: "bench", short: "measure how fast this machine trains and predicts", group: groupAbout,
		long: `Measures, on random images: whole training steps, inference at the same batch
size, and the time for one image on one worker; what share of the processor's
peak of fused multiply-adds that is; where the time of a step goes; and memory.
Figures are medians of nine repetitions.

Without --model, the four reference networks of doc/Performance.md are measured,
each at its input and batch size, which takes half a minute to a minute. Neither
.env nor the environment chooses another model. Cross-entropy is the loss.`,
		example: `  blocktrain bench
  blocktrain bench --model cnn --workers 1 --seconds 2
  blocktrain bench --model resnet20 --input 64x64x3 --batch-size 32 --json`,
		settings: named("model", "model-options", "optimizer", "optimizer-options", "batch-size", "shard-size", "workers"),
		meanings: map[string]string{
			"model":      "network to measure; empty: the reference networks",
			"batch-size": "examples per step; empty: the reference network's, or 128",
		},
		own: func(o *config.Options) {
			o.String(&request.Input, "input", "", "size of images, such as 32x32x3; empty: as in doc/Performance.md, or 28x28x1")
			o.Int(&request.Classes, "classes", 10, "classes to tell apart", config.Between(2, 100_000))
			o.Float64(&request.Seconds, "seconds", 5, "time to measure each network", config.Between(0.01, 3600))
			o.Choice(&request.Measure, "measure", bench.All, "what to measure", bench.All, bench.Training, bench.Inference)
			o.String(&request.CPUProfile, "cpu-profile", "", "file for a profile of the processor's time, which go tool pprof reads")
			o.Bool(&asJSON, "json", false, "write JSON")
		},
		run: func(ctx context.Context, c *call) error { return c.bench(ctx, request, asJSON) },
	}
}

// bench measures and shows each network when it is measured, or all as JSON.
func (c *call) bench(ctx context.Context, request bench.Request, asJSON bool) error {
	var results []*bench.Result
	for result, err := range bench.Run(ctx, c.settings, request) {
		if err != nil {
			return err
		}
		if results = append(results, result); asJSON {
			continue
		}
		if len(results) == 1 {
			fmt.Fprint(c.stdout, result.MachineLine())
		}
		fmt.Fprint(c.stdout, result.Text())
	}
	if !asJSON {
		return nil
	}
	return bench.WriteJSON(c.stdout, results)
}
