package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Files of a run directory, besides those of package train and the log.
const (
	recordFile     = "run.json"
	settingsFile   = "run.env"
	splitFile      = "split.json"
	duplicatesFile = "duplicates.json"
	historyCSV     = "history.csv"
	releaseFile    = "release.json"
	reportFile     = "report.html"
	cardFile       = "MODEL_CARD.md"

	evaluationDir = "evaluation"
	testFile      = "test.json" // in it
	plotsDir      = "plots"
	exportDir     = "export"
	packageDir    = "package"
)

// SettingsFile is the file of the run directory dir that holds its configuration.
func SettingsFile(dir string) string { return filepath.Join(dir, settingsFile) }

// runDir is a run directory that this process has locked.
type runDir struct {
	path   string
	unlock func() error
	detach func() error // ends logging to it
}

func (d *runDir) file(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}

// end releases the directory after work that ended with err, which its log then
// holds.
func (d *runDir) end(env *Environment, err error) error {
	switch {
	case err == nil || errors.Is(err, ErrRefused):
	case errors.Is(err, context.Canceled):
		env.Log.Files.Warn("interrupted")
	default:
		env.Log.Files.Error("stopped", "error", err)
	}
	return errors.Join(err, d.detach(), d.unlock())
}

// checkNewRunDir refuses a new run directory that exists and is not empty, so that
// no run ever overwrites another. One that a process left which ended before its
// run began may be used again.
func checkNewRunDir(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !isBeginning(e.Name()) }):
		return nil
	case err == nil && isPackage(path):
		return config.Usagef("%s is a package, which stays as it is: choose another --output-dir", path)
	case err == nil && exists(SettingsFile(path)):
		return config.Usagef("%s exists and is not empty: choose another --output-dir, or continue it with blocktrain run --run %s --resume", path, shellWord(path))
	case err == nil:
		return config.Usagef("%s exists, is not empty and is no run directory: choose another --output-dir", path)
	case !errors.Is(err, os.ErrNotExist):
		return config.Usagef("cannot use %s as a run directory: %w; choose another --output-dir", path, err)
	}
	return nil
}

// isBeginning says whether a file is one that a run directory holds before
// run.env, which comes last.
func isBeginning(name string) bool {
	switch name {
	case ".lock", logging.TextFile, logging.JSONFile, splitFile, duplicatesFile, recordFile:
		return true
	}
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") // half written
}

func createRunDir(env *Environment, path string) (*runDir, error) {
	if err := checkNewRunDir(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the run directory: %w", err)
	}
	d, err := lockRunDir(env, path)
	if err != nil {
		return nil, err
	}
	if err := checkNewRunDir(path); err != nil { // another process was faster
		return nil, errors.Join(err, d.detach(), d.unlock())
	}
	return d, nil
}

// isPackage says whether dir is an unpacked package, which shares most files with
// the run that it was made of. One whose list of digests was removed is one too.
func isPackage(dir string) bool {
	return exists(filepath.Join(dir, fileio.ChecksumFile)) || exists(filepath.Join(dir, exporter.RepositoryDir))
}

// holdsPackage says whether a folder is a package of which files may have been
// removed: no run directory has weights beside the record, nor a record without
// checkpoints and log.
func holdsPackage(dir string) bool {
	holds := func(name string) bool { return exists(filepath.Join(dir, name)) }
	return isPackage(dir) || holds(exporter.WeightsFile) || holds(recordFile) && !holds(train.CheckpointDir) && !holds(logging.TextFile)
}

// holdsRun says whether a folder that holds no package is a run directory of which
// files may have been removed.
func holdsRun(dir string) bool {
	return exists(filepath.Join(dir, train.CheckpointDir)) || exists(filepath.Join(dir, settingsFile))
}

// openRunDir opens a run directory that a run or train command has made. A package
// is refused before anything is written to it, which would damage it.
func openRunDir(env *Environment, path string) (*runDir, error) {
	if err := checkRunDir(path); err != nil {
		return nil, err
	}
	return lockRunDir(env, path)
}

// CheckRunPath refuses as --run what is no run directory: what does not exist, files,
// such as the archive of a package, and other folders.
func CheckRunPath(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return config.Usagef("%s does not exist", path)
	case err == nil && !info.IsDir() && isArchive(path):
		return config.Usagef("%s is the archive of a package, which predict takes once it is unpacked, and verify as it is: this command wants the run directory", path)
	case err == nil && !info.IsDir():
		return config.Usagef("%s is a file: want a run directory", path)
	case err == nil:
		return checkRunDir(path)
	}
	return nil
}

// isArchive says whether a file is the archive of a package, by its name.
func isArchive(path string) bool {
	return strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tgz")
}

func checkRunDir(path string) error {
	if isPackage(path) {
		return config.Usagef("%s is a package; predict and verify take it, this command wants the run directory", path)
	}
	if exists(SettingsFile(path)) {
		return nil
	}
	entries, _ := os.ReadDir(path) // of a folder that cannot be read, no more is known
	begins := func(e os.DirEntry) bool { return isBeginning(e.Name()) }
	switch run := runIn(path, entries); {
	case run != "":
		return config.Usagef("%s is not a run directory; it holds runs, such as %s", path, run)
	case len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !begins(e) }):
		return config.Usagef("%s is the directory of a run that never began: blocktrain run --output-dir %s begins one in it", path, shellWord(path))
	}
	return config.Usagef("%s is not a run directory: it has no %s", path, settingsFile)
}

// runIn is one of the run directories in a folder with these entries, the last by
// name, empty if there is none.
func runIn(folder string, entries []os.DirEntry) string {
	for _, entry := range slices.Backward(entries) {
		if path := filepath.Join(folder, entry.Name()); exists(SettingsFile(path)) {
			return path
		}
	}
	return ""
}

// lookIntoRunDir reads the record of a run directory without locking it, or logging
// to it, both of which would write to it.
func lookIntoRunDir(path string) (*runDir, *Record, error) {
	if err := checkRunDir(path); err != nil {
		return nil, nil, err
	}
	d := &runDir{path: path}
	record, err := d.readRecord()
	return d, record, err
}

// lockRunDir takes the directory for this process, and removes what one that was
// killed has left half written.
func lockRunDir(env *Environment, path string) (*runDir, error) {
	unlock, err := fileio.Lock(path)
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{path, filepath.Join(path, evaluationDir), filepath.Join(path, packageDir)} {
		if err := fileio.RemoveLeftovers(folder); err != nil {
			return nil, errors.Join(err, unlock())
		}
	}
	detach, err := env.Log.AttachDir(path)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return &runDir{path: path, unlock: unlock, detach: detach}, nil
}

// hasCheckpoint says whether training in the directory can be resumed.
func (d *runDir) hasCheckpoint() bool { return exists(d.file(train.CheckpointDir, train.LastFile)) }

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:,=+@%-]+$`)

// shellWord writes a path so that it can be copied into a shell.
func shellWord(path string) string {
	if plainWord.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
