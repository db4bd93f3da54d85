package verify

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// packageLimits are more than any package of ours needs, and bound what an archive
// of somebody else's can do to the disk.
var packageLimits = fileio.ArchiveLimits{Entries: 10_000, Bytes: 4 << 30}

// folderOf gives the folder to verify: path itself, or where it is the archive of a
// package, that unpacked into a temporary folder, which remove removes. An archive
// that no package comes in is a difference.
func folderOf(ctx context.Context, path string) (folder string, remove func() error, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, config.Usagef("%s does not exist", path)
	case err != nil:
		return "", nil, err
	case info.IsDir():
		return path, func() error { return nil }, nil
	case !info.Mode().IsRegular():
		return "", nil, notAPackage(path)
	}
	dir, remove, err := fileio.TempDir(temporaryName)
	if err != nil {
		return "", nil, err
	}
	top, err := fileio.ReadArchive(ctx, path, dir, packageLimits)
	var disk *fs.PathError
	switch {
	case err == nil:
		return filepath.Join(dir, top), remove, nil
	case errors.Is(err, fileio.ErrNoArchive):
		err = notAPackage(path)
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !errors.As(err, &disk):
		err = unreadable(filepath.Base(path), err)
	}
	return "", nil, errors.Join(err, remove())
}

func notAPackage(path string) error {
	return config.Usagef("%s is neither a folder nor an archive: want a package, unpacked or as .tar.gz", path)
}
