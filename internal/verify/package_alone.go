package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// PackageFindings is what Package found.
type PackageFindings struct {
	Path     string
	Unlisted []fileio.Difference // files that are not as SHA256SUMS has them
	First    *Difference         // beyond those; nil where there is none
}

// Text is the result for people.
func (f *PackageFindings) Text() string {
	var b strings.Builder
	for _, d := range f.Unlisted {
		fmt.Fprintln(&b, d)
	}
	if f.First != nil {
		describe(f.First, &b)
	}
	if b.Len() == 0 {
		fmt.Fprintf(&b, "%s: every file is as listed and belongs to the package, and the model is that of weights and record\n", f.Path)
	}
	return b.String()
}

// Package finds out of a package, unpacked or as archive, what can be found without
// the data: whether its files are those of SHA256SUMS, whether they belong to a
// package, say the same of each other, and are what the weights and the record give.
// Differences come with an error that wraps rundir.ErrDifference. Its files may have
// maxMB megabytes together.
func Package(ctx context.Context, env *rundir.Environment, path string, maxMB int) (*PackageFindings, error) {
	v := &verification{env: env, request: Request{Path: path, MaxPackageMB: maxMB}, packaged: true}
	found := &PackageFindings{Path: path}
	err := v.within(ctx, func(ctx context.Context) error {
		list := func(context.Context) error { return v.listFiles(found) }
		return oneByOne(ctx, list, v.documents)
	})
	if err != nil && !errors.Is(err, rundir.ErrDifference) {
		return nil, err
	}
	errors.As(err, &found.First)
	return found, err
}

// listFiles finds the files that are not as SHA256SUMS has them.
func (v *verification) listFiles(found *PackageFindings) error {
	path := v.request.Path
	if !v.source.Packaged {
		return v.withoutList()
	}
	differences, err := v.source.Check()
	if errors.Is(err, fs.ErrNotExist) {
		return v.withoutList()
	}
	if err != nil {
		return v.lacking(fileio.ChecksumFile, err)
	}
	for _, d := range differences {
		if d.Kind == fileio.Foreign {
			return foreign(d.Path)
		}
	}
	found.Unlisted = differences
	switch len(differences) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: 1 file of %s is not as %s lists it", rundir.ErrDifference, path, fileio.ChecksumFile)
	}
	return fmt.Errorf("%w: %d files of %s are not as %s lists them", rundir.ErrDifference, len(differences), path, fileio.ChecksumFile)
}

// withoutList is the error of a folder that has no list of digests.
func (v *verification) withoutList() error {
	path := v.request.Path
	switch {
	case v.source.Packaged:
		return fmt.Errorf("%w: %s has no %s: its list was removed", rundir.ErrDifference, path, fileio.ChecksumFile)
	case rundir.HoldsRun(v.folder):
		return config.Usagef("%s is a run directory: its packages are in %s, and blocktrain verify takes it as it is", path, filepath.Join(path, rundir.PackageDir))
	}
	return config.Usagef("%s is not a package: it has no %s", path, fileio.ChecksumFile)
}
