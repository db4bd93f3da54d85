package cli

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/verify"
)

func packageCommand() *command {
	var dir string
	return &command{
		use: "package", short: "write the release package of an approved run", group: groupStages,
		long: `Writes package/<name>-<version>/ and its .tar.gz in the run directory. A model
that the gate refused is not packaged: exit code 3. What export/ holds is
written again in the formats that it has, so that it has the same name and
decision. Without --name and --release-version, both stay as they were given
last. A package that was removed is made again to the byte; one with other bytes
takes another --release-version, or --overwrite-release.`,
		example: `  blocktrain package --run runs/first
  blocktrain package --run runs/first --release-version 1.0.0
  blocktrain package verify runs/first/package/digits-vgg-small-0.1.0`,
		settings: named("name", "release-version", "license", "contact", "intended-use", "exporters", "require-commit", "overwrite-release"), recorded: &dir, needsRun: true,
		own: func(o *config.Options) { declareRun(o, &dir) },
		run: func(ctx context.Context, c *call) error {
			made, err := pipeline.Package(ctx, c.env, c.settings, dir)
			if err != nil {
				return err
			}
			return c.printPath(made.Archive, nil)
		},
		children: []*command{packageVerifyCommand(), packageCheckCommand(), packageSmokeCommand()},
	}
}

func packageVerifyCommand() *command {
	return &command{
		use: "verify PACKAGE", short: "find out whether a package is as it was made",
		long: `Checks that every file of the package is in SHA256SUMS with its digest, that
nothing is there which no package has, that the files agree with each other, and
that model, server configuration, labels, decision, tables, plots and model card
are what weights, history and evaluations give. Exit code 4 says that something
differs. It needs no data and trains nothing; 'blocktrain verify' does. The
package may be unpacked or a .tar.gz, which is unpacked to a temporary folder.`,
		example: `  blocktrain package verify runs/first/package/digits-vgg-small-0.1.0
  blocktrain package verify digits-vgg-small-0.1.0.tar.gz`,
		settings: named("max-package-mb"),
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one package, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			found, err := verify.Package(ctx, c.env, c.args[0], c.settings.MaxPackageMB)
			if found != nil {
				c.print(found.Text())
			}
			return err
		},
	}
}
