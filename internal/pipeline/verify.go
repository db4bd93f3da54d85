package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// VerifyPackage finds out of an unpacked package what can be found without the
// data: whether its files are those of SHA256SUMS, whether they belong to a
// package, say the same of each other, and are what the weights and the record
// give. Differences are printed; the error then wraps ErrDifference.
func VerifyPackage(ctx context.Context, env *Environment, dir string) error {
	if err := checkFolder(dir); err != nil {
		return err
	}
	if err := verifyFiles(env, dir); err != nil {
		return err
	}
	v := &verification{env: env, request: VerifyRequest{Path: dir}, packaged: true}
	err := v.documents(ctx)
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
	_, err = fmt.Fprintf(env.Stdout, "%s: every file is as listed and belongs to the package, and the model is that of weights and record\n", dir)
	return err
}

func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return config.Usagef("%s does not exist", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return config.Usagef("%s is not a folder: want an unpacked package", dir)
	}
	return nil
}

// verifyFiles lists the files that are not as SHA256SUMS has them.
func verifyFiles(env *Environment, dir string) error {
	differences, err := fileio.VerifyChecksums(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && holdsPackage(dir):
		return fmt.Errorf("%w: %s has no %s: its list was removed", ErrDifference, dir, fileio.ChecksumFile)
	case errors.Is(err, fs.ErrNotExist) && holdsRun(dir):
		return config.Usagef("%s is a run directory: its packages are in %s, and blocktrain verify takes it as it is", dir, filepath.Join(dir, packageDir))
	case errors.Is(err, fs.ErrNotExist):
		return config.Usagef("%s is not a package: it has no %s", dir, fileio.ChecksumFile)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDifference, err)
	}
	for _, d := range differences {
		if _, err := fmt.Fprintln(env.Stdout, d); err != nil {
			return err
		}
	}
	switch len(differences) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: 1 file of %s is not as %s lists it", ErrDifference, dir, fileio.ChecksumFile)
	}
	return fmt.Errorf("%w: %d files of %s are not as %s lists them", ErrDifference, len(differences), dir, fileio.ChecksumFile)
}
