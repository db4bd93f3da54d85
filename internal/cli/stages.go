package cli

import (
	"fmt"
	"io"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/pipeline"
)

// What several commands share.

// every picks every setting of a run.
func every(*config.Option) bool { return true }

// groups picks the settings under the given headings.
func groups(names ...string) func(*config.Option) bool {
	return func(o *config.Option) bool { return slices.Contains(names, o.Group) }
}

// named picks the settings with the given names.
func named(names ...string) func(*config.Option) bool {
	return func(o *config.Option) bool { return slices.Contains(names, o.Name) }
}

// either picks what one of several would pick.
func either(picks ...func(*config.Option) bool) func(*config.Option) bool {
	return func(o *config.Option) bool {
		return slices.ContainsFunc(picks, func(pick func(*config.Option) bool) bool { return pick(o) })
	}
}

// declareRun declares the option --run of commands that work on a run.
func declareRun(o *config.Options, dir *string) {
	o.String(dir, "run", "", "run directory")
}

// declareJSON declares the option --json of commands that show tables on a terminal.
func declareJSON(o *config.Options, asJSON *bool) {
	o.Bool(asJSON, "json", false, "write JSON on a terminal too")
}

// showsTables says that the call shows its results as tables, for a person at a
// terminal.
func (c *call) showsTables(asJSON bool) { c.env.ShowsResults = c.terminal && !asJSON }

// maxPrinted bounds a file of results that is printed, in bytes.
const maxPrinted = 256 << 20

// printFile copies a result that was written to a file to the standard output.
func (c *call) printFile(path string) error {
	b, err := fileio.ReadFile(path, maxPrinted)
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(b)
	return err
}

// print prints a result for people, with its outcome in colour where there are colours.
func (c *call) print(text string) {
	text = logging.Plain(text)
	if c.colored {
		text = logging.Paint(text)
	}
	fmt.Fprint(c.stdout, text)
}

// say writes what is no result of the command to the standard error.
func (c *call) say(text string) { fmt.Fprint(c.root.ErrOrStderr(), logging.Plain(text)) }

// printPath prints where the result of a command is, if it made one.
func (c *call) printPath(path string, err error) error {
	if err == nil {
		fmt.Fprintln(c.stdout, path)
	}
	return err
}

// printResult prints where the result of a run is, or what a dry run would do.
func (c *call) printResult(r *pipeline.Result, err error) error {
	switch {
	case err != nil:
		return err
	case r.Plan != nil:
		fmt.Fprint(c.stdout, r.Plan.Text())
		return nil
	}
	return c.printPath(r.Path, nil)
}

// writeJSON writes v as every JSON of the program is written.
func writeJSON(w io.Writer, v any) error {
	b, err := fileio.MarshalJSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
