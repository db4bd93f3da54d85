package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/blocktrain/blocktrain/internal/config"
)

// Columns at which the second column of a help text begins.
const (
	commandColumn = 14
	flagColumn    = 34
)

// The keys of a command's annotations: its group, and whether it goes by flags alone.
const (
	annotationGroup      = "group"
	annotationFlagsAlone = "flags-alone"
)

// help writes a command's help to its output.
func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	if cmd.Short != "" {
		fmt.Fprintf(w, "%s: %s\n\n", cmd.CommandPath(), cmd.Short)
	}
	if cmd.Long != "" {
		fmt.Fprintf(w, "%s\n\n", strings.Trim(cmd.Long, "\n"))
	}
	fmt.Fprintf(w, "Usage:\n  %s\n", usageLine(cmd))
	if cmd.HasAvailableSubCommands() && cmd.HasParent() {
		fmt.Fprintf(w, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	writeCommands(w, cmd)
	writeFlags(w, cmd)
	writeHelpFooter(w, cmd)
}

func usageLine(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Name() + " COMMAND [flags]"
	}
	line := cmd.UseLine()
	if cmd.HasAvailableFlags() {
		line += " [flags]"
	}
	return line
}

// writeCommands lists the commands below cmd, by group.
func writeCommands(w io.Writer, cmd *cobra.Command) {
	heading := ""
	for _, child := range inOrder(cmd.Commands()) {
		if !child.IsAvailableCommand() {
			continue
		}
		group := child.Annotations[annotationGroup]
		if group == "" {
			group = "Commands"
		}
		if group != heading {
			fmt.Fprintf(w, "\n%s:\n", group)
			heading = group
		}
		writeEntry(w, "  "+child.Name(), commandColumn, child.Short)
	}
}

// inOrder sorts commands as they are declared; cobra sorts them by name.
func inOrder(children []*cobra.Command) []*cobra.Command {
	position := map[string]int{}
	for i, c := range commands() {
		position[c.name()] = i
	}
	slices.SortStableFunc(children, func(a, b *cobra.Command) int { return position[a.Name()] - position[b.Name()] })
	return children
}

// writeFlags lists the flags of cmd, by the groups of their options.
func writeFlags(w io.Writer, cmd *cobra.Command) {
	heading := ""
	write := func(flag *pflag.Flag) {
		value, ours := flag.Value.(flagValue)
		if !ours {
			return
		}
		group := value.option.Group
		if group == "" {
			group = "Flags"
		}
		if group != heading {
			fmt.Fprintf(w, "\n%s:\n", group)
			heading = group
		}
		writeFlag(w, value.option)
	}
	if cmd.HasParent() {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if cmd.Root().PersistentFlags().Lookup(flag.Name) == nil {
				write(flag)
			}
		})
	}
	cmd.Root().PersistentFlags().VisitAll(write)
	writeEntry(w, "  -h, --help", flagColumn, "show this text")
}

func writeFlag(w io.Writer, option *config.Option) {
	head := "      --" + option.Name
	if short := shorthands[option.Name]; short != "" {
		head = "  -" + short + ", --" + option.Name
	}
	text := option.Doc
	if !option.IsSwitch() {
		head += " " + placeholder(option)
		if option.Default != "" {
			text += " [" + option.Default + "]"
		}
	}
	writeEntry(w, head, flagColumn, text)
}

// placeholders stand in help for the values of flags that mean the same for every command.
// Others have a placeholder of their own, or a word for their type.
var placeholders = map[string]string{
	"baseline": "RUN|PACKAGE", "criteria": "NAME,...", "data-dir": "[NAME=]DIR", "dataset": "NAME,...",
	"class-map": "FILE", "crop-fraction": "NUMBER", "keep-size": "N", "levels": "LOW,HIGH", "memory": "SIZE", "test-image-size": "SIZE", "train-classes": "NAME,...",
	"cpu-profile": "FILE", "dataset-options": "KEY=VALUE,...", "env-file": "FILE", "exporters": "NAME,...", "freeze": "PREFIX,...", "image-size": "SIZE",
	"annotate": "DIR", "cache-size": "SIZE", "frame-size": "WxH", "part": "NAME,...", "augment": "NAME,...", "init-from": "FILE", "input": "WxHxC", "loss": "NAME", "member": "NAME", "loss-options": "KEY=VALUE,...", "model": "NAME", "model-config-name": "NAME",
	"model-options": "KEY=VALUE,...", "name": "NAME", "sensor": "PROFILE", "optimizer": "NAME", "optimizer-options": "KEY=VALUE,...",
	"output": "FILE", "output-dir": "DIR", "recipe": "NAME", "release-version": "VERSION", "run": "DIR", "schedule": "NAME", "every": "N|TIME", "raw": "WxH:FORMAT:RATE", "summary": "FILE",
	"schedule-options": "KEY=VALUE,...", "server-has": "NAME,...", "model-repository": "DIR", "staging": "DIR", "rollback": "MODEL", "image": "IMAGE", "public-key": "FILE", "review": "FILE", "token-file": "FILE", "signing-key": "FILE", "model-signing-key": "FILE", "split": "FILE", "split-ratio": "A/B/C", "triton": "YY.MM", "visualizations": "NAME,...", "weights": "FILE",
}

func placeholder(option *config.Option) string {
	if option.Placeholder != "" {
		return option.Placeholder
	}
	if word, special := placeholders[option.Name]; special {
		return word
	}
	switch option.Type {
	case "int":
		return "N"
	case "float":
		return "NUMBER"
	case "list", "string":
		return "TEXT"
	}
	return option.Type
}

func writeHelpFooter(w io.Writer, cmd *cobra.Command) {
	if !cmd.HasParent() {
		fmt.Fprint(w, "\n'blocktrain COMMAND --help' shows a command's flags and examples.\n")
		return
	}
	if cmd.Annotations[annotationFlagsAlone] != "" {
		return
	}
	fmt.Fprint(w, "\nAny flag can also be set by an environment variable or a line of .env, such as\n"+
		"BLOCKTRAIN_LOG_LEVEL=debug; 'blocktrain config' shows what is set, and where.\n")
}

// helpCommand is "blocktrain help COMMAND".
func helpCommand(top *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "show the help of a command", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := top.Find(args)
			if err == nil && len(rest) > 0 {
				return config.Usagef("unknown command %q", strings.Join(args, " "))
			}
			if err != nil { // which cobra says of an unknown command alone
				return unknownCommand(args[0], top.Name(), commands())
			}
			help(cmd, nil)
			return nil
		},
	}
}
