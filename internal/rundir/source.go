package rundir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// A package may be anybody's. Whoever reads one opens a Source, and checks it before
// anything of it is used.

// Source is a run directory or a package to read a model from. Close removes what was
// unpacked.
type Source struct {
	Path     string // as it was named
	Folder   string // that holds the files: Path, or where an archive was unpacked
	Packaged bool

	maxMB  int
	remove func() error
}

// DefaultPackageMB is how many megabytes the files of a package may have together.
const DefaultPackageMB = 1024

// DamagedArchive is the error of a file that is not an archive of a package. Err names
// the file.
type DamagedArchive struct{ Err error }

// Error implements error.
func (e *DamagedArchive) Error() string {
	return fmt.Sprintf("%v: want the archive of a package as it was made", e.Err)
}

// Unwrap returns what is wrong.
func (e *DamagedArchive) Unwrap() error { return e.Err }

// OpenSource opens a run directory or package at path: a folder as it is, an archive
// unpacked into a temporary folder. Of the files in a folder none is opened. The files
// of a package may have maxMB megabytes together; 0 is DefaultPackageMB. What does not exist, and what is
// neither a folder nor a file, is a config.UsageError.
func OpenSource(ctx context.Context, path string, maxMB int) (*Source, error) {
	maxMB = cmp.Or(maxMB, DefaultPackageMB)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, config.Usagef("%s does not exist", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return &Source{Path: path, Folder: path, Packaged: HoldsPackage(path), maxMB: maxMB}, nil
	case !info.Mode().IsRegular():
		return nil, config.Usagef("%s is neither a folder nor a file: want a run directory or a package, unpacked or as .tar.gz", path)
	}
	return unpack(ctx, path, maxMB)
}

// unpack opens the archive of a package.
func unpack(ctx context.Context, path string, maxMB int) (*Source, error) {
	dir, err := os.MkdirTemp("", "blocktrain-package-")
	if err != nil {
		return nil, err
	}
	s := &Source{Path: path, Packaged: true, maxMB: maxMB, remove: func() error { return os.RemoveAll(dir) }}
	top, err := fileio.ReadArchive(ctx, path, dir, s.limits())
	var disk *fs.PathError
	switch {
	case err == nil:
		s.Folder = filepath.Join(dir, top)
		return s, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !errors.As(err, &disk):
		err = &DamagedArchive{s.explain(err)}
	}
	return nil, errors.Join(err, s.Close())
}

// OpenModelSource is OpenSource for those who use the model that they find, and not only
// judge it: a package whose files are not as its list has them is refused.
func OpenModelSource(ctx context.Context, path string, maxMB int) (*Source, error) {
	s, err := OpenSource(ctx, path, maxMB)
	if err != nil {
		return nil, err
	}
	if err := s.refuseDamage(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close removes the folder that an archive was unpacked to.
func (s *Source) Close() error {
	if s.remove == nil {
		return nil
	}
	return s.remove()
}

// File is the path of a file of the source, by its name there, with slashes.
func (s *Source) File(name string) string { return filepath.Join(s.Folder, filepath.FromSlash(name)) }

// Check compares the files of a package with its list of digests, after their names
// with those that packages have.
func (s *Source) Check() ([]fileio.Difference, error) {
	differences, err := fileio.VerifyChecksums(s.Folder, s.limits())
	return differences, s.explain(err)
}

func (s *Source) refuseDamage() error {
	if !s.Packaged {
		return nil
	}
	differences, err := s.Check()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %s is missing, so that nobody can tell whether the package is as it was made: get it anew", s.Path, fileio.ChecksumFile)
	case err != nil:
		return s.Named(fmt.Errorf("package %s: %w", s.Path, err))
	case len(differences) > 0:
		return fmt.Errorf("%s is not as it was made: %s: get it anew; blocktrain package verify says more", s.Path, differences[0])
	}
	return nil
}

// The limits of a package, besides its bytes.
const maxPackageFiles = 10_000

func (s *Source) limits() fileio.Limits {
	return fileio.Limits{Entries: maxPackageFiles, Bytes: int64(s.maxMB) * megabyte, Admit: layout.Admit}
}

// explain says what to do about a package that is too large.
func (s *Source) explain(err error) error {
	if errors.Is(err, fileio.ErrManyBytes) {
		return fmt.Errorf("%w: the limit is %d MB; --max-package-mb raises it", err, s.maxMB)
	}
	return err
}

// maxLayer is how many bytes the largest layer of a package's network may take for one
// image: a sixteenth of what the package may have. An inference takes about four times
// that.
func (s *Source) maxLayer() int {
	const share = 16
	if !s.Packaged {
		return 0
	}
	return s.maxMB * megabyte / share
}

// ReadRecord reads the record of the run or package.
func (s *Source) ReadRecord() (*Record, error) { return ReadRecord(s.File(RecordFile)) }

// Restore rebuilds the network of the run or package from its record, with the weights
// in the file at path.
func (s *Source) Restore(record *Record, path string) (*Trained, error) {
	return record.restore(s.Folder, path, s.maxLayer())
}

// Weights is the file of the weights of the run or package.
func (s *Source) Weights() (string, error) {
	file, err := weightsOf(s.Folder)
	return file, s.Named(err)
}

// OpenModel finds the record and the weights of a run or of a package; with file,
// other weights than its own.
func (s *Source) OpenModel(file string) (*Record, *Trained, error) {
	record, t, err := s.openModel(file)
	return record, t, s.Named(err)
}

func (s *Source) openModel(file string) (*Record, *Trained, error) {
	record, err := s.ReadRecord()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, s.noRecord()
	}
	if err != nil {
		return nil, nil, err
	}
	if file != "" {
		record.Training = nil // whose digest the file need not have
	} else if file, err = s.Weights(); err != nil {
		return nil, nil, err
	}
	t, err := s.Restore(record, file)
	if err != nil {
		return nil, nil, err
	}
	return record, t, nil
}

// OpenWeights finds the file of weights that a path names: that file itself, or the one
// of a run or package, which is then the source.
func OpenWeights(ctx context.Context, path string, maxMB int) (*Source, string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() && !IsArchive(path) {
		return nil, path, nil //nolint:nilerr // whoever opens the file finds out more
	}
	s, err := OpenModelSource(ctx, path, maxMB)
	if err != nil {
		return nil, "", err
	}
	file, err := s.Weights()
	if err != nil {
		return nil, "", errors.Join(err, s.Close())
	}
	return s, file, nil
}

// Named lets an error name the files of an archive by the archive, and not by the
// temporary folder that they are in.
func (s *Source) Named(err error) error {
	if err == nil || s.Folder == s.Path {
		return err
	}
	return &namedError{strings.ReplaceAll(err.Error(), s.Folder, s.Path), err}
}

type namedError struct {
	text string
	err  error
}

func (e *namedError) Error() string { return e.text }
func (e *namedError) Unwrap() error { return e.err }

// noRecord is the error of what has no record.
func (s *Source) noRecord() error {
	entries, _ := os.ReadDir(s.Folder) // of a folder that cannot be read, no more is known
	if run := runIn(s.Folder, entries); run != "" {
		return config.Usagef("%s is neither a run directory nor a package; it holds runs, such as %s", s.Path, run)
	}
	return config.Usagef("%s is neither a run directory nor a package: it has no %s", s.Path, RecordFile)
}
