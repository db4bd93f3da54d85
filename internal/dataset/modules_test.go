package dataset

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
)

func TestModules(t *testing.T) {
	for _, module := range Modules() {
		source, options, err := MakeDataset(module.Name, "")
		if err != nil || source == nil {
			t.Errorf("%s: %v", module.Name, err)
		}
		if module.Doc == "" {
			t.Errorf("%s has no documentation", module.Name)
		}
		for _, option := range module.Options {
			if _, recorded := options[option.Name]; recorded != (option.Class != config.Execution && !option.IsLater()) {
				t.Errorf("%s: option %s of class %q: recorded is %t", module.Name, option.Name, option.Class, recorded)
			}
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
