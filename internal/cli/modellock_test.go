package cli

import (
	"os"
	"strings"
	"testing"
)

// TestLock writes a lock of an approved run. A second run of the same settings on another
// number of workers is what it says, and one of others is not.
func TestLock(t *testing.T) {
	makeRuns(t)
	lenient := "--min-test-accuracy 0 --min-per-class-accuracy 0 --max-inference-time-ms 20000 --visualizations none "
	for _, flags := range []string{"--workers 1 --output-dir again", "--seed 5 --output-dir other"} {
		if code, errs := runBriefly(t, strings.Fields("run --quiet "+smallRun+" "+lenient+flags)); code != ExitDone {
			t.Fatalf("exit code %d: %s", code, errs)
		}
	}
	lock := func(want int, args string) string {
		t.Helper()
		code, out, errs := reviewed(t, strings.Fields(args)...)
		if code != want {
			t.Errorf("%s: exit code %d, want %d: %s%s", args, code, want, out, errs)
		}
		return out + errs
	}
	lock(ExitDone, "lock r")
	b, err := os.ReadFile("release/model.lock")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{`"digits": "built-in"`, `"model.name": "linear"`, `"settings.seed": "1"`, `"classes": "[\"0\",\"1\",`, `"min_test_accuracy": ">= 0 share"`, `"test.accuracy": 0.`, `"evaluation/test.json": "`, `"contract_version": `, `"toolchain": "go1.`} {
		if !strings.Contains(text, want) {
			t.Errorf("the lock lacks %q:\n%s", want, text)
		}
	}
	for _, wrong := range []string{"latency_ms", "max_inference_time_ms\": 0", "machine", "model_size_mb\": 0"} {
		if strings.Contains(text, wrong) {
			t.Errorf("the lock has %q, which depends on the machine:\n%s", wrong, text)
		}
	}
	out := lock(ExitDifference, "lock check again release/model.lock")
	if strings.Count(out, "the lock has") != 1 || !strings.Contains(out, "thresholds.max_inference_time_ms: the lock has <= 10000 ms, the run has <= 20000 ms") {
		t.Errorf("other differences than that of the threshold:\n%s", out)
	}
	lock(ExitDone, "lock again --output again.lock")
	lock(ExitDone, "lock check again again.lock")
	for _, want := range []string{"digests.weights.model: ", "identity_sha256: ", "digests.evaluations.evaluation/test.json: "} {
		if out := lock(ExitDifference, "lock check other again.lock"); !strings.Contains(out, want) {
			t.Errorf("%q is not named:\n%s", want, out)
		}
	}
	lock(ExitDone, "lock check again again.lock --summary table.md")
	lock(ExitRefused, "lock check refused again.lock --summary table.md")
	lock(ExitDifference, "lock check other again.lock --summary table.md")
	table, err := os.ReadFile("table.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"**approved**: every criterion is passed \\(5\\)", "| min\\_test\\_accuracy | ", "Every digest and figure is that of again.lock.\n", "**refused**", "| **failed** |",
		"Not compared with again.lock: refused: ", "values are not those of again.lock:\n\n- "} {
		if !strings.Contains(string(table), want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if out := lock(ExitDone, "lock fetch release/model.lock"); out != "\n" {
		t.Errorf("the drawn digits come from %q", out)
	}
	lock(ExitRefused, "lock refused")
	lock(ExitRefused, "lock check refused release/model.lock")
	lock(ExitUsage, "lock r --data letters=download")
	lock(ExitUsage, "lock r --data nowhere")
	lock(ExitUsage, "lock none")
	lock(ExitUsage, "lock empty")
	lock(ExitUsage, "lock r/package/digits-linear-0.1.0")
	lock(ExitFailed, "lock check r text.txt")
	if err := os.WriteFile("r/evaluation/test.json", []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	lock(ExitFailed, "lock check r release/model.lock")
}
