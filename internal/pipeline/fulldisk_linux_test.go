package pipeline

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestExplainFullDisk adds what to do to errors of a full disk alone, and once.
func TestExplainFullDisk(t *testing.T) {
	other := errors.New("other")
	if got := fileio.ExplainFullDisk(other, "repeat"); got != other {
		t.Errorf("%v became %v", other, got)
	}
	full := explain(&fs.PathError{Op: "write", Path: "run.json", Err: unix.ENOSPC}, wholeRun().advice("runs/a b"))
	const want = "write run.json: no space left on device; the disk is full: free some space, then continue with: blocktrain run --run 'runs/a b' --resume"
	if got := fileio.ExplainFullDisk(full, "repeat the command"); got.Error() != want || !errors.Is(got, unix.ENOSPC) {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}
