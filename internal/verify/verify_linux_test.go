package verify

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestVerifyTellsSystemFromContent lets the system refuse to open a package's files,
// which is no difference of the package.
func TestVerifyTellsSystemFromContent(t *testing.T) {
	e := makeExample(t)
	for name, verify := range map[string]func() error{
		"verify": func() error {
			_, err := Run(t.Context(), runtest.Quiet(), Request{Path: e.pack, DataMode: "ram"})
			return err
		},
		"package verify": func() error {
			_, err := Package(t.Context(), runtest.Quiet(), PackageRequest{Path: e.pack})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir()) // where what cannot be removed now is removed later
			limitFiles(t)
			if err := verify(); !errors.Is(err, unix.EMFILE) || errors.Is(err, rundir.ErrDifference) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// limitFiles lets the process open hardly any more files until the test ends.
func limitFiles(t *testing.T) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Skip(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	limit := before
	limit.Cur = uint64(len(open) - 1) // one of them was that of the folder itself
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	})
}
