package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/release/modellock"
)

func lockCommand() *command {
	var output string
	var data []string
	return &command{
		flagsAlone: true,
		use:        "lock RUN", short: "write what a released model must come out as", group: groupReview,
		long: `Writes release/model.lock from an approved run: identity, digests of data,
split, weights and evaluations, thresholds, figures, contract version,
toolchain, and how the data comes to another machine. It is committed with the
change that makes the model, and is what a reviewer approves. Times are not in
it.

--data says for each dataset how its data comes: built-in, download,
folder:PATH of the repository, https://...#sha256=DIGEST, or an artifact of a
registry, oci:HOST/NAME@sha256:DIGEST. Without it, only datasets are known that
the program draws or has the digests of.`,
		example: `  blocktrain lock runs/first
  blocktrain lock runs/first --data photos=folder:data/photos
  blocktrain lock check runs/second release/model.lock`,
		own: func(o *config.Options) {
			o.String(&output, "output", modellock.File, "file to write")
			o.Words(&data, "data", "", "how the data comes to another machine, SOURCE or DATASET=SOURCE")
			o.FromFlags()
		},
		args: wantArgs("run directory", 1),
		run: func(_ context.Context, c *call) error {
			sources := map[string]string{}
			for _, entry := range data {
				name, source, named := strings.Cut(entry, "=")
				if !named || config.IsModuleName(name) != nil {
					name, source = "", entry
				}
				if _, twice := sources[name]; twice {
					return config.Usagef("--data says twice how the data of %q comes", name)
				}
				sources[name] = source
			}
			lock, err := modellock.Of(c.args[0], sources)
			if err != nil {
				return err
			}
			if lock.Decision == "forced" {
				c.env.Log.Warn("the gate refused this model, and it was forced: the lock says so, and who approves the lock approves that", "reason", lock.ForceReason)
			}
			if err := warnSameVersion(c, output, lock); err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
				return err
			}
			return c.printPath(output, lock.Write(output))
		},
		children: []*command{lockCheckCommand(), lockFetchCommand()},
	}
}

// warnSameVersion warns that the lock takes the place of another one that has the same version:
// if that is released, the workflow refuses this one.
func warnSameVersion(c *call, file string, lock *modellock.Lock) error {
	var differences []string
	before, err := modellock.Read(file)
	if err == nil && before.Version == lock.Version {
		if differences, err = before.Differences(lock); err != nil {
			return err
		}
	}
	if len(differences) > 0 {
		c.env.Log.Warn("the lock that this one replaces has the same version and is of another model: if it is released, raise BLOCKTRAIN_RELEASE_VERSION",
			"version", lock.Version, "differences", len(differences), "first", differences[0])
	}
	return nil // one that cannot be read is none that could be released
}

// wantArgs checks how many arguments a command gets.
func wantArgs(what string, n int) func([]string) error {
	return func(args []string) error {
		if len(args) != n {
			return config.Usagef("want %d %s, got %d arguments", n, what, len(args))
		}
		return nil
	}
}

func lockCheckCommand() *command {
	var summary string
	return &command{
		flagsAlone: true,
		use:        "check RUN LOCK", short: "compare a run with a lock",
		long: `Compares what a run came out as with a lock and names each difference: exit code
4. A run that was not approved is refused: exit code 3. --summary appends the
decision and the differences to a file, as Markdown.`,
		example: `  blocktrain lock check runs/first release/model.lock`,
		own: func(o *config.Options) {
			o.String(&summary, "summary", "", "file to append a table in Markdown to; empty: none")
			o.FromFlags()
		},
		args: wantArgs("arguments, a run directory and a lock", 2),
		run: func(_ context.Context, c *call) error {
			found, err := modellock.Compare(c.args[0], c.args[1])
			if err != nil {
				return err
			}
			fmt.Fprint(c.stdout, found.Text())
			if summary != "" {
				err = found.Append(summary)
			}
			return errors.Join(err, found.Outcome())
		},
	}
}

func lockFetchCommand() *command {
	var into string
	return &command{
		flagsAlone: true,
		use:        "fetch LOCK", short: "bring the data of a lock to this machine",
		long: `Finds or downloads the data that a lock names, compares digests, and prints the
value for --data-dir, which is empty where no data is needed. A file with
another digest is removed: exit code 4. It is called at the top of the
repository. Registries are shown the credentials that the configuration of
Docker has for them.`,
		example: `  data=$(blocktrain lock fetch release/model.lock --into data)
  blocktrain run ${data:+--data-dir "$data"}`,
		own: func(o *config.Options) {
			o.String(&into, "into", "data", "folder for what is downloaded")
			o.FromFlags()
		},
		args: wantArgs("lock", 1),
		run: func(ctx context.Context, c *call) error {
			lock, err := modellock.Read(c.args[0])
			if err != nil {
				return err
			}
			words, err := lock.Fetch(ctx, ".", into)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.stdout, config.JoinWords(words))
			return nil
		},
	}
}
