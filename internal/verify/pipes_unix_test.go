//go:build unix

package verify

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestPipesInRuns puts a pipe, which nobody writes to, in the place of each file of a run
// that verification reads.
func TestPipesInRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, "epochs=1", "exporters=onnx", "visualizations=confusion-matrix")); err != nil {
		t.Fatal(err)
	}
	names, err := fileio.FilesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	unread := regexp.MustCompile(`^(package/.*|\.lock|blocktrain\.log|log\.jsonl)$`)
	for _, name := range names {
		if unread.MatchString(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			copied := runtest.Copied(t, dir)
			path := filepath.Join(copied, filepath.FromSlash(name))
			if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := Run(t.Context(), runtest.Quiet(), Request{Path: copied, DataMode: "ram", Workers: 1})
				ended <- err
			}()
			select {
			case err := <-ended:
				if !errors.Is(err, rundir.ErrDifference) {
					t.Errorf("error %v, want a difference", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("verification waits for the pipe")
			}
		})
	}
}
