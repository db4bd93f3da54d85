package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckFolder: a folder or file that is no model repository is refused with what to give
// instead.
func TestCheckFolder(t *testing.T) {
	dir := t.TempDir()
	run, file := filepath.Join(dir, "run"), filepath.Join(dir, "model.tar.gz")
	if err := os.MkdirAll(run, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, filepath.Join(run, "run.env")} {
		if err := os.WriteFile(name, []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		file:                         "unpack an archive",
		run:                          "is a run directory: give its package, a folder in " + filepath.Join(run, "package"),
		filepath.Join(dir, "absent"): "does not exist",
	} {
		if err := checkFolder(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(run, "SHA256SUMS"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, run} { // a repository, and a package, whose list of hashes tells it from a run
		if err := checkFolder(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
