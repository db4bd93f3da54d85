package settings

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
)

// TestRecipesAreWhole holds recipes to what they are: they say all about how a
// network is trained, so that no line of .env is mixed in, and nothing about data,
// seeds and thresholds, which belong to whoever uses the recipe. Photographs are larger
// than a network from nothing can take in minutes, so that its recipe has a size.
func TestRecipesAreWhole(t *testing.T) {
	want := []string{"augment", "model", "model-options"}
	from := []string{"transfer", "transfer-head"} // which begin with weights of their own
	for _, option := range new(Settings).view() {
		ofUser := slices.Contains([]string{"seed", "sampling", "overfit-batch"}, option.Name)
		if (option.Group == "Training" || option.Group == "Phases" || option.Group == "Early stopping") && !ofUser {
			want = append(want, option.Name)
		}
	}
	for _, recipe := range Recipes() {
		var got []string
		for _, option := range recipe.Options {
			got = append(got, option.Name)
		}
		all := slices.Clone(want)
		if slices.Contains(from, recipe.Name) {
			all = slices.Insert(all, 3, "init-from")
		}
		if recipe.Name == "photos" {
			all = slices.Insert(all, 0, "resize", "crop-fraction", "image-size")
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("recipe %s:\n%s", recipe.Name, diff)
		}
	}
}

// TestRecipesResolve checks every recipe as a run would.
func TestRecipesResolve(t *testing.T) {
	for _, recipe := range Recipes() {
		source, err := Recipe(recipe.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		s, o := &Settings{}, config.NewOptions(nil)
		s.Declare(o)
		origins, err := o.Resolve(config.Flags(map[string]string{"batch-size": "7"}), source)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := s.Check(); err != nil {
			t.Errorf("recipe %s: %v", recipe.Name, err)
		}
		if s.BatchSize != 7 || origins["model"] != "recipe "+recipe.Name {
			t.Errorf("recipe %s: batches of %d, origin of the model %q", recipe.Name, s.BatchSize, origins["model"])
		}
		if recipe.Doc == "" || strings.HasSuffix(recipe.Doc, ".") || strings.HasPrefix(recipe.Doc, "BLOCKTRAIN_") {
			t.Errorf("recipe %s: want one line of documentation at the top, without full stop: %q", recipe.Name, recipe.Doc)
		}
	}
}

func TestUnknownRecipe(t *testing.T) {
	_, err := Recipe("fsat")
	var usage *config.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), `unknown recipe "fsat": did you mean fast? (valid: `) {
		t.Errorf("error %v", err)
	}
}
