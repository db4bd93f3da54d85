package fileio

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteAtomicKeepsTheOldFileOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more")
	err := WriteAtomic(path, func(w io.Writer) error {
		if _, err := w.Write([]byte("half")); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that wraps the writer's and names the file", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("the file holds %q after a failed write, want what it held before", b)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d files are left, want 1", len(entries))
	}
}

func TestLockExcludesOthers(t *testing.T) {
	dir := t.TempDir()
	held, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: error %v, want ErrLocked", err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(dir)
	if err != nil {
		t.Fatalf("after unlocking: %v", err)
	}
	if err := again.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// TestNearestDir goes up from paths that do not exist, and no further than to what is
// in the way.
func TestNearestDir(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir: dir, filepath.Join(dir, "a", "b") + "/": dir, file: file, filepath.Join(file, "a"): filepath.Join(file, "a"), "": ".", "none/at/all": ".",
	} {
		if got := NearestDir(path); got != want {
			t.Errorf("nearest to %q is %q, want %q", path, got, want)
		}
	}
	if err := TryDir(dir); err != nil {
		t.Error(err)
	}
	if err := TryDir(file); err == nil {
		t.Error("a file was made in a file")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, error %v", entries, err)
	}
}

// TestRemoveLeftovers kills nothing but what WriteAtomic would have left.
func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	var left string
	err := WriteAtomic(filepath.Join(dir, "file.json"), func(io.Writer) error {
		entries, err := os.ReadDir(dir)
		if err == nil {
			left = entries[0].Name()
		}
		return errors.Join(err, errors.New("not written"))
	})
	if err == nil || left == "" {
		t.Fatalf("temporary file %q, error %v", left, err)
	}
	others := []string{".env.tmp", ".tmp", "file.1.tmp", ".file.1", ".lock"}
	for _, name := range append(others, left) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(RemoveLeftovers(dir), RemoveLeftovers(filepath.Join(dir, "none"))); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(others) {
		t.Errorf("the folder holds %v, error %v; want %q", entries, err, others)
	}
}
