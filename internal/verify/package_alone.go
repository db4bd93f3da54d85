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
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// PackageRequest says which package to look at.
type PackageRequest struct {
	Path  string          // of the package, unpacked or as archive
	MaxMB int             // that its files may have together; 0: rundir.DefaultPackageMB
	Keys  provenance.Keys // that are trusted: of each kind that is among them, one must have signed
}

// PackageFindings is what Package found.
type PackageFindings struct {
	Path       string
	Unlisted   []fileio.Difference  // files that are not as SHA256SUMS has them
	First      *Difference          // beyond those; nil where there is none
	Provenance *provenance.Findings // by whom it is signed; nil where something differs
	SumsSHA256 string               // of the list of digests; empty where something differs
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
	if f.Provenance == nil {
		b.WriteString("no signature is accepted, because something differs\n")
		return b.String()
	}
	b.WriteString(f.Provenance.Text())
	if f.First == nil {
		fmt.Fprintf(&b, "nothing was trained again: 'blocktrain verify %s' does that, and compares every bit\n", config.ShellWord(f.Path))
	}
	return b.String()
}

// Package finds out of a package, unpacked or as archive, what can be found without
// the data: whether its files are those of SHA256SUMS, whether they belong to a
// package, say the same of each other, and are what the weights and the record give; and
// whether what lies beside it is of this package, and who signed it.
// Differences come with an error that wraps rundir.ErrDifference.
func Package(ctx context.Context, env *rundir.Environment, request PackageRequest) (*PackageFindings, error) {
	found := &PackageFindings{Path: request.Path}
	err := onPackage(ctx, env, request, found, func(v *verification) error { return v.checkProvenance(request.Keys, found) })
	if err != nil && !errors.Is(err, rundir.ErrDifference) {
		return nil, err
	}
	errors.As(err, &found.First)
	return found, err
}

// SignPackage signs a package that Package finds nothing wrong with, and returns the paths of
// the files that then lie beside it. Its keys do not matter.
func SignPackage(ctx context.Context, env *rundir.Environment, request PackageRequest, signing provenance.Signing) (files []string, err error) {
	err = onPackage(ctx, env, request, &PackageFindings{}, func(v *verification) error {
		files, err = provenance.Sign(request.Path, v.folder, signing)
		return err
	})
	return files, err
}

// onPackage looks at the files of a package and, if nothing is wrong with them, does more.
func onPackage(ctx context.Context, env *rundir.Environment, request PackageRequest, found *PackageFindings, more func(*verification) error) error {
	v := &verification{env: env, request: Request{Path: request.Path, MaxPackageMB: request.MaxMB}, packaged: true}
	return v.within(ctx, func(ctx context.Context) error {
		list := func(context.Context) error { return v.listFiles(found) }
		return oneByOne(ctx, list, v.documents, func(context.Context) error { return more(v) })
	})
}

// checkProvenance compares what lies beside the package.
func (v *verification) checkProvenance(keys provenance.Keys, found *PackageFindings) error {
	signed, err := provenance.Verify(v.request.Path, v.folder, keys)
	var problem *provenance.Problem
	switch {
	case err == nil:
		found.Provenance = signed
		found.SumsSHA256, err = fileio.SHA256(v.file(fileio.ChecksumFile))
	case errors.As(err, &problem):
		return &Difference{File: problem.File, Figure: problem.Figure, Recorded: problem.Recorded, Found: problem.Found, Cause: problem.Cause}
	}
	return err
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
