package fileio

import (
	"errors"
	"fmt"
	"syscall"
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
