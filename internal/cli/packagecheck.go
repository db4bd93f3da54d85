package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/triton"
)

func packageCheckCommand() *command {
	var o triton.Options
	var asJSON bool
	return &command{
		flagsAlone: true,
		use:        "check DIR", short: "find out whether Triton would load a model repository",
		long: `Follows the rules by which NVIDIA Triton loads models, and gives its words: what
config.pbtxt says, against the inputs, outputs, operators and versions of the
ONNX files; labels, versions, instances, warm-up and ensembles. DIR is a
package, a model repository, or one model of it, of any make. It also warns of
what Triton loads and what hurts later, such as labels that are short or not
UTF-8, links, and configurations that are left to auto-completion; --strict
refuses that too. Files are compared with the nearest SHA256SUMS: of the model,
the repository or the package.

It loads nothing. What another backend than ONNX Runtime asks for is not
checked, and a warning says so. Exit code 3 says that a model would be refused.`,
		example: `  blocktrain package check runs/first/package/digits-vgg-small-0.1.0
  blocktrain package check --triton 22.12 --strict model-repository
  blocktrain package check --gpus 1 --model-config-name gpu --json models`,
		own: func(options *config.Options) {
			options.String(&o.Release, "triton", triton.DefaultRelease, "release of Triton, by year and month", func(name string) error {
				_, err := triton.FindRelease(name)
				return err
			})
			options.Int(&o.GPUs, "gpus", 0, "gpus of the server", config.Between(0, 1024))
			options.List(&o.Has, "server-has", "", "backends, accelerators and repository agents that the server has besides ONNX Runtime")
			options.String(&o.ConfigName, "model-config-name", "", "take configs/NAME.pbtxt of models that have it, as the server's flag of this name", checkConfigName)
			options.Bool(&o.Strict, "strict", false, "refuse what is only warned of, too")
			options.Bool(&asJSON, "json", false, "print the result as JSON")
			options.FromFlags()
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one folder, got %d arguments", len(args))
			}
			return nil
		},
		run: func(_ context.Context, c *call) error {
			if err := checkFolder(c.args[0]); err != nil {
				return err
			}
			found, err := triton.Check(c.args[0], o)
			if err != nil {
				return config.Usage(err)
			}
			return errors.Join(c.showCheck(found, asJSON), refuseCheck(found))
		},
	}
}

// checkFolder wants a folder that exists, and says what to do with an archive.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return config.Usagef("%s does not exist: give the folder of an unpacked package, or a model repository", dir)
	case err == nil && !info.IsDir():
		return config.Usagef("%s is a file, want a folder: unpack an archive by 'tar -xzf FILE', and give the folder", dir)
	case rundir.HoldsRun(dir) && !rundir.HoldsPackage(dir):
		return config.Usagef("%s is a run directory: give its package, a folder in %s", dir, rundir.At(dir).File(rundir.PackageDir))
	}
	return nil
}

// checkConfigName wants a name that leads into no other folder.
func checkConfigName(name string) error {
	if name != "" && (!filepath.IsLocal(name) || filepath.Base(name) != name) {
		return errors.New("want a name without folders, such as gpu")
	}
	return nil
}

func (c *call) showCheck(found *triton.Report, asJSON bool) error {
	if asJSON {
		return writeJSON(c.stdout, found)
	}
	c.print(found.Text())
	return nil
}

// refuseCheck is the error of a check that did not pass.
func refuseCheck(found *triton.Report) error {
	failures := found.Failures()
	if len(failures) == 0 {
		return nil
	}
	more := ""
	if len(failures) > 1 {
		more = fmt.Sprintf(", and %d more", len(failures)-1)
	}
	return fmt.Errorf("%w: %s%s", rundir.ErrRefused, failures[0], more)
}
