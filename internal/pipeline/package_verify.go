package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// VerifyPackage finds out of a package, unpacked or as archive, what can be found
// without the data: whether its files are those of SHA256SUMS, whether they belong
// to a package, say the same of each other, and are what the weights and the record
// give. Differences are printed; the error then wraps ErrDifference.
func VerifyPackage(ctx context.Context, env *Environment, path string) error {
	v := &verification{env: env, request: VerifyRequest{Path: path}, packaged: true}
	err := v.within(ctx, func(ctx context.Context) error { return oneByOne(ctx, v.listFiles, v.documents) })
	var d *difference
	switch {
	case errors.As(err, &d):
		var account strings.Builder
		d.describe(&account)
		_, printed := fmt.Fprint(env.Stdout, account.String())
		return errors.Join(err, printed)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: every file is as listed and belongs to the package, and the model is that of weights and record\n", path)
	return err
}

// listFiles prints the files that are not as SHA256SUMS has them.
func (v *verification) listFiles(context.Context) error {
	path := v.request.Path
	differences, err := fileio.VerifyChecksums(v.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return v.withoutList()
	}
	if err != nil {
		return v.lacking(fileio.ChecksumFile, err)
	}
	for _, d := range differences {
		if _, err := fmt.Fprintln(v.env.Stdout, d); err != nil {
			return err
		}
	}
	switch len(differences) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: 1 file of %s is not as %s lists it", ErrDifference, path, fileio.ChecksumFile)
	}
	return fmt.Errorf("%w: %d files of %s are not as %s lists them", ErrDifference, len(differences), path, fileio.ChecksumFile)
}

// withoutList is the error of a folder that has no list of digests.
func (v *verification) withoutList() error {
	path := v.request.Path
	switch {
	case holdsPackage(v.folder):
		return fmt.Errorf("%w: %s has no %s: its list was removed", ErrDifference, path, fileio.ChecksumFile)
	case holdsRun(v.folder):
		return config.Usagef("%s is a run directory: its packages are in %s, and blocktrain verify takes it as it is", path, filepath.Join(path, packageDir))
	}
	return config.Usagef("%s is not a package: it has no %s", path, fileio.ChecksumFile)
}
