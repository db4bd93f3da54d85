package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// kind is a kind of modules.
type kind struct {
	name    string
	flag    string // that chooses one
	modules func() []config.Description
}

func kinds() []kind {
	return []kind{
		{"recipe", "--recipe", settings.Recipes},
		{"dataset", "--dataset", dataset.Modules},
		{"augmentation", "--augment", augment.Modules},
		{"model", "--model", model.Modules},
		{"loss", "--loss", loss.Modules},
		{"optimizer", "--optimizer", optimizer.Modules},
		{"schedule", "--schedule", optimizer.Schedules},
		{"exporter", "--exporters", exporter.Modules},
		{"criterion", "--criteria", criterion.Modules},
		{"visualization", "--visualizations", visualization.Modules},
	}
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func listCommand() *command {
	var asJSON bool
	return &command{
		use: "list [KIND...]", short: "show the recipes, and the modules with their options", group: groupAbout,
		long: `Shows every recipe with its settings, and every module with its options, their
defaults and types. Options of a module are given with the flag of its kind:
--model-options depth=3,width=64, or in lists --augment shift:pixels=2,rotate.`,
		example: `  blocktrain list
  blocktrain list model loss
  blocktrain list augmentation --json`,
		own: func(o *config.Options) { o.Bool(&asJSON, "json", false, "write JSON") },
		args: func(args []string) error {
			_, err := chosenKinds(args)
			return err
		},
		complete: kindNames(),
		run: func(_ context.Context, c *call) error {
			chosen, err := chosenKinds(c.args)
			if err != nil {
				return err
			}
			if asJSON {
				return writeKindsJSON(c.stdout, chosen)
			}
			writeKinds(c.stdout, chosen)
			return nil
		},
	}
}

// chosenKinds are the kinds that the arguments name, or all, in the order of the list.
func chosenKinds(args []string) ([]kind, error) {
	if len(args) == 0 {
		return kinds(), nil
	}
	names := kindNames()
	for _, name := range args {
		if !slices.Contains(names, name) {
			return nil, &config.UsageError{Err: config.UnknownName("kind of modules", name, names)}
		}
	}
	return slices.DeleteFunc(kinds(), func(k kind) bool { return !slices.Contains(args, k.name) }), nil
}

// Columns of the list.
const (
	moduleColumn = 24
	optionColumn = 34
)

func writeKinds(w io.Writer, chosen []kind) {
	for i, k := range chosen {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s)\n", k.name, k.flag)
		for _, module := range k.modules() {
			writeEntry(w, "  "+module.Name, moduleColumn, module.Doc)
			for _, option := range module.Options {
				head := fmt.Sprintf("      %s=%s", option.Name, option.Default)
				writeEntry(w, head, optionColumn, option.Doc+" ("+option.Type+")")
			}
		}
	}
}

// The list as JSON.
type (
	kindsJSON struct {
		Schema int        `json:"schema"`
		Kinds  []kindJSON `json:"kinds"`
	}
	kindJSON struct {
		Kind    string       `json:"kind"`
		Flag    string       `json:"flag"`
		Modules []moduleJSON `json:"modules"`
	}
	moduleJSON struct {
		Name    string       `json:"name"`
		Doc     string       `json:"doc"`
		Options []optionJSON `json:"options"`
	}
	optionJSON struct {
		Name    string `json:"name"`
		Type    string `json:"type"`
		Default string `json:"default"`
		Doc     string `json:"doc"`
	}
)

func writeKindsJSON(w io.Writer, chosen []kind) error {
	list := kindsJSON{Schema: 1, Kinds: []kindJSON{}}
	for _, k := range chosen {
		entry := kindJSON{Kind: k.name, Flag: k.flag, Modules: []moduleJSON{}}
		for _, module := range k.modules() {
			m := moduleJSON{module.Name, module.Doc, []optionJSON{}}
			for _, o := range module.Options {
				m.Options = append(m.Options, optionJSON{o.Name, o.Type, o.Default, o.Doc})
			}
			entry.Modules = append(entry.Modules, m)
		}
		list.Kinds = append(list.Kinds, entry)
	}
	return writeJSON(w, list)
}
