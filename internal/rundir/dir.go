package rundir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Files of a run directory, besides those of package train and the log.
const (
	RecordFile     = "run.json"
	SettingsFile   = "run.env"
	SplitFile      = "split.json"
	DuplicatesFile = "duplicates.json"
	HistoryCSV     = "history.csv"
	ReleaseFile    = "release.json"
	AgreementFile  = "onnx-agreement.json" // how model.onnx agrees with the trained model
	ReportFile     = "report.html"
	CardFile       = "MODEL_CARD.md"
	PackagesFile   = "packages.json" // what the run was packaged as
	FoldsFile      = "folds.json"    // of a cross-validation, whose folds are runs

	EvaluationDir = "evaluation"
	TestFile      = "test.json" // in it
	PlotsDir      = "plots"
	ExportDir     = "export"
	PackageDir    = "package"
	NetworksDir   = layout.NetworksDir // of a run of several: a folder each but for the last
)

// megabyte is a million bytes, as --max-package-mb counts them.
const megabyte = 1_000_000

// SettingsPath is the file of the run directory dir that holds its configuration.
func SettingsPath(dir string) string { return filepath.Join(dir, SettingsFile) }

// Dir is a run directory that this process has locked.
type Dir struct {
	Path   string
	held   *fileio.Locked // nil where this process has not locked it
	detach func() error   // ends logging to it
}

// File is the path of a file of the run.
func (d *Dir) File(names ...string) string {
	return filepath.Join(append([]string{d.Path}, names...)...)
}

// Check is an error if the directory was removed, or another put in its place, while
// this process works in it. What is written next must not make half of it anew.
func (d *Dir) Check() error {
	if d.held == nil {
		return nil
	}
	return d.explainGone(d.held.Check())
}

// explainGone says what to do where the directory is gone.
func (d *Dir) explainGone(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the run directory is gone: %w while this process worked in it; restore it from a copy, or begin a new run", err)
}

// MakeDir makes a folder of the run directory, unless there is one.
func (d *Dir) MakeDir(name string) error {
	if err := d.Check(); err != nil {
		return err
	}
	if err := os.Mkdir(d.File(name), 0o755); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// End releases the directory after work that ended with err, which its log then
// holds. Work that failed because the directory is gone fails for this reason.
func (d *Dir) End(env *Environment, err error) error {
	if gone := d.Check(); gone != nil && err != nil && !errors.Is(err, fileio.ErrGone) {
		err = errors.Join(gone, err)
	}
	switch {
	case err == nil || errors.Is(err, ErrRefused):
	case errors.Is(err, context.Canceled):
		env.Log.Files.Warn("interrupted")
	default:
		env.Log.Files.Error("stopped", "error", err)
	}
	return errors.Join(err, d.detach(), d.held.Unlock())
}

// CheckNew refuses a new run directory that exists and is not empty, so that
// no run ever overwrites another. One that a process left which ended before its
// run began may be used again.
func CheckNew(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !isBeginning(e.Name()) }):
		return nil
	case err == nil && IsPackage(path):
		return config.Usagef("%s is a package, which stays as it is: choose another --output-dir", path)
	case err == nil && fileio.Exists(filepath.Join(path, FoldsFile)):
		return config.Usagef("%s is a cross-validation: choose another --output-dir, or continue it with blocktrain cv --run %s --resume", path, config.ShellWord(path))
	case err == nil && fileio.Exists(SettingsPath(path)):
		return config.Usagef("%s exists and is not empty: choose another --output-dir, or continue it with blocktrain run --run %s --resume", path, config.ShellWord(path))
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
	case ".lock", logging.TextFile, logging.JSONFile, SplitFile, DuplicatesFile, RecordFile:
		return true
	}
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") // half written
}

// Create makes and locks the directory of a new run.
func Create(env *Environment, path string) (*Dir, error) {
	if err := CheckNew(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the run directory: %w", err)
	}
	d, err := lock(env, path)
	if err != nil {
		return nil, err
	}
	if err := CheckNew(path); err != nil { // another process was faster
		return nil, errors.Join(err, d.detach(), d.held.Unlock())
	}
	return d, nil
}

// IsPackage says whether dir is an unpacked package, which shares most files with
// the run that it was made of. One whose list of digests was removed is one too.
func IsPackage(dir string) bool {
	return fileio.Exists(filepath.Join(dir, fileio.ChecksumFile)) || fileio.Exists(filepath.Join(dir, exporter.RepositoryDir))
}

// HoldsPackage says whether a folder is a package of which files may have been
// removed: no run directory has weights beside the record, nor a record without
// checkpoints and log.
func HoldsPackage(dir string) bool {
	holds := func(name string) bool { return fileio.Exists(filepath.Join(dir, name)) }
	return IsPackage(dir) || holds(exporter.WeightsFile) || holds(RecordFile) && !holds(train.CheckpointDir) && !holds(logging.TextFile)
}

// HoldsRun says whether a folder that holds no package is a run directory of which
// files may have been removed.
func HoldsRun(dir string) bool {
	return fileio.Exists(filepath.Join(dir, train.CheckpointDir)) || fileio.Exists(filepath.Join(dir, SettingsFile))
}

// Open opens a run directory that a run or train command has made. A package
// is refused before anything is written to it, which would damage it.
func Open(env *Environment, path string) (*Dir, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	return lock(env, path)
}

