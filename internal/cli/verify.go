package cli

import (
	"context"
	"errors"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify"
)

func verifyCommand() *command {
	var request verify.Request
	var asJSON bool
	return &command{
		flagsAlone: true,
		use:        "verify RUN|PACKAGE", short: "train a model again from its record and compare every bit", group: groupStages,
		long: `Proves that a model is what its record says: rebuilds the configuration from
run.json alone, compares the data, trains again in a folder of its own, and
compares every epoch, the best weights and the evaluations with the record, and
everything else with what these give: decision, tables, plots, model card,
report and exported model. It ends at the first difference, names it, and says
what may be the cause: exit code 4. The number of workers, the data mode and the
machine do not matter. --epochs N compares the first N epochs alone, which is no
verification of the model: the JSON then says "verified": false and "partial":
true.

Of a run directory it leaves out the last checkpoint, package/, the logs and
evaluations on other data, and says so. A file that no run has is a difference.

A package may be unpacked or a .tar.gz, which is unpacked to a temporary folder.
Packages carry no data: --data-dir says where it is, and where a published
dataset is downloaded to if it is not there. Without it the data is looked for
where the record has it, from the folder that the run was started in and from
this one, and nothing is downloaded. Of the settings of the environment and of
.env, only --workers, --data-mode, --memory, --max-package-mb and --json count.`,
		example: `  blocktrain verify runs/first
  blocktrain verify mnist-vgg-small-0.1.0.tar.gz --data-dir data/mnist
  blocktrain verify mnist-vgg-small-0.1.0 --data-dir data --epochs 1 --json`,
		settings: named("max-package-mb"),
		own: func(o *config.Options) {
			o.Words(&request.DataDirs, "data-dir", "", "folder of the data, DIR or NAME=DIR; empty: where the record has it")
			o.Choice(&request.DataMode, "data-mode", settings.DataAuto, settings.DataModeDoc, settings.DataModes()...)
			o.String(&request.Memory, "memory", "", "most memory for images in RAM mode, such as 8GB or 500MB; empty: half of the machine's", settings.IsMemory)
			o.String(&request.InitFrom, "init-from", "", "file, run or package of the weights that training began with; empty: where the record has it")
			o.Int(&request.Workers, "workers", 0, "goroutines that compute; 0: one per core", config.Between(0, 1024))
			o.Int(&request.Epochs, "epochs", 0, "compare the first epochs alone; 0: all, and what was made of the weights", config.Between(0, 100_000))
			o.String(&request.Keep, "keep", "", "new folder for the run that is made for comparison; empty: it is removed")
			o.Placeholder("DIR")
			o.FromFlags("data-dir", "init-from", "epochs", "keep") // what surrounds the command must not change what it says of a model
			o.Bool(&asJSON, "json", false, "print the result as JSON")
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one run directory or package, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			request.Path, request.MaxPackageMB = c.args[0], c.settings.MaxPackageMB
			result, err := verify.Run(ctx, c.env, request)
			switch {
			case result == nil:
			case asJSON:
				err = errors.Join(err, writeJSON(c.stdout, result))
			default:
				c.print(result.Text())
			}
			return err
		},
	}
}
