package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// VerifyPackage compares the files of an unpacked package with its SHA256SUMS, and
// its weights and its release with its record. Differences are listed; the error
// then wraps ErrDifference.
func VerifyPackage(_ context.Context, env *Environment, dir string) error {
	if err := checkFolder(dir); err != nil {
		return err
	}
	if err := verifyFiles(env, dir); err != nil {
		return err
	}
	if err := verifyContent(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrDifference, err)
	}
	_, err := fmt.Fprintf(env.Stdout, "%s: every file is as listed, and the weights are those of the record\n", dir)
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
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s has no %s: it is not a package, or its list was removed", ErrDifference, dir, fileio.ChecksumFile)
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

// verifyContent finds what a list of checksums that was written anew would hide.
func verifyContent(dir string) error {
	record, _, err := openModel(dir)
	if err != nil {
		return err
	}
	release, err := criterion.ReadRelease(filepath.Join(dir, releaseFile))
	if err != nil {
		return err
	}
	if !release.Approved {
		return fmt.Errorf("%s does not approve the model", releaseFile)
	}
	if err := record.checkRelease(release); err != nil {
		return fmt.Errorf("%s %w", releaseFile, err)
	}
	return nil
}
