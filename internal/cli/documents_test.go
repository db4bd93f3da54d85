package cli

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are pages for users, whose commands must work as they are written.
var documents = []string{"../../README.md", "../../doc/Data.md"}

var documentedCall = regexp.MustCompile(`(?m)^    (?:go run \./cmd/)?blocktrain ((?:.*\\\n)*.*)$`)

// TestCommandsOfDocuments checks the commands in code blocks: that command and flags exist,
// and that what a run is to do is checked without a mistake.
func TestCommandsOfDocuments(t *testing.T) {
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		for _, match := range documentedCall.FindAllStringSubmatch(string(text), -1) {
			line, _, _ := strings.Cut(strings.NewReplacer("\\\n", " ", "'", "").Replace(match[1]), "  #")
			calls++
			checkDocumented(t, document, strings.Fields(line))
		}
		if calls == 0 {
			t.Errorf("%s has no commands", document)
		}
	}
}

func checkDocumented(t *testing.T, document string, args []string) {
	t.Helper()
	called := paths()[args[0]]
	if len(args) > 1 && paths()[args[0]+" "+args[1]] != nil {
		called = paths()[args[0]+" "+args[1]]
	}
	if called == nil {
		t.Errorf("%s: no command %s", document, args[0])
		return
	}
	for _, arg := range args[1:] {
		if name, is := strings.CutPrefix(arg, "--"); is && !hasFlag(called, strings.Split(name, "=")[0]) {
			t.Errorf("%s: %s has no flag %s", document, args[0], arg)
		}
	}
	if args[0] != "run" || slices.Contains(args, "--run") {
		return
	}
	var out bytes.Buffer
	if code := Run(t.Context(), append([]string{"config"}, args[1:]...), nil, &out, &out); code != ExitDone {
		t.Errorf("%s: blocktrain %s: %s", document, strings.Join(args, " "), &out)
	}
}
