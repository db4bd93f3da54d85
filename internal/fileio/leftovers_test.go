package fileio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// names lists what a folder holds.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return strings.Join(list, " ")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestRemoveLeftoversSparesTheLiving removes leftovers while a file is written beside
// them, which another process may do without the directory's lock.
func TestRemoveLeftoversSparesTheLiving(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".file.json.123.tmp"), "of a killed process")
	err := WriteAtomic(filepath.Join(dir, "file.json"), func(w io.Writer) error {
		_, err := io.WriteString(w, "{}")
		return errors.Join(err, RemoveLeftovers(dir))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "file.json" {
		t.Errorf("the folder holds %q", got)
	}
}

// TestRemoveLeftoversOf removes those of one file, while another process, whose lock is another
// one, writes to it.
func TestRemoveLeftoversOf(t *testing.T) {
	if !renamesOpen {
		t.Skip("open files cannot be renamed here")
	}
	dir := t.TempDir()
	of := func(name string) bool { return name == "lines.jsonl" }
	for _, name := range []string{".lines.jsonl.1.tmp", ".lines.jsonl.22.tmp", ".other.jsonl.1.tmp", ".lines.jsonl.x.tmp", "lines.jsonl.1.tmp"} {
		write(t, filepath.Join(dir, name), "half")
	}
	if err := os.Mkdir(filepath.Join(dir, ".lines.jsonl.3.tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := WriteAtomic(filepath.Join(dir, "lines.jsonl"), func(w io.Writer) error {
		_, err := io.WriteString(w, "whole")
		return errors.Join(err, RemoveLeftoversOf(dir, of), RemoveLeftoversOf(filepath.Join(dir, "none"), of))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), ".lines.jsonl.3.tmp .lines.jsonl.x.tmp .other.jsonl.1.tmp lines.jsonl lines.jsonl.1.tmp"; got != want {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// TestTryDirRemovesItsLeftovers leaves what a process left that was killed in between.
func TestTryDirRemovesItsLeftovers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "."+probe+".123.tmp"), "")
	write(t, filepath.Join(dir, ".other.123.tmp"), "")
	if err := TryDir(dir); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != ".other.123.tmp" {
		t.Errorf("the folder holds %q", got)
	}
}

// TestRestoreDirs restores each state that a process can be killed in while it replaces
// a folder. Never are both lost, the old one and the new.
func TestRestoreDirs(t *testing.T) {
	for _, test := range []struct {
		name                string
		old, building, dirs string // of the folder "plots": .plots.old.tmp, .plots.new.tmp, plots
		want                string
	}{
		{"nothing begun", "", "", "a", "a"},
		{"being filled", "", "half", "a", "a"},
		{"being filled for the first time", "", "half", "", ""},
		{"between the two renames", "a", "b", "", "a"},
		{"in place, the old one not removed", "a", "", "b", "b"},
		{"in place, the old one half removed", "half", "", "b", "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{".plots.old.tmp": test.old, ".plots.new.tmp": test.building, "plots": test.dirs} {
				if text != "" {
					write(t, filepath.Join(dir, name, "file"), text)
				}
			}
			for range 2 {
				if err := errors.Join(RestoreDirs(dir), RestoreDirs(filepath.Join(dir, "none"))); err != nil {
					t.Fatal(err)
				}
				b, _ := os.ReadFile(filepath.Join(dir, "plots", "file"))
				if got := names(t, dir); string(b) != test.want || got != "plots" && test.want != "" || test.want == "" && got != "" {
					t.Errorf("the folder holds %q with %q in it, want %q", got, b, test.want)
				}
			}
		})
	}
}

// TestReplaceDirKeepsTheOldOne replaces a folder where a process was killed between its
// two renames, and fails.
func TestReplaceDirKeepsTheOldOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	_, old := beside(dir)
	write(t, filepath.Join(old, "file"), "a")
	err := ReplaceDir(dir, func(string) error { return errors.New("disk full") })
	b, lost := os.ReadFile(filepath.Join(dir, "file"))
	if err == nil || lost != nil || string(b) != "a" {
		t.Errorf("error %v; the folder's file is %q, %v", err, b, lost)
	}
}

// TestNothingIsMadeAgain removes the folder that files are written to.
func TestNothingIsMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	held, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Unlock() }() // whose folder is gone by then
	if err := held.Check(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Skip("folders with open files cannot be removed here:", err)
	}
	if err := WriteBytes(filepath.Join(dir, "file"), nil); err == nil {
		t.Error("a file was written")
	}
	if err := ReplaceDir(filepath.Join(dir, "plots"), func(string) error { return nil }); err == nil {
		t.Error("a folder was made")
	}
	if Exists(dir) {
		t.Error("the folder is there again")
	}
	write(t, filepath.Join(dir, ".lock"), "") // by another run
	if err := held.Check(); !errors.Is(err, ErrGone) || !strings.Contains(fmt.Sprint(err), dir) {
		t.Errorf("error %v", err)
	}
}

func TestTempDir(t *testing.T) {
	path, remove, err := TempDir("blocktrain-test-")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(path, "a", "b"), "")
	if err := remove(); err != nil || Exists(path) {
		t.Errorf("error %v", err)
	}
}

// TestNewDir makes a folder that has its name when it is whole, and removes what a killed process left.
func TestNewDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "frames")
	building, _ := beside(dir)
	write(t, filepath.Join(building, "half"), "a") // by a killed process
	err := NewDir(dir+string(filepath.Separator), func(at string) error {
		if Exists(dir) || at != building {
			t.Errorf("it is filled in %s, and has its name already", at)
		}
		return WriteBytes(filepath.Join(at, "file"), []byte("b"))
	})
	entries, read := os.ReadDir(dir)
	if err != nil || read != nil || len(entries) != 1 || entries[0].Name() != "file" || Exists(building) {
		t.Errorf("%v, %v: it holds %v", err, read, entries)
	}
	if err := NewDir(dir, func(string) error { return nil }); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a folder that exists: %v", err)
	}
	other := filepath.Join(filepath.Dir(dir), "other")
	full := errors.New("disk full")
	if err := NewDir(other, func(at string) error { return errors.Join(WriteBytes(filepath.Join(at, "file"), nil), full) }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}
