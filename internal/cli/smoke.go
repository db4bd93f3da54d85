package cli

import (
	"context"
	"errors"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/serve"
	"github.com/blocktrain/blocktrain/internal/serve/smoke"
)

func packageSmokeCommand() *command {
	var tokenFile string
	var asJSON bool
	options := smoke.Options{}
	return &command{
		use: "smoke PACKAGE URL", short: "ask a server whether it answers as the package records",
		long: `Sends the ten test images of the package to a server that speaks the Open
Inference Protocol, such as Triton or 'blocktrain serve': one by one and
together, in binary form and as JSON, and for their classes. Compares the
answers with smoke.json, which the package has, and what the server says of the
model with the model. The server's statistics must count what was sent. Exit
code 4 says that an answer differs, 1 that there is none. --tolerance is taken
from the flag alone, and neither from the environment nor from .env.`,
		example: `  blocktrain package smoke digits-vgg-small-0.1.0.tar.gz http://127.0.0.1:8000
  blocktrain package smoke --json runs/first/package/digits-vgg-small-0.1.0 \
    https://models.example.org`,
		settings: named("max-package-mb"),
		own: func(o *config.Options) {
			o.Float64(&options.Tolerance, "tolerance", smoke.DefaultTolerance, "difference of a value that is allowed; of values over 1, as a part of the largest", config.Between(0, 1))
			o.FromFlags() // what surrounds the command must not loosen what it wants
			o.String(&tokenFile, "token-file", "", "file with the token that the server wants")
			o.Bool(&asJSON, "json", false, "write JSON")
		},
		args: func(args []string) error {
			if len(args) != 2 {
				return config.Usagef("want a package and the address of a server, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) (err error) {
			options.URL = c.args[1]
			if tokenFile != "" {
				if options.Token, err = serve.ReadToken(tokenFile); err != nil {
					return err
				}
			}
			made, err := openSmoke(ctx, c)
			if err != nil {
				return err
			}
			found, err := smoke.Replay(ctx, made, options)
			switch {
			case found == nil:
			case asJSON:
				err = errors.Join(err, writeJSON(c.stdout, found))
			default:
				c.print(found.Text())
			}
			return err
		},
	}
}

// openSmoke reads what the package that the first argument names must answer.
func openSmoke(ctx context.Context, c *call) (_ *smoke.Package, err error) {
	source, err := rundir.OpenModelSource(ctx, c.args[0], c.settings.MaxPackageMB)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	record, err := source.ReadRecord()
	if err != nil {
		return nil, source.Named(err)
	}
	made, err := smoke.Read(source.Folder)
	if err != nil {
		return nil, source.Named(err)
	}
	made.Model = record.Name
	return made, nil
}
