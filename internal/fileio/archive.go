package fileio

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// WriteArchive writes the files under dir, atomically, as the gzipped tar
// archive at path. Its entries stand under the folder name. The same files,
// name and time give the same bytes: entries are sorted bytewise, owned by user
// and group 0, dated modified, and have mode 0644, folders 0755. Anything but
// regular files and folders is refused, since a link could point anywhere once
// unpacked. The archive itself must not be under dir.
func WriteArchive(path, dir, name string, modified time.Time) error {
	return WriteAtomic(path, func(w io.Writer) error { return writeArchive(w, dir, name, modified) })
}

// ArchiveSHA256 is the digest of the archive that WriteArchive would write.
func ArchiveSHA256(dir, name string, modified time.Time) (string, error) {
	h := sha256.New()
	if err := writeArchive(h, dir, name, modified); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func writeArchive(w io.Writer, dir, name string, modified time.Time) error {
	if !fs.ValidPath(name) || name == "." {
		return fmt.Errorf("%q cannot be the folder that an archive unpacks to: want a relative path", name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := listTree(root.FS())
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	// Whole seconds keep the entries in the plain ustar format.
	modified = modified.UTC().Truncate(time.Second)
	for _, e := range entries {
		if err := addEntry(t, root.FS(), e, path.Join(name, e.path), modified); err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// treeEntry is a file or folder; path is relative, with slashes.
type treeEntry struct {
	path string
	mode fs.FileMode
}

// listTree lists everything under a folder, itself included as ".", sorted
// bytewise by path. Links are not followed; they and other irregular files are
// an error.
func listTree(fsys fs.FS) ([]treeEntry, error) {
	var entries []treeEntry
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("%s: %w", path, ErrIrregular)
		}
		entries = append(entries, treeEntry{path, d.Type()})
		return nil
	})
	slices.SortFunc(entries, func(a, b treeEntry) int { return strings.Compare(a.path, b.path) })
	return entries, err
}

// headerOf is the header of a file of size bytes, or of a folder, in an archive.
func headerOf(name string, folder bool, size int64, modified time.Time) *tar.Header {
	if folder {
		return &tar.Header{Name: name + "/", Mode: 0o755, ModTime: modified, Typeflag: tar.TypeDir}
	}
	return &tar.Header{Name: name, Mode: 0o644, ModTime: modified, Typeflag: tar.TypeReg, Size: size}
}

// addEntry appends one file or folder to the archive under the path as.
func addEntry(t *tar.Writer, fsys fs.FS, e treeEntry, as string, modified time.Time) error {
	if e.mode.IsDir() {
		return t.WriteHeader(headerOf(as, true, 0, modified))
	}
	f, err := fsys.Open(e.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(headerOf(as, false, info.Size(), modified)); err != nil {
		return err
	}
	// A file that grows or shrinks meanwhile is an error of the tar writer.
	_, err = io.Copy(t, f)
	return err
}
