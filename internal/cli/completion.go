package cli

import (
	"context"
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
flags, and the names of modules.`,
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

func writeCompletion(top *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return top.GenBashCompletionV2(w, true)
	case "zsh":
		return top.GenZshCompletion(w)
	case "fish":
		return top.GenFishCompletion(w, true)
	case "powershell":
		return top.GenPowerShellCompletionWithDesc(w)
	}
	return fmt.Errorf("no completion for %s", shell)
}
