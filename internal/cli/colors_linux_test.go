package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestColors runs the program on a terminal and elsewhere: outcomes have their colours on
// the terminal alone, and there only where nobody has said that colours are unwanted.
func TestColors(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	t.Chdir(t.TempDir())
	args := []string{"run", "--output-dir", run, "--dataset-options", "count=100,test-count=50", "--model", "linear", "--epochs", "1", "--visualizations", "none"}
	gate := []string{"gate", "--run", run, "--dry-run"}
	const red, green = "\x1b[31m", "\x1b[32m"
	t.Setenv("NO_COLOR", "")
	raw := onTerminal(t, args)
	for _, want := range []string{"decision  " + red + "refused\x1b[0m", red + "FAILED\x1b[0m", green + "passed\x1b[0m", "blocktrain: " + red + "refused\x1b[0m: "} {
		if !strings.Contains(raw, want) {
			t.Errorf("want %q in\n%q", want, raw)
		}
	}
	if raw = onTerminal(t, gate); !strings.Contains(raw, "decision  "+red+"refused\x1b[0m") {
		t.Errorf("the gate shows no colour:\n%q", raw)
	}
	if raw = onTerminal(t, []string{"verify", run}); !strings.Contains(raw, green+"verified\x1b[0m: ") {
		t.Errorf("verification shows no colour:\n%q", raw)
	}
	for _, log := range []string{"blocktrain.log", "report.html"} {
		if text, err := os.ReadFile(filepath.Join(run, log)); err != nil || strings.Contains(string(text), "\x1b") {
			t.Errorf("%s has colours, or error %v", log, err)
		}
	}
	var piped bytes.Buffer
	if code := Run(t.Context(), gate, strings.NewReader(""), &piped, &piped); code != ExitRefused || strings.Contains(piped.String(), "\x1b") {
		t.Errorf("code %d and, in a file,\n%q", code, piped.String())
	}
	t.Setenv("NO_COLOR", "1")
	if raw = onTerminal(t, gate); strings.Contains(raw, red) || !strings.Contains(raw, "refused") {
		t.Errorf("with NO_COLOR the terminal gets\n%q", raw)
	}
}

// onTerminal is what a command writes to a terminal.
func onTerminal(t *testing.T, args []string) string {
	t.Helper()
	tty, end := openTerminal(t, 80)
	Run(t.Context(), args, strings.NewReader(""), tty, tty)
	return end()
}
