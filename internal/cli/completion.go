package cli

import (
	"context"
	_ "embed" // the functions for bash
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/blocktrain/blocktrain/internal/config"
)

// shells are those that cobra knows.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func completionCommand() *command {
	return &command{
		use: "completion SHELL", short: "write a script that completes commands in a shell", group: groupAbout,
		long: `Writes the script for bash, zsh, fish or powershell. It completes commands,
flags, the names of modules, and their options, as in --model-options and inside
of --augment. For bash, no other package is needed.`,
		example: `  source <(blocktrain completion bash)
  blocktrain completion zsh > "${fpath[1]}/_blocktrain"
  blocktrain completion fish > ~/.config/fish/completions/blocktrain.fish`,
		complete: shells,
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want the name of one shell: bash, zsh, fish or powershell")
			}
			if !slices.Contains(shells, args[0]) {
				return &config.UsageError{Err: config.UnknownName("shell", args[0], shells)}
			}
			return nil
		},
		run: func(_ context.Context, c *call) error { return writeCompletion(c.root, c.args[0], c.stdout) },
	}
}

// bashAlone makes cobra's script for bash do without the package bash-completion, by
// functions that take the place of those in it, and makes it complete lists with commas.
//
//go:embed completion.bash
var bashAlone string

func writeCompletion(top *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		if err := top.GenBashCompletionV2(w, true); err != nil {
			return err
		}
		_, err := io.WriteString(w, bashAlone)
		return err
	case "zsh":
		return top.GenZshCompletion(w)
	case "fish":
		return top.GenFishCompletion(w, true)
	case "powershell":
		return top.GenPowerShellCompletionWithDesc(w)
	}
	return fmt.Errorf("no completion for %s", shell)
}
