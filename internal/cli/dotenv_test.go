package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// A flag of its own: -update, which rewrites golden files, must not touch settings.
var writeDotEnv = flag.Bool("write-dotenv", false, "write the built-in defaults to a .env that says it holds them")

const repository = "../.."

// defaultsMark is the line of .env that says that it holds the built-in defaults. A
// team with defaults of its own removes it, and the tests pass all the same.
const defaultsMark = "# A test keeps these values equal to the built-in defaults while this line is here."

// dotEnv is the text of .env with the built-in defaults. What belongs to a single
// run is left out.
func dotEnv() string {
	var b strings.Builder
	b.WriteString(`# Defaults of this repository. To change one for everybody, change it here, not in
# the code; for this machine alone, put the line into .env.local, which git ignores.
#
# Precedence: flag > environment > --env-file FILE > recipe > .env.local > .env >
# built-in.
# 'blocktrain config' shows every value and where it comes from. Write no secrets.
#
` + defaultsMark + "\n")
	group := ""
	for _, option := range settingsOptions() {
		if option.Class == config.Invocation || option.Class == config.Consent {
			continue
		}
		if option.Group != group {
			group = option.Group
			fmt.Fprintf(&b, "\n# %s\n", strings.ToUpper(group))
		}
		doc := option.Doc
		if choices := option.Choices(); choices != nil && !option.IsSwitch() {
			doc += ": " + strings.Join(choices, " or ")
		}
		for _, line := range wrap(doc, lineWidth-2) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		fmt.Fprintf(&b, "%s=%s\n", config.Key(option.Name), option.Default)
	}
	return b.String()
}

func settingsOptions() []*config.Option {
	o, s := config.NewOptions(nil), &settings.Settings{}
	s.Declare(o)
	return o.All()
}

// TestDotEnv checks that the committed .env is one that the program takes, and, as
// long as it says so, that it holds the built-in defaults.
func TestDotEnv(t *testing.T) {
	path := filepath.Join(repository, ".env")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ofDefaults := strings.Contains(string(b), defaultsMark)
	if *writeDotEnv && ofDefaults {
		b = []byte(dotEnv())
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sources, _, err := config.Ambient{Dir: t.TempDir(), Files: []string{path}}.Sources(knownNames(commands()))
	if err != nil {
		t.Fatal(err)
	}
	var s settings.Settings
	o := config.NewOptions(nil)
	s.Declare(o)
	if _, err := o.Resolve(sources...); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if ofDefaults {
		if diff := cmp.Diff(dotEnv(), string(b)); diff != "" {
			t.Errorf("run go test ./internal/cli -run TestDotEnv -write-dotenv\n%s", diff)
		}
	}
}
