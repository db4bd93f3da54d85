package rundir

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestShellWord lets a shell read the words.
func TestShellWord(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell here:", err)
	}
	for _, word := range []string{"runs/a", "my runs/a", "it's", "$HOME", "a\nb", `"`, "*", "runs/20260102-150405-mnist,folder-lenet5", "größe"} {
		out, err := exec.Command("sh", "-c", "printf %s "+config.ShellWord(word)).Output()
		if err != nil {
			t.Errorf("%q becomes %s, which a shell does not read: %v", word, config.ShellWord(word), err)
		}
		if string(out) != word {
			t.Errorf("%q becomes %s, which a shell reads as %q", word, config.ShellWord(word), out)
		}
	}
	if config.ShellWord("runs/a") != "runs/a" {
		t.Error("a plain path is quoted")
	}
}

// TestReplaceDir checks that a folder keeps what it holds until its successor is
// whole, and that nothing is left over of failures before.
func TestReplaceDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	fill := func(content string, failure error) func(string) error {
		return func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, content), nil, 0o600), failure)
		}
	}
	for _, left := range []string{filepath.Join(filepath.Dir(dir), ".plots.new.tmp")} { // by a process that was killed
		if err := os.MkdirAll(filepath.Join(left, "half"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	failure := errors.New("disk full")
	for _, step := range []struct {
		fill    func(string) error
		failure error
		want    string // the folder's only file afterwards
	}{
		{fill("first", failure), failure, ""},
		{fill("first", nil), nil, "first"},
		{fill("second", failure), failure, "first"},
		{fill("second", nil), nil, "second"},
	} {
		if err := fileio.ReplaceDir(dir, step.fill); !errors.Is(err, step.failure) {
			t.Fatalf("error %v, want %v", err, step.failure)
		}
		if got := names(t, dir); got != step.want {
			t.Errorf("the folder holds %q, want %q", got, step.want)
		}
		if beside := names(t, filepath.Dir(dir)); strings.Contains(beside, "tmp") {
			t.Errorf("left over: %s", beside)
		}
	}
}

// names lists the entries of a folder; one that does not exist has none.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return strings.Join(list, " ")
}

// TestFolderOfRuns checks that a folder of runs is not called anything else.
func TestFolderOfRuns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o755), fileio.WriteBytes(SettingsPath(filepath.Join(dir, name)), nil)); err != nil {
			t.Fatal(err)
		}
	}
	want := "; it holds runs, such as " + filepath.Join(dir, "b")
	if err := CheckPath(dir); err == nil || !strings.HasSuffix(err.Error(), "is not a run directory"+want) {
		t.Errorf("as a run: error %v", err)
	}
	source, err := OpenSource(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := source.OpenModel(""); err == nil || !strings.HasSuffix(err.Error(), "is neither a run directory nor a package"+want) {
		t.Errorf("as a model: error %v", err)
	}
}
