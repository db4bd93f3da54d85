package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // stdout is one
	environ        []string
}

// command is what the file of a command says about it.
type command struct {
	use     string // "train", or "predict IMAGE..." with arguments
	short   string // one line, lower case, no full stop
	long    string // after it, in the command's help
	example string
	group   string // of the list of commands

	// settings picks the settings of a run that are flags of the command; nil
	// means none. The others still take their values from elsewhere.
	settings func(*config.Option) bool
	// meanings are the lines of help of settings that mean something else to this
	// command than to a run, their default included, by name.
	meanings map[string]string
	// own declares the command's own options.
	own func(*config.Options)
	// recorded, where it is not nil, is the own option --run: if it is given, the
	// run's recorded configuration takes part.
	recorded *string
	needsRun bool // --run must be given
	// flagsAlone says that the environment and env files set few of the flags, which
	// the long text names.
	flagsAlone bool
	// otherData says that the command may be given another dataset than the
	// recorded run's.
	otherData bool

	args     func(args []string) error // checks the arguments; nil: there are none
	complete []string                  // the arguments to offer in a shell
	run      func(ctx context.Context, c *call) error
	children []*command
}

// call is one execution of a command.
type call struct {
	root     *cobra.Command
	stdin    io.Reader
	stdout   io.Writer
	terminal bool // the standard output is one
	args     []string
	settings *settings.Settings
	env      *rundir.Environment
	options  []*config.Option // of the settings and of every command, resolved
	origins  config.Origins
}

// commands lists the commands in the order of the program's help.
func commands() []*command {
	return []*command{
		runCommand(), trainCommand(), evaluateCommand(), gateCommand(), exportCommand(), packageCommand(), verifyCommand(),
		splitCommand(), predictCommand(),
		listCommand(), configCommand(), doctorCommand(), benchCommand(), versionCommand(), completionCommand(),
	}
}

// The groups of commands.
const (
	groupStages = "The pipeline, whole and by stages"
	groupData   = "Data and predictions"
	groupAbout  = "About the program"
)

func (a *app) execute(ctx context.Context, args []string) error {
	err := a.root(commands()).execute(ctx, args)
	var usage *config.UsageError
	if err == nil || errors.As(err, &usage) {
		return err
	}
	if name, unknown := cobraUnknownCommand(err); unknown {
		return unknownCommand(name, "blocktrain", commands())
	}
	return err
}

// cobraUnknownCommand takes the word out of cobra's error for an unknown command,
// which has no type of its own.
func cobraUnknownCommand(err error) (word string, unknown bool) {
	rest, found := strings.CutPrefix(err.Error(), "unknown command ")
	if !found {
		return "", false
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", false
	}
	word, err = strconv.Unquote(quoted)
	return word, err == nil
}

// root is the program as a tree of cobra commands.
type root struct{ *cobra.Command }

func (r root) execute(ctx context.Context, args []string) error {
	r.SetArgs(args)
	return r.ExecuteContext(ctx)
}

const about = `blocktrain turns labelled images into a released image classifier: it reads and
splits the data, trains a network, evaluates it, decides whether it may be
released, and writes the release package. A model is a reproducible build: the
same configuration and data give the same weights, bit for bit.`

func (a *app) root(all []*command) root {
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
	top.SetFlagErrorFunc(a.flagError)
	top.SetHelpFunc(a.help)
	top.SetHelpCommand(a.helpCommand(top))
	addFlags(top.PersistentFlags(), commonOptions(), nil)
	for _, c := range all {
		top.AddCommand(a.cobra(c, all))
	}
	return root{top}
}

// noCommand says what the commands are, and that there was none.
func (a *app) noCommand(cmd *cobra.Command, _ []string) error {
	cmd.SetOut(a.stderr)
	a.help(cmd, nil)
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
	registerCompletions(made)
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

// The keys of a command's annotations: its group, and whether it goes by flags alone.
const (
	annotationGroup      = "group"
	annotationFlagsAlone = "flags-alone"
)

// options are the options that are flags of the command, besides the common ones.
func (c *command) options() []*config.Option {
	var flags []*config.Option
	o := config.NewOptions(nil)
	if c.own != nil {
		c.own(o)
	}
	flags = append(flags, o.All()...)
	if c.settings != nil {
		o, s := config.NewOptions(nil), &settings.Settings{}
		s.Declare(o)
		for _, option := range o.All() {
			if c.settings(option) {
				flags = append(flags, c.explained(option))
			}
		}
	}
	return flags
}

// explained is a setting as the command's help has it. A command that needs a run
// takes what no flag says from its record.
func (c *command) explained(option *config.Option) *config.Option {
	meaning, other := c.meanings[option.Name]
	switch {
	case other:
		option.Doc, option.Default = meaning, ""
	case c.needsRun && option.Class != config.Invocation && option.Class != config.Consent:
		option.Default = "the run's"
	}
	return option
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
	return withHint(config.Usagef("%s takes no argument %q", c.name(), args[0]), cmd)
}

func (c *command) name() string {
	name, _, _ := strings.Cut(c.use, " ")
	return name
}

// walk calls visit for each command and its children.
func walk(all []*command, visit func(*command)) {
	for _, c := range all {
		visit(c)
		walk(c.children, visit)
	}
}

// knownNames lists what the environment and env files can set: every setting and
// every command's own options.
func knownNames(all []*command) []string {
	var names []string
	add := func(options []*config.Option) {
		for _, option := range options {
			if !slices.Contains(names, option.Name) {
				names = append(names, option.Name)
			}
		}
	}
	o, s := config.NewOptions(nil), &settings.Settings{}
	s.Declare(o)
	add(o.All())
	add(commonOptions())
	walk(all, func(c *command) { add(c.options()) })
	return names
}
