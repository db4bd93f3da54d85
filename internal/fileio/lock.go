package fileio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("another process is at work in this directory")

// ErrGone says that a directory was removed, perhaps with another put in its place,
// while this process had its lock.
var ErrGone = errors.New("it was removed, or replaced, by somebody else")

// Locked is a directory that this process has locked.
type Locked struct {
	dir  string
	file *os.File
}

// Lock takes the directory dir for this process alone, by a lock on the file
// .lock in it, until Unlock is called or the process ends, however it ends. Where
// another process has it, the error is ErrLocked.
func Lock(dir string) (*Locked, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	}
	if err := lockFile(f); err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", dir, errors.Join(err, f.Close()))
	}
	return &Locked{dir, f}, nil
}

// Unlock releases the directory.
func (l *Locked) Unlock() error { return l.file.Close() }

// Check is ErrGone if the directory is no longer the one that was locked.
func (l *Locked) Check() error {
	if isAt(l.file, l.file.Name()) {
		return nil
	}
	return fmt.Errorf("%s: %w", l.dir, ErrGone)
}

// lockPause is the time between two attempts to lock a directory.
const lockPause = 100 * time.Millisecond

// LockWithin is Lock that waits for another process for as long as wait.
func LockWithin(ctx context.Context, dir string, wait time.Duration) (*Locked, error) {
	for end := time.Now().Add(wait); ; {
		locked, err := Lock(dir)
		if err == nil || !errors.Is(err, ErrLocked) || time.Now().After(end) {
			return locked, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}
