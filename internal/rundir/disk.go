package rundir

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// fullDisk is the error of a disk without room, with what to do.
type fullDisk struct {
	error
	remedy string
}

// Error implements error.
func (e *fullDisk) Error() string {
	return fmt.Sprintf("%v; the disk is full: free some space, then %s", e.error, e.remedy)
}

func (e *fullDisk) Unwrap() error { return e.error }

// ExplainFullDisk adds to the error of a full disk what to do, once.
func ExplainFullDisk(err error, remedy string) error {
	var explained *fullDisk
	if !errors.Is(err, syscall.ENOSPC) || errors.As(err, &explained) {
		return err
	}
	return &fullDisk{err, remedy}
}

// CheckWritable refuses, before data is read, a new run directory that cannot be
// made: the nearest folder above it that exists must take files. The flag names
// another.
func CheckWritable(path, flag string) error {
	dir := fileio.NearestDir(path)
	if err := fileio.TryDir(dir); err != nil {
		return config.Usagef("no run directory can be made at %s, since nothing can be written to %s: %w; choose another %s", path, dir, err, flag)
	}
	return nil
}
