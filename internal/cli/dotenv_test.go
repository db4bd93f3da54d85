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

var update = flag.Bool("update", false, "write the golden files anew")

// defaultsFile is what .env is where nobody has changed a default. A test that compared
// .env itself would fail wherever somebody has: .ci/run does so, while .env says that it
// holds the built-in defaults.
const defaultsFile = "testdata/defaults.env"

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
# They are the built-in defaults, which .ci/run checks while this line is here.
`)
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

// TestDefaultsFile compares the golden copy of .env.
func TestDefaultsFile(t *testing.T) {
	if *update {
		if err := os.WriteFile(defaultsFile, []byte(dotEnv()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(defaultsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dotEnv(), string(b)); diff != "" {
		t.Errorf("run go test ./internal/cli -run TestDefaultsFile -update, and copy the file to .env if .env has no defaults of its own\n%s", diff)
	}
	checkEnvFile(t, defaultsFile)
}

// TestDotEnv checks that the committed .env, whatever its values, is one that the program
// takes.
func TestDotEnv(t *testing.T) { checkEnvFile(t, "../../.env") }

// TestExampleSettings checks the settings of the examples.
func TestExampleSettings(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/.env")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) { checkEnvFile(t, file) })
	}
}

func checkEnvFile(t *testing.T, path string) {
	t.Helper()
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
}
