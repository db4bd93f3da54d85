package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// flagValue keeps the text of a flag; it is parsed when all sources are known.
type flagValue struct {
	option *config.Option
	given  map[string]string
	first  *string // the text of a list of words that was given once, as it was written
}

// String implements pflag.Value.
func (f flagValue) String() string { return f.option.Default }

// Type implements pflag.Value.
func (f flagValue) Type() string { return f.option.Type }

// Set implements pflag.Value. A list that is given repeatedly adds up.
func (f flagValue) Set(text string) error {
	before, repeated := f.given[f.option.Name]
	switch {
	case f.option.HasWords():
		text = f.words(text, before, repeated)
	case repeated && f.option.IsList():
		text = before + "," + text
	}
	f.given[f.option.Name] = text
	return nil
}

// words adds a text to those of a list of paths. Given once, it is a list, unless it is the
// path of something that there is. Given repeatedly, each is one path, whatever characters
// it has.
func (f flagValue) words(text, before string, repeated bool) string {
	_, path, _ := rundir.CutDataDir(text)
	whole := config.QuoteWord(text)
	switch {
	case !repeated:
		*f.first = text
		if fileio.Exists(path) {
			return whole
		}
		return text
	case *f.first != "":
		before, *f.first = config.QuoteWord(*f.first), ""
	}
	return before + "," + whole
}

// shorthands of the flags that have one.
var shorthands = map[string]string{"quiet": "q"}

// addFlags makes flags of the options, whose texts go to given; a nil map takes
// the place of one for each flag set.
func addFlags(flags *pflag.FlagSet, options []*config.Option, given map[string]string) {
	if given == nil {
		given = map[string]string{}
	}
	flags.SortFlags = false
	for _, option := range options {
		flag := flags.VarPF(flagValue{option, given, new(string)}, option.Name, shorthands[option.Name], option.Doc)
		if option.IsSwitch() {
			flag.NoOptDefVal = "true"
		}
	}
}

// flagsGiven adds the persistent flags to those of the command.
func flagsGiven(cmd *cobra.Command, given map[string]string) map[string]string {
	cmd.InheritedFlags().VisitAll(func(flag *pflag.Flag) {
		if value, ours := flag.Value.(flagValue); ours && flag.Changed {
			given[flag.Name] = value.given[flag.Name]
		}
	})
	return given
}

// common are the values of the flags that every command has.
type common struct {
	quiet    bool
	logLevel string
	envFiles []string
}

const envFileOption = "env-file"

func (c *common) declare(o *config.Options) {
	o.Begin("Everywhere", config.Invocation)
	o.Bool(&c.quiet, "quiet", false, "show only warnings and errors")
	o.Choice(&c.logLevel, "log-level", "info", "least level of the messages shown", "debug", "info", "warn", "error")
	o.List(&c.envFiles, envFileOption, "", "file of settings, over .env.local and .env; may be repeated, a later one wins")
}

func commonOptions() []*config.Option {
	o := config.NewOptions(nil)
	new(common).declare(o)
	return o.All()
}
