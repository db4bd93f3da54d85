package settings

import (
	"embed"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// recipeFiles hold one recipe each: an env file that begins with its line of
// documentation as a comment.
//
//go:embed recipes/*.env
var recipeFiles embed.FS

const recipeFolder, recipeSuffix = "recipes", ".env"

// Recipe returns the settings of the recipe called name. The error of an unknown
// name, a config.UsageError, suggests others.
func Recipe(name string) (config.Source, error) {
	text, err := recipeFiles.ReadFile(recipeFolder + "/" + name + recipeSuffix)
	if err != nil {
		return nil, config.Usage(config.UnknownName("recipe", name, recipeNames()))
	}
	return config.ParseEnv("recipe "+name, text)
}

func recipeNames() []string {
	files, _ := recipeFiles.ReadDir(recipeFolder) // embedded: it is there
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), recipeSuffix))
	}
	return names
}

// Recipes documents every recipe, sorted by name, with the settings that it makes
// as options.
func Recipes() []config.Description {
	var all []config.Description
	for _, name := range recipeNames() {
		text, _ := recipeFiles.ReadFile(recipeFolder + "/" + name + recipeSuffix)
		first, _, _ := strings.Cut(string(text), "\n")
		all = append(all, config.Description{Name: name, Doc: strings.TrimPrefix(first, "# "), Options: recipeOptions(name)})
	}
	return all
}

// recipeOptions are the settings of a recipe, with its values as defaults, in the
// order of declaration. A test parses every recipe.
func recipeOptions(name string) []*config.Option {
	source, _ := Recipe(name)
	o, s := config.NewOptions(nil), &Settings{}
	s.Declare(o)
	var options []*config.Option
	for _, option := range o.All() {
		if text, given := config.Lookup(option.Name, source); given {
			option.Default = text.Value
			options = append(options, option)
		}
	}
	return options
}
