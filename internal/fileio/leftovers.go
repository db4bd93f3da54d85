package fileio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// What a process that was killed leaves behind. Temporary files are called
// ".NAME.NUMBER.tmp", and whoever writes one holds a lock on it, which ends with the
// process. A folder that is replaced has ".NAME.new.tmp" and ".NAME.old.tmp" beside it.

var (
	leftoverFile = regexp.MustCompile(`^\.(.+)\.[0-9]+\.tmp$`)
	leftoverDir  = regexp.MustCompile(`^\.(.+)\.(?:new|old)\.tmp$`)
)

// createTemp makes and locks a temporary file for the file of that name.
func createTemp(dir, name string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(dir, "."+name+".*.tmp")
		if err != nil {
			return nil, err
		}
		// Before it had its lock, RemoveLeftovers of another process may have taken it for
		// a leftover. A file system without locks has none to wait for.
		if err := lockFile(f); !errors.Is(err, ErrLocked) && isAt(f, f.Name()) {
			return f, nil
		}
		_ = f.Close()
	}
}

// isAt says whether an open file is the one at path.
func isAt(f *os.File, path string) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(own, there)
}

// RemoveLeftovers removes the temporary files of WriteAtomic that processes left in dir
// which were killed while they wrote. Those that a living process writes stay. A folder
// that does not exist has none.
func RemoveLeftovers(dir string) error {
	return removeLeftovers(dir, leftoverFile.MatchString)
}

// RemoveLeftoversOf removes what killed processes left in dir of writing files of some names,
// where other commands may write to the same folder. It removes only what it gets the lock of:
// on a file system without locks, and where open files cannot be renamed, so that their lock ends
// before they have their name, nothing is removed. What cannot be opened stays without an error:
// it may be another user's.
func RemoveLeftoversOf(dir string, of func(name string) bool) error {
	if !renamesOpen {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if name := leftoverFile.FindStringSubmatch(entry.Name()); name != nil && entry.Type().IsRegular() && of(name[1]) {
			errs = append(errs, removeUnheld(filepath.Join(dir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeUnheld removes a temporary file that nobody holds.
func removeUnheld(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil //nolint:nilerr // it has its name by now, or is not ours to remove
	}
	if lockFile(f) != nil || !isAt(f, path) {
		return f.Close()
	}
	err = os.Remove(path)
	return errors.Join(err, f.Close())
}

func removeLeftovers(dir string, is func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if entry.Type().IsRegular() && is(entry.Name()) {
			errs = append(errs, removeLeftover(filepath.Join(dir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeLeftover removes a temporary file whose process is gone.
func removeLeftover(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) { // it has its name by now
		return nil
	}
	if err != nil {
		return err
	}
	locked := lockFile(f)
	if errors.Is(locked, ErrLocked) {
		return f.Close()
	}
	if !renamesOpen { // nor removes
		err = f.Close()
	}
	if removed := os.Remove(path); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return errors.Join(err, ignoreClosed(f.Close()))
}

// probe is what the temporary file of TryDir is made for.
const probe = "blocktrain"

// TryDir finds out whether files can be made in a folder, by making one and removing
// it, and those that killed processes left of that.
func TryDir(dir string) error {
	f, err := createTemp(dir, probe)
	if err != nil {
		return err
	}
	err = errors.Join(f.Close(), os.Remove(f.Name()))
	return errors.Join(err, removeLeftovers(dir, func(name string) bool {
		return strings.HasPrefix(name, "."+probe+".") && leftoverFile.MatchString(name)
	}))
}

// ReplaceDir fills a new folder and puts it in the place of dir, which keeps what
// it holds until then. The folder above dir must exist. If the process is killed in
// between, RestoreDirs undoes what was not finished. Two processes must not replace the
// same folder at a time.
func ReplaceDir(dir string, fill func(dir string) error) error {
	if err := restoreDir(dir); err != nil {
		return err
	}
	building, old := beside(dir)
	if err := os.Mkdir(building, 0o755); err != nil {
		return err
	}
	if err := fill(building); err != nil {
		return errors.Join(err, os.RemoveAll(building))
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.RemoveAll(building))
	}
	if err := Rename(building, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// NewDir fills a new folder, and gives it its name when it is whole. Until then it is called
// ".NAME.new.tmp". One that a killed process left is removed before. The folder above is made where it
// is missing; a dir that exists is refused. Two processes must not make the same folder at a time.
func NewDir(dir string, fill func(dir string) error) error {
	dir = filepath.Clean(dir)
	if Exists(dir) {
		return fmt.Errorf("cannot write %s: %w", dir, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	building, _ := beside(dir)
	err := os.RemoveAll(building)
	if err == nil {
		err = os.Mkdir(building, 0o777)
	}
	if err != nil {
		return err
	}
	if err = fill(building); err == nil {
		err = Rename(building, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(building))
	}
	return nil
}

// beside are the folders in which the successor of a folder is made, and in which the
// folder waits until it is in place.
func beside(dir string) (building, old string) {
	hidden := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir))
	return hidden + ".new.tmp", hidden + ".old.tmp"
}

// RestoreDirs finds the folders in parent that processes which were killed were
// replacing. One that was moved away, and whose successor did not get into its place, is
// brought back, so that it is what it was; whatever else is left over is removed. No
// other process may be replacing any of them. A parent that does not exist has none.
func RestoreDirs(parent string) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if name := leftoverDir.FindStringSubmatch(entry.Name()); name != nil && entry.IsDir() {
			errs = append(errs, restoreDir(filepath.Join(parent, name[1])))
		}
	}
	return errors.Join(errs...)
}

func restoreDir(dir string) error {
	building, old := beside(dir)
	if !Exists(dir) && Exists(old) {
		if err := Rename(old, dir); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(building), os.RemoveAll(old))
}
