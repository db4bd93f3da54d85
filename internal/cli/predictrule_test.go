package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestPredictByTheRuleOfThePackage goes by the numbers that a package has, refuses a package that
// asks for what this program does not do, and warns of another lag than that of training.
func TestPredictByTheRuleOfThePackage(t *testing.T) {
	t.Chdir(t.TempDir())
	drawClips(t, 31)
	drawClip(t, "new/a", 1, 3, 60)
	succeed(t, "run", "--dataset", "clips", "--data-dir", "clips", "--dataset-options", "margin=2,minimum=16,stride=3", "--model", "mlp", "--epochs", "1",
		"--image-size", "16", "--batch-size", "8", "--decision-folds", "2", "--controls", "off", "--min-test-accuracy", "0", "--min-per-class-accuracy", "0",
		"--visualizations", "none", "--exporters", "", "--name", "small", "--quiet", "--output-dir", "run")
	dir := filepath.Join("run", "package", "small-0.1.0")
	path := filepath.Join(dir, postprocess.File)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string) {
		t.Helper()
		if !strings.Contains(string(text), old) {
			t.Fatalf("%s lacks %s: %s", path, old, text)
		}
		writeText(t, path, strings.Replace(string(text), old, new, 1))
		if err := fileio.WriteChecksums(dir); err != nil {
			t.Fatal(err)
		}
	}
	predicted := func(want int, args ...string) (out, errs string) {
		t.Helper()
		code, out, errs := watched(t, "", append([]string{"--run", dir, "new/a"}, args...)...)
		if code != want {
			t.Fatalf("%q: exit code %d, want %d: %s", args, code, want, errs)
		}
		return out, errs
	}

	own, errs := predicted(ExitDone)
	if strings.Contains(errs, "WARN") {
		t.Errorf("a warning: %s", errs)
	}
	short, errs := predicted(ExitDone, "--lag", "20")
	if !strings.Contains(errs, "another --lag") || !strings.Contains(errs, "trained_with=64 lag=20") {
		t.Errorf("no warning of another lag: %s", errs)
	}
	changed(`"lag": 64`, `"lag": 20`)
	if out, errs := predicted(ExitDone); out != short || strings.Contains(errs, "WARN") {
		t.Errorf("with lag 20 in the package there are other lines than with --lag 20: %s%s", errs, cmp.Diff(short, out))
	}
	changed(`"pad": 4`, `"pad": 9`)
	if out, _ := predicted(ExitDone); linesOf[line](t, out)[30].Box[2] <= linesOf[line](t, own)[30].Box[2] {
		t.Errorf("boxes that the package wants wider are not: %v, were %v", linesOf[line](t, out)[30].Box, linesOf[line](t, own)[30].Box)
	}
	for old, new := range map[string]string{
		`"schema": 1`: `"schema": 2`, `"gap": 8`: `"gap": 8, "glide": 2`, `"gap": 9`: `"gap": 900`, `"every": 4`: `"every": 3`, `"frames": 30`: `"frames": 31`,
		`"margin": 200`: `"margin": 300`, postprocess.ByNetwork: "a look at the stars",
	} {
		changed(strings.Replace(old, `"gap": 9`, `"gap": 8`, 1), new)
		if out, errs := predicted(ExitFailed); out != "" || !strings.Contains(errs, postprocess.File) || !strings.Contains(errs, "use the version of the program that made the package") {
			t.Errorf("%s: %s%s", new, out, errs)
		}
	}
	testRuleOfRuns(t)
}

// testRuleOfRuns wants a warning where another version of the program made a run, which has no
// rule of its own.
func testRuleOfRuns(t *testing.T) {
	t.Helper()
	if code, _, errs := watched(t, "", "--run", "run", "new/a"); code != ExitDone || strings.Contains(errs, "another version") {
		t.Errorf("a run of this version: exit code %d: %s", code, errs)
	}
	record, err := rundir.At("run").ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	record.Execution.Program = "blocktrain 0.0.1 " + strings.Repeat("0", 40)
	if err := rundir.At("run").WriteRecord(record); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := watched(t, "", "--run", "run", "new/a"); code != ExitDone || !strings.Contains(errs, "another version of the program made it") {
		t.Errorf("a run of another version: exit code %d, no warning: %s", code, errs)
	}
}
