package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

func configCommand() *command {
	var dir string
	var asJSON bool
	return &command{
		use: "config", short: "show every setting and where its value comes from", group: groupAbout,
		long: `Shows what a run would go by. In order of precedence, a value comes from a flag;
the environment variable BLOCKTRAIN_<FLAG>; the files of --env-file, the last
first; the recipe; .env.local; .env; or it is the built-in default. The two .env
files are looked for in the folder that the program is called in. With --run,
the command shows what a stage on that run goes by: explicit flags, its recorded
configuration, and for the thresholds of the gate the environment.`,
		example: `  blocktrain config
  blocktrain config --recipe fast
  blocktrain config --json | jq '.settings[] | select(.origin != "default")'
  blocktrain config --run runs/first`,
		settings: every, recorded: &dir, otherData: true,
		own: func(o *config.Options) {
			o.String(&dir, "run", "", "run directory")
			o.Bool(&asJSON, "json", false, "write JSON")
		},
		run: func(_ context.Context, c *call) error {
			if asJSON {
				return writeSettingsJSON(c.stdout, c)
			}
			writeSettings(c.stdout, c)
			return nil
		},
	}
}

// shown are the settings and what every command has, without the own options of
// this one.
func (c *call) shown() []*config.Option {
	var options []*config.Option
	for _, option := range c.options {
		if option.Group != "" {
			options = append(options, option)
		}
	}
	return options
}

// Columns of the table of settings.
const (
	originColumn = 26
	valueColumn  = 42
)

func writeSettings(w io.Writer, c *call) {
	heading := ""
	for _, option := range c.shown() {
		if option.Group != heading {
			if heading != "" {
				fmt.Fprintln(w)
			}
			heading = option.Group
			fmt.Fprintln(w, heading)
		}
		head := fmt.Sprintf("  %-*s%s", originColumn-2, option.Name, shortOrigin(c.origins[option.Name]))
		value := option.Value()
		if value == "" {
			value = "-"
		}
		writeEntry(w, head, valueColumn, value)
	}
}

// shortOrigin leaves out the variable, whose name is the setting's, and the folder
// of a file.
func shortOrigin(origin string) string {
	if strings.HasPrefix(origin, "environment ") {
		return "environment"
	}
	return filepath.Base(origin)
}

// The settings as JSON.
type (
	settingsJSON struct {
		Schema   int           `json:"schema"`
		Settings []settingJSON `json:"settings"`
	}
	settingJSON struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Origin string `json:"origin"`
		Type   string `json:"type"`
		Doc    string `json:"doc"`
	}
)

func writeSettingsJSON(w io.Writer, c *call) error {
	list := settingsJSON{Schema: 1, Settings: []settingJSON{}}
	for _, o := range c.shown() {
		list.Settings = append(list.Settings, settingJSON{o.Name, o.Value(), c.origins[o.Name], o.Type, o.Doc})
	}
	return writeJSON(w, list)
}