// CheckPath refuses as --run what is no run directory: what does not exist, files,
// such as the archive of a package, and other folders.
func CheckPath(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return config.Usagef("%s does not exist", path)
	case err == nil && !info.IsDir() && IsArchive(path):
		return config.Usagef("%s is the archive of a package, which predict and verify take: this command wants the run directory", path)
	case err == nil && !info.IsDir():
		return config.Usagef("%s is a file: want a run directory", path)
	case err == nil:
		return check(path)
	}
	return nil
}

// IsArchive says whether a file is the archive of a package, by its name.
func IsArchive(path string) bool {
	return strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tgz")
}

func check(path string) error {
	if IsPackage(path) {
		return config.Usagef("%s is a package; predict and verify take it, this command wants the run directory", path)
	}
	if fileio.Exists(SettingsPath(path)) {
		return nil
	}
	entries, _ := os.ReadDir(path) // of a folder that cannot be read, no more is known
	begins := func(e os.DirEntry) bool { return isBeginning(e.Name()) }
	switch run := runIn(path, entries); {
	case run != "":
		return config.Usagef("%s is not a run directory; it holds runs, such as %s", path, run)
	case len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !begins(e) }):
		return config.Usagef("%s is the directory of a run that never began: blocktrain run --output-dir %s begins one in it", path, config.ShellWord(path))
	}
	return config.Usagef("%s is not a run directory: it has no %s", path, SettingsFile)
}

// runIn is one of the run directories in a folder with these entries, the last by
// name, empty if there is none.
func runIn(folder string, entries []os.DirEntry) string {
	for _, entry := range slices.Backward(entries) {
		if path := filepath.Join(folder, entry.Name()); fileio.Exists(SettingsPath(path)) {
			return path
		}
	}
	return ""
}

// LookInto reads the record of a run directory without locking it, or logging
// to it, both of which would write to it.
func LookInto(path string) (*Dir, *Record, error) {
	if err := check(path); err != nil {
		return nil, nil, err
	}
	d := &Dir{Path: path}
	record, err := d.ReadRecord()
	return d, record, err
}

// lock takes the directory for this process, and removes what one that was
// killed has left half written.
func lock(env *Environment, path string) (*Dir, error) {
	held, err := fileio.Lock(path)
	if err != nil {
		return nil, err
	}
	if err := removeLeftovers(path); err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	detach, err := env.Log.AttachDir(path)
	if err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	return &Dir{Path: path, held: held, detach: detach}, nil
}

// removeLeftovers removes what killed processes left half written in the folders of a
// run directory that this process has locked. Folders that they were replacing become
// what they were.
func removeLeftovers(path string) error {
	at := func(names ...string) string { return filepath.Join(append([]string{path}, names...)...) }
	folders := []string{path, at(train.CheckpointDir), at(EvaluationDir), at(PackageDir)}
	networks, err := os.ReadDir(at(NetworksDir))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	for _, n := range networks {
		folders = append(folders, at(NetworksDir, n.Name()), at(NetworksDir, n.Name(), train.CheckpointDir))
	}
	for _, folder := range folders {
		err = errors.Join(err, fileio.RemoveLeftovers(folder))
	}
	for _, name := range []string{PlotsDir, ExportDir} { // as versions before schema 2 called them
		if !fileio.Exists(at(name)) && fileio.Exists(at(name+".old.tmp")) {
			err = errors.Join(err, os.Rename(at(name+".old.tmp"), at(name)))
		}
		err = errors.Join(err, os.RemoveAll(at(name+".tmp")), os.RemoveAll(at(name+".old.tmp")))
	}
	return errors.Join(err, fileio.RestoreDirs(path), fileio.RestoreDirs(at(PackageDir)))
}

// HasCheckpoint says whether training in the directory can be resumed.
func (d *Dir) HasCheckpoint() bool { return fileio.Exists(d.File(train.CheckpointDir, train.LastFile)) }

// Network is the folder of one of several networks of the run, the run directory itself
// for the last, whose name is empty.
func (d *Dir) Network(name string) *Dir {
	if name == "" {
		return d
	}
	return At(d.File(NetworksDir, name))
}

// HistoryOf is the file, from the run directory, of the history of one of several
// networks, of the last if the name is empty.
func HistoryOf(network string) string {
	if network == "" {
		return train.HistoryFile
	}
	return path.Join(NetworksDir, network, train.HistoryFile)
}

// HistoryTableOf is the file, from the run directory, with the history of a network as a
// table.
func HistoryTableOf(network string) string {
	return strings.TrimSuffix(HistoryOf(network), train.HistoryFile) + HistoryCSV
}

// BestWeights is the file of the weights that are evaluated and packaged.
func (d *Dir) BestWeights() string { return d.File(train.CheckpointDir, train.BestFile) }

// Archive is the path of the package's tar.gz.
func (d *Dir) Archive(record *Record) string {
	return d.File(PackageDir, record.PackageName()+".tar.gz")
}

// At is the run directory, or unpacked package, at a path that this process has not
// locked.
func At(path string) *Dir { return &Dir{Path: path} }

// With calls f with an existing run directory, locked, and its record, which has the
// digests of the run's sources.
func With(env *Environment, path string, f func(d *Dir, record *Record) error) (err error) {
	d, err := Open(env, path)
	if err != nil {
		return err
	}
	defer func() { err = d.End(env, fileio.ExplainFullDisk(err, "repeat the command")) }()
	record, err := d.ReadRecord()
	if err != nil {
		return err
	}
	if err := d.CheckSources(record); err != nil {
		return err
	}
	return f(d, record)
}
