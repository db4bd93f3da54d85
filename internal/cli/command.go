package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

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
	// recordedIn finds the run whose configuration takes part where --run names something
	// else, such as a folder of several; nil: it names a run directory.
	recordedIn func(path string) (string, error)
	needsRun   bool // --run must be given
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
	terminal bool     // the standard output is one
	colored  bool     // and shows colours
	environ  []string // of the process
	args     []string
	settings *settings.Settings
	env      *rundir.Environment
	options  []*config.Option // of the settings and of every command, resolved
	origins  config.Origins
}

// The groups of commands.
const (
	groupStages = "The pipeline, whole and by stages"
	groupData   = "Data and predictions"
	groupReview = "Approval of what is released"
	groupAbout  = "About the program"
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
