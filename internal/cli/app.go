package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // stdout is one
	colored        bool // and shows colours
	environ        []string
}

func (a *app) execute(ctx context.Context, args []string) error {
	root := a.root(commands())
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var usage *config.UsageError
	if err == nil || errors.As(err, &usage) || cmd.HasParent() {
		return err
	}
	// What the root returns itself is a UsageError: cobra has found no command.
	if word := firstWord(root, args); word != "" {
		return unknownCommand(word, root.Name(), commands())
	}
	return &config.UsageError{Err: err}
}

// call resolves every setting and runs the command.
func (a *app) call(cmd *cobra.Command, c *command, all []*command, given map[string]string, args []string) error {
	r := &resolution{command: c, known: knownNames(all), flags: config.Flags(given), environ: a.environ, stderr: a.stderr}
	made, err := r.resolve()
	if err != nil {
		return err
	}
	made.env.Resumable = lastWords(cmd.Context())
	made.root, made.stdin, made.stdout, made.terminal, made.colored, made.args = cmd.Root(), a.stdin, a.stdout, a.terminal, a.colored, args
	made.environ = a.environ
	return c.run(cmd.Context(), made)
}

// firstWord is the first of the arguments that is neither a flag nor the value of one,
// in the way in which cobra looks for a command.
func firstWord(root *cobra.Command, args []string) string {
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	flags := root.Flags()
	flags.ParseErrorsAllowlist.UnknownFlags = true
	_ = flags.Parse(args) // a mistake in a flag comes after the unknown command
	return flags.Arg(0)
}

const about = `blocktrain turns labelled images into a released image classifier: it reads and
splits the data, trains a network, evaluates it, decides whether it may be
released, and writes the release package. A model is a reproducible build: the
same configuration and data give the same weights, bit for bit.`

// root is the program as a tree of cobra commands.
func (a *app) root(all []*command) *cobra.Command {
	top := &cobra.Command{
		Use: "blocktrain", Long: about,
		Example: `  blocktrain run                            # train and release on drawn digits
  blocktrain run --dataset mnist --data-dir data/mnist --epochs 10
  blocktrain list model                     # the networks and their options
  blocktrain config                         # every setting and where it comes from`,
		Version: buildinfo.Get().Version,
		// No Args: cobra then refuses unknown commands before it reads flags.
		RunE:          a.noCommand,
		SilenceErrors: true, SilenceUsage: true, DisableSuggestions: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	top.SetVersionTemplate("blocktrain {{.Version}}\n")
	top.SetIn(a.stdin)
	top.SetOut(a.stdout)
	top.SetErr(a.stderr)
	top.SetFlagErrorFunc(flagError)
	top.SetHelpFunc(help)
	top.SetHelpCommand(helpCommand(top))
	addFlags(top.PersistentFlags(), commonOptions(), nil)
	for _, c := range all {
		top.AddCommand(a.cobra(c, all))
	}
	return top
}

// noCommand says what the commands are, and that there was none.
func (a *app) noCommand(cmd *cobra.Command, _ []string) error {
	cmd.SetOut(a.stderr)
	help(cmd, nil)
	return config.Usagef("no command given")
}

// cobra makes the cobra command of c.
func (a *app) cobra(c *command, all []*command) *cobra.Command {
	made := &cobra.Command{
		Use: c.use, Short: c.short, Long: c.long, Example: strings.Trim(c.example, "\n"),
		Annotations:           map[string]string{annotationGroup: c.group},
		DisableFlagsInUseLine: true,
		Args:                  func(cmd *cobra.Command, args []string) error { return c.checkArgs(cmd, args) },
	}
	if c.flagsAlone {
		made.Annotations[annotationFlagsAlone] = "true"
	}
	if c.complete != nil || c.args == nil {
		made.ValidArgsFunction = cobra.FixedCompletions(c.complete, cobra.ShellCompDirectiveNoFileComp)
	}
	given := map[string]string{}
	addFlags(made.Flags(), c.options(), given)
	registerCompletions(made, a.chosen(made, c, all, given))
	if c.run != nil {
		made.RunE = func(cmd *cobra.Command, args []string) error {
			return a.call(cmd, c, all, flagsGiven(cmd, given), args)
		}
	}
	for _, child := range c.children {
		made.AddCommand(a.cobra(child, all))
	}
	return made
}

// checkArgs refuses arguments where the command takes none, and suggests what may
// have been meant.
func (c *command) checkArgs(cmd *cobra.Command, args []string) error {
	switch {
	case c.args != nil:
		return withHint(c.args(args), cmd)
	case len(args) == 0:
		return nil
	case len(c.children) > 0:
		return unknownCommand(args[0], cmd.CommandPath(), c.children)
	}
	hint := ""
	if slices.ContainsFunc(c.options(), func(o *config.Option) bool { return o.Name == "dataset" }) {
		hint = dataset.PlaceHint(args[0])
	}
	return withHint(config.Usagef("%s takes no argument %q%s", c.name(), args[0], hint), cmd)
}
