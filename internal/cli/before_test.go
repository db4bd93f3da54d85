package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestStagesOfRunMadeBefore decides on a run whose record is of schema 1, and packages it:
// all of it is written by the rules of that schema.
func TestStagesOfRunMadeBefore(t *testing.T) {
	archive, err := filepath.Abs("../verify/testdata/before/runs/plain.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	photo, err := filepath.Abs("../../preprocess/images/04-grey.jpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	runtest.Unpack(t, archive, ".")
	const lenient = " --min-test-accuracy 0 --min-per-class-accuracy 0 --max-inference-time-ms 10000"
	for _, test := range []struct {
		want    int
		command string
		says    string
	}{
		{ExitUsage, "gate --run run --decided-by Ada" + lenient, "has no place for it"},
		{ExitUsage, "package --run run --release-version 7.0.0 --license MIT", "has no place for it"},
		{ExitDone, "gate --run run --release-version 7.0.1" + lenient, ""},
		{ExitDone, "package --run run", ""},
		{ExitDone, "package verify run/package/digits-fast-7.0.1", ""},
		{ExitDone, "evaluate --run run", ""},
		{ExitDone, "predict --run run " + photo, "the model was trained on images that were decoded by other rules"},
		{ExitRefused, "gate --run run --release-version 7.0.2 --min-test-accuracy 1", ""},
		{ExitDone, "verify run", ""},
		{ExitDone, "verify run/package/digits-fast-7.0.1.tar.gz", ""},
	} {
		if code, errs := runBriefly(t, append(strings.Fields(test.command), "--quiet")); code != test.want || !strings.Contains(errs, test.says) {
			t.Errorf("%s: exit code %d, want %d and %q: %s", test.command, code, test.want, test.says, errs)
		}
	}
}
