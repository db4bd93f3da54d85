package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// optionsFlag ends the names of flags that hold the options of a module which another
// flag chooses: --model-options.
const optionsFlag = "-options"

// registerCompletions offers the words that flags take in a shell. What is chosen, as by
// another flag, is the text of a setting by name.
func registerCompletions(cmd *cobra.Command, chosen func(name string) string) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		value, ours := flag.Value.(flagValue)
		if !ours {
			return
		}
		if words := wordsOf(cmd, value.option, chosen); words != nil {
			// The only error is a flag that does not exist or has completions.
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return offered(words(typed), typed)
			})
		}
	})
}

// offered are the words that begin with what is typed, and what the shell does with them:
// it sets no space after a word that can go on.
func offered(words []string, typed string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	words = slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, typed) })
	if slices.ContainsFunc(words, func(word string) bool {
		text, _, _ := strings.Cut(word, "\t")
		return strings.HasSuffix(text, "=") || strings.HasSuffix(text, ":")
	}) {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return words, directive
}

// wordsOf makes what completes the value of an option; nil where file names may do.
func wordsOf(cmd *cobra.Command, option *config.Option, chosen func(name string) string) func(typed string) []string {
	kind, holdsOptions := strings.CutSuffix(option.Name, optionsFlag)
	modules, named := modulesOf("--" + kind)
	switch {
	case holdsOptions && named:
		return func(typed string) []string { return optionWords(modules, chosen(kind), typed) }
	case named && strings.HasSuffix(placeholder(option), ",..."):
		withOptions := cmd.Flags().Lookup(option.Name+optionsFlag) == nil
		return func(typed string) []string { return listWords(modules, withOptions, typed) }
	case named:
		return func(string) []string { return moduleNames("", modules, nil) }
	case option.Choices() != nil || option.Type == "int" || option.Type == "float":
		return func(string) []string { return slices.Clone(option.Choices()) }
	}
	return nil
}

// chosen says what setting a command would have, as far as flags, environment, recipe and
// env files say so, or by default.
func (a *app) chosen(cmd *cobra.Command, c *command, all []*command, given map[string]string) func(name string) string {
	return func(name string) string {
		r := &resolution{command: c, known: knownNames(all), flags: config.Flags(flagsGiven(cmd, given)), environ: a.environ, stderr: io.Discard}
		_ = r.readAmbient() // files that cannot be read say nothing
		if text, found := config.Lookup(name, append([]config.Source{r.flags}, r.ambient...)...); found {
			return text.Value
		}
		o := config.NewOptions(nil)
		new(settings.Settings).Declare(o)
		if option := o.Lookup(name); option != nil {
			return option.Default
		}
		return ""
	}
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

// moduleNames are the names that are not taken, after what comes before them.
func moduleNames(before string, modules []config.Description, taken []string) []string {
	var names []string
	for _, module := range modules {
		if !slices.Contains(taken, module.Name) {
			names = append(names, before+module.Name+"\t"+module.Doc)
		}
	}
	return names
}

// listWords complete a list of modules, "NAME,NAME", or with options
// "NAME:key=value:key=value,NAME".
func listWords(modules []config.Description, withOptions bool, typed string) []string {
	before, last := cutBehind(typed, ",")
	name, options, begun := strings.Cut(last, ":")
	if begun && withOptions {
		module := slices.IndexFunc(modules, func(m config.Description) bool { return m.Name == name })
		if module < 0 {
			return nil
		}
		earlier, present := cutBehind(options, ":")
		return keyWords(before+name+":"+earlier, modules[module].Options, strings.Split(earlier, ":"), present)
	}
	var taken []string
	for entry := range strings.SplitSeq(before, ",") {
		name, _, _ := strings.Cut(entry, ":")
		taken = append(taken, name)
	}
	return moduleNames(before, modules, taken)
}

// optionWords complete the options of the chosen modules, "key=value,key=value", or of
// several "NAME:key=value". Where none is known to be chosen, they are those of all.
func optionWords(modules []config.Description, chosen, typed string) []string {
	before, last := cutBehind(typed, ",")
	names := strings.Split(chosen, ",")
	found := slices.DeleteFunc(slices.Clone(modules), func(m config.Description) bool { return !slices.Contains(names, m.Name) })
	key, _, _ := strings.Cut(last, "=")
	if name, _, prefixed := strings.Cut(key, ":"); prefixed {
		found = slices.DeleteFunc(found, func(m config.Description) bool { return m.Name != name })
		before, last = before+name+":", last[len(name)+1:]
	} else if len(names) > 1 {
		var words []string
		for _, m := range found {
			words = append(words, before+m.Name+":\t"+m.Doc)
		}
		return words
	}
	if len(found) == 0 && len(names) == 1 {
		found = modules
	}
	var words []string
	for _, m := range found {
		words = append(words, keyWords(before, m.Options, strings.Split(before, ","), last)...)
	}
	return slices.Compact(slices.Sorted(slices.Values(words)))
}

// keyWords complete "key=value", after what comes before it. Keys that are given already
// are left out.
func keyWords(before string, options []*config.Option, given []string, typed string) []string {
	key, _, assigned := strings.Cut(typed, "=")
	var words []string
	for _, o := range options {
		values := o.Choices()
		if values == nil && o.Default != "" {
			values = []string{o.Default}
		}
		switch {
		case assigned && o.Name == key:
			for _, value := range values {
				words = append(words, before+key+"="+value+"\t"+o.Doc)
			}
		case !assigned && !slices.ContainsFunc(given, func(entry string) bool { return strings.HasPrefix(entry, o.Name+"=") }):
			words = append(words, before+o.Name+"=\t"+o.Doc)
		}
	}
	return words
}

// cutBehind cuts a text behind the last separator.
func cutBehind(text, separator string) (before, last string) {
	at := strings.LastIndex(text, separator) + len(separator)
	if at < len(separator) {
		return "", text
	}
	return text[:at], text[at:]
}
