package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// noteFile is in the folder of a version that this program published.
const noteFile = "published.json"

// note is the content of noteFile.
type note struct {
	Schema        int               `json:"schema"`
	Version       int64             `json:"version"`
	Package       string            `json:"package"`        // NAME-VERSION
	PackageSHA256 string            `json:"package_sha256"` // of its list of digests
	Decision      string            `json:"decision"`
	CopyOf        int64             `json:"copy_of,omitempty"` // the version that a rollback made again
	Files         map[string]string `json:"files"`             // SHA-256 of the files of the version's folder, besides this one
}

const noteSchema = 1

var noteForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{noteSchema}}

// ours reads the note of a version in the folder of a model. It is nil where somebody else
// made the version, or changed it.
func ours(modelDir string, version int64) (*note, error) {
	dir := versionDir(modelDir, version)
	n := &note{}
	err := fileio.ReadJSON(filepath.Join(dir, noteFile), n, noteForm)
	var disk *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil && errors.As(err, &disk):
		return nil, err
	case err != nil || n.Version != version:
		return nil, nil //nolint:nilerr // whoever wrote it, it is no note of ours
	}
	files, err := digests(dir)
	if err != nil {
		return nil, err
	}
	delete(files, noteFile)
	if !maps.Equal(files, n.Files) {
		return nil, nil
	}
	return n, nil
}

// digests are those of all files in a folder; a folder or link in it counts as a file without.
func digests(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, e := range entries {
		found[e.Name()] = ""
		if e.Type().IsRegular() {
			if found[e.Name()], err = fileio.SHA256(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

func versionDir(modelDir string, version int64) string {
	return filepath.Join(modelDir, strconv.FormatInt(version, 10))
}

// published are the versions in a model's folder that are ours, newest first.
func published(modelDir string) ([]*note, error) {
	entries, err := os.ReadDir(modelDir)
	if err != nil {
		return nil, err
	}
	var all []*note
	for _, e := range entries {
		version, err := strconv.ParseInt(e.Name(), 10, 64)
		if err != nil || !e.IsDir() || e.Name() != strconv.FormatInt(version, 10) {
			continue
		}
		n, err := ours(modelDir, version)
		if err != nil {
			return nil, err
		}
		if n != nil {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b *note) int { return cmp.Compare(b.Version, a.Version) })
	return all, nil
}

// before finds the version that was served before the first of versions that are ours,
// newest first; nil if there is none. One that a rollback made stands for the version that it
// is a copy of.
func before(all []*note) *note {
	current := all[0].Version
	if all[0].CopyOf != 0 {
		current = all[0].CopyOf
	}
	for _, n := range all[1:] {
		if n.Version < current && n.CopyOf == 0 {
			return n
		}
	}
	return nil
}

// edited finds a file of the model's folder that is not as the version has it which was
// published last; empty if there is none.
func edited(modelDir string, last *note) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(last.Files)) {
		if name == modelFile {
			continue
		}
		sum, err := fileio.SHA256(filepath.Join(modelDir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if sum != last.Files[name] {
			return name, nil
		}
	}
	return "", nil
}

// listed takes the digests of files from the list of the package, which somebody has verified:
// what is published must still have them.
func (n *note) listed(source *rundir.Source, files map[string]string) error {
	const most = 4 << 20
	text, err := fileio.ReadFile(source.File(fileio.ChecksumFile), most)
	if err != nil {
		return err
	}
	sums, err := fileio.ParseChecksums(text)
	if err != nil {
		return fmt.Errorf("%s: %w", fileio.ChecksumFile, err)
	}
	n.PackageSHA256, n.Files = fileio.SHA256Of(text), map[string]string{}
	for name, path := range files {
		for _, sum := range sums {
			if source.File(sum.Path) == path {
				n.Files[name] = sum.SHA256
			}
		}
	}
	return nil
}

// write makes the folder of a version, and the configuration and the labels of the model, from
// files by their names in a version's folder, which must have the digests that n has of them.
func (n *note) write(modelDir string, files map[string]string) error {
	dir := versionDir(modelDir, n.Version)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to := []string{filepath.Join(dir, name)}
		if name != modelFile {
			to = append(to, filepath.Join(modelDir, name))
		}
		for _, path := range to {
			if err := fileio.Copy(path, files[name]); err != nil {
				return err
			}
		}
	}
	written, err := digests(dir)
	if err != nil {
		return err
	}
	if !maps.Equal(written, n.Files) {
		return fmt.Errorf("the files of %s were changed while it was published, after they were compared with their digests: nothing was published", n.Package)
	}
	return fileio.WriteJSON(filepath.Join(dir, noteFile), n)
}
