package dataset

import (
	"strings"
	"testing"
)

func TestModules(t *testing.T) {
	for _, module := range Modules() {
		source, options, err := MakeDataset(module.Name, "")
		if err != nil || source == nil {
			t.Errorf("%s: %v", module.Name, err)
		}
		if len(options) != len(module.Options) || module.Doc == "" {
			t.Errorf("%s: %d options resolved, %d declared; documented as %q", module.Name, len(options), len(module.Options), module.Doc)
		}
		for _, option := range module.Options {
			if option.Doc == "" || strings.HasSuffix(option.Doc, ".") {
				t.Errorf("%s: option %s is documented as %q", module.Name, option.Name, option.Doc)
			}
		}
	}
	_, _, err := MakeDataset("fashon-mnist", "")
	wantError(t, err, `unknown dataset "fashon-mnist"`, "did you mean fashion-mnist")
	_, _, err = MakeDataset("mnist", "download=maybe")
	wantError(t, err, "dataset mnist: download=maybe: want true or false")
}
