package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// TestFullDisk runs in file systems that fill up at different points of the run.
// The error says so, no file is half there, and with more room the run goes on to
// the same bits.
func TestFullDisk(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, whole)); err != nil {
		t.Fatal(err)
	}
	for _, kilobytes := range []int{16, 40, 64, 100, 200, 300, 400, 500, 600} {
		t.Run(fmt.Sprint(kilobytes), func(t *testing.T) {
			disk := mountMemory(t, kilobytes)
			dir := filepath.Join(disk, "run")
			_, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir))
			switch {
			case err == nil:
				t.Skip("all of the run fits")
			case !errors.Is(err, unix.ENOSPC):
				t.Errorf("the error is %v", err)
			case strings.Count(err.Error(), "the disk is full: free some space, then ") != 1:
				t.Errorf("the error says not, or not once, what to do: %v", err)
			case fileio.Exists(filepath.Join(dir, rundir.PackageDir)) && !strings.Contains(err.Error(), "then continue with: blocktrain run --run "+dir+" --resume"):
				t.Errorf("the error says not how to go on: %v", err)
			}
			checkWhole(t, dir)
			if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, "size=20m"); err != nil {
				t.Fatal(err)
			}
			resumeOrBegin(t, dir)
			checkWhole(t, dir)
			if want, got := history(t, whole), history(t, dir); got != want {
				t.Errorf("the history is\n%swant\n%s", got, want)
			}
			if _, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: filepath.Join(dir, rundir.PackageDir, "digits-linear-0.1.0")}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestVerifyOnFullDisk wants to hear where temporary files can go instead.
func TestVerifyOnFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", mountMemory(t, 40))
	archive := filepath.Join(dir, rundir.PackageDir, "digits-linear-0.1.0.tar.gz")
	_, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: archive})
	if !errors.Is(err, unix.ENOSPC) || errors.Is(err, rundir.ErrDifference) || !strings.Contains(err.Error(), "with TMPDIR on another disk") {
		t.Errorf("error %v", err)
	}
}

// mountMemory mounts a file system of so many kilobytes, where that is allowed.
func mountMemory(t *testing.T, kilobytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kilobytes)); err != nil {
		t.Skip("a small file system cannot be mounted here:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// resumeOrBegin goes on with the run in dir or, where it was never begun, begins it
// there.
func resumeOrBegin(t *testing.T, dir string) {
	t.Helper()
	if !fileio.Exists(rundir.SettingsPath(dir)) {
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir)); err != nil {
			t.Fatal(err)
		}
		return
	}
	s := runtest.SmallRun(t, dir)
	s.OutputDir, s.Origins = "", nil // as they are read from run.env
	if _, err := pipeline.Resume(t.Context(), runtest.Quiet(), s, dir); err != nil {
		t.Fatal(err)
	}
}

// checkWhole checks that every file of a run that can be checked is whole, and
// that nothing temporary is left.
func checkWhole(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".tmp":
			return fmt.Errorf("%s is left over", path)
		case ".json":
			var content map[string]any
			return fileio.ReadJSON(path, &content, fileio.Form{MaxBytes: 1 << 20})
		case ".safetensors":
			_, err = weights.ReadFile(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// history is what the reproducibility contract covers of a run's history.
func history(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var digests strings.Builder
	for line := range strings.Lines(string(b)) {
		_, after, _ := strings.Cut(line, `"weights_sha256"`)
		digests.WriteString(after)
	}
	return digests.String()
}
