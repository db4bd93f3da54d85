package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestDryRunOfClips wants of a dry run what is trained besides the network.
func TestDryRunOfClips(t *testing.T) {
	t.Chdir(t.TempDir())
	drawClips(t, 31)
	const folds, painted = "besides         2 networks like it, each without a fold of the training part", "besides         a network like it with every target painted over, for at most 2 epochs"
	for command, want := range map[string][2]bool{
		"run": {true, true}, "train": {true, false}, "run --controls off": {true, false}, "run --decision-folds 0": {false, true},
	} {
		var out, errs bytes.Buffer
		args := append(strings.Fields(command), "--dry-run", "--dataset", "clips", "--data-dir", "clips", "--dataset-options", "margin=2,minimum=16,stride=3", "--model", "linear", "--epochs", "3", "--image-size", "16", "--quiet")
		if !strings.Contains(command, "--decision-folds") {
			args = append(args, "--decision-folds", "2")
		}
		if code := Run(t.Context(), args, strings.NewReader(""), &out, &errs); code != ExitDone {
			t.Fatalf("%s: exit code %d: %s", command, code, errs.String())
		}
		if text := out.String(); strings.Contains(text, folds) != want[0] || strings.Contains(text, painted) != want[1] || strings.Contains(text, "not estimated") {
			t.Errorf("%s: want the folds %t and the control %t: %s", command, want[0], want[1], text)
		}
	}
}
