package cli

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
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

// environment is the call's, with tables for a person at a terminal.
func (c *call) environment(asJSON bool) *pipeline.Environment {
	c.env.Tables = c.terminal && !asJSON
	return c.env
}
