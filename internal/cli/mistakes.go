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

// What the program says of commands and flags that there are not.

// withHint points a usage error at the command's help.
func withHint(err error, cmd *cobra.Command) error {
	var usage *config.UsageError
	if errors.As(err, &usage) && usage.Hint == "" {
		usage.Hint = fmt.Sprintf("'%s --help' shows how it is used", cmd.CommandPath())
	}
	return err
}

// flagError turns pflag's errors into ours, with suggestions.
func flagError(cmd *cobra.Command, err error) error {
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
