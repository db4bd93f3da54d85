package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
