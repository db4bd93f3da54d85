package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/blocktrain/blocktrain/internal/config"
)

// flagValue keeps the text of a flag; it is parsed when all sources are known.
type flagValue struct {
	option *config.Option
	given  map[string]string
}

// String implements pflag.Value.
func (f flagValue) String() string { return f.option.Default }

// Type implements pflag.Value.
func (f flagValue) Type() string { return f.option.Type }

// Set implements pflag.Value. A list that is given repeatedly adds up.
func (f flagValue) Set(text string) error {
	if before, repeated := f.given[f.option.Name]; repeated && f.option.IsList() {
		text = before + "," + text
	}
	f.given[f.option.Name] = text
	return nil
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
		flag := flags.VarPF(flagValue{option, given}, option.Name, shorthands[option.Name], option.Doc)
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

// withHint points a usage error at the command's help.
func withHint(err error, cmd *cobra.Command) error {
	var usage *config.UsageError
	if errors.As(err, &usage) && usage.Hint == "" {
		usage.Hint = fmt.Sprintf("'%s --help' shows how it is used", cmd.CommandPath())
	}
	return err
}

// flagError turns pflag's errors into ours, with suggestions.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return unknownFlag(cmd, unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames())
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		return withHint(config.Usagef("flag --%s needs a value", missing.GetSpecifiedName()), cmd)
	}
	return withHint(&config.UsageError{Err: err}, cmd)
}

func unknownFlag(cmd *cobra.Command, name, shortNames string) error {
	if shortNames != "" {
		return withHint(config.Usagef("unknown flag -%s", name), cmd)
	}
	if others := commandsWith(cmd.Root(), name); len(others) > 0 {
		return withHint(config.Usagef("%s has no flag --%s; it belongs to %s", cmd.Name(), name, strings.Join(others, ", ")), cmd)
	}
	var valid []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { valid = append(valid, flag.Name) })
	slices.Sort(valid)
	if near := config.Nearest(name, valid); len(near) > 0 {
		return withHint(config.Usagef("unknown flag --%s: did you mean --%s?", name, strings.Join(near, " or --")), cmd)
	}
	return withHint(config.Usagef("unknown flag --%s", name), cmd)
}

// commandsWith lists the commands that have a flag. That config takes all settings
// is of no help.
func commandsWith(top *cobra.Command, flag string) []string {
	var names []string
	for _, cmd := range inOrder(top.Commands()) {
		if cmd.Name() != "config" && cmd.Flags().Lookup(flag) != nil {
			names = append(names, cmd.Name())
		}
	}
	return names
}

// unknownCommand is the error for a word that is none of the commands.
func unknownCommand(word, parent string, valid []*command) error {
	var names []string
	for _, c := range valid {
		names = append(names, c.name())
	}
	hint := fmt.Sprintf("'%s --help' lists the commands", parent)
	if near := config.Nearest(word, names); len(near) > 0 {
		return &config.UsageError{Err: fmt.Errorf("unknown command %q: did you mean %s?", word, strings.Join(near, " or ")), Hint: hint}
	}
	return &config.UsageError{Err: fmt.Errorf("unknown command %q", word), Hint: hint}
}

// modulesOf documents the modules that a flag chooses among.
func modulesOf(flag string) (modules []config.Description, found bool) {
	for _, k := range kinds() {
		if k.flag == flag {
			return k.modules(), true
		}
	}
	return nil, false
}

// registerCompletions offers the words that a flag takes in a shell.
func registerCompletions(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		value, ours := flag.Value.(flagValue)
		if !ours {
			return
		}
		words := value.option.Choices()
		if modules, named := modulesOf("--" + flag.Name); named {
			words = moduleNames(modules)
		}
		if words != nil || value.option.Type == "int" || value.option.Type == "float" {
			// The only error is a flag that does not exist or has completions.
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	})
}

func moduleNames(modules []config.Description) []string {
	var names []string
	for _, module := range modules {
		names = append(names, module.Name+"\t"+module.Doc)
	}
	return names
}
