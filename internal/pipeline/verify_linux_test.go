package pipeline

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestVerifyTellsSystemFromContent lets the system refuse to open a package's files,
// which is no difference of the package.
func TestVerifyTellsSystemFromContent(t *testing.T) {
	e := makeExample(t)
	for name, verify := range map[string]func() error{
		"verify": func() error {
			return Verify(t.Context(), testEnvironment(t, nil), VerifyRequest{Path: e.pack, DataMode: "ram"})
		},
		"package verify": func() error { return VerifyPackage(t.Context(), testEnvironment(t, nil), e.pack) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir()) // where what cannot be removed now is removed later
			limitFiles(t)
			if err := verify(); !errors.Is(err, unix.EMFILE) || errors.Is(err, ErrDifference) {
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
