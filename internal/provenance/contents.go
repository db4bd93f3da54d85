package provenance

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// contents are what statements say of a package.
type contents struct {
	folder  string
	name    string // NAME-VERSION
	record  *rundir.Record
	release *criterion.Release
	files   []fileio.Checksum // all but SHA256SUMS, in order of path
	sums    string            // SHA-256 of SHA256SUMS
	archive string            // SHA-256 of the archive
}

// archiveSuffix ends the name of an archive.
const archiveSuffix = ".tar.gz"

// maxSums bounds the list of digests.
const maxSums = 4 << 20

// readContents reads a package in a folder, whose files were found to be those of its list
// before. Archive is the digest of its archive.
func readContents(folder, archive string) (*contents, error) {
	c := &contents{folder: folder, archive: archive}
	list, err := fileio.ReadFile(c.file(fileio.ChecksumFile), maxSums)
	if err != nil {
		return nil, err
	}
	if c.files, err = fileio.ParseChecksums(list); err != nil {
		return nil, fmt.Errorf("%s: %w", c.file(fileio.ChecksumFile), err)
	}
	c.sums = fileio.SHA256Of(list)
	if c.record, err = rundir.ReadRecord(c.file(rundir.RecordFile)); err != nil {
		return nil, err
	}
	if c.release, err = criterion.ReadRelease(c.file(rundir.ReleaseFile)); err != nil {
		return nil, err
	}
	c.name = c.record.PackageName()
	return c, nil
}

// published is what is known of the weights of others that training began with; nil where it
// began with none.
func (c *contents) published() *notes.Published {
	if c.record.Initial == nil {
		return nil
	}
	return c.record.Initial.Published
}

func (c *contents) file(name string) string {
	return filepath.Join(c.folder, filepath.FromSlash(name))
}

// sha256Digest is a digest as in-toto writes it: by the name of its algorithm.
func sha256Digest(hex string) map[string]string { return map[string]string{"sha256": hex} }

// subjects are what every statement is about: the archive, the list of digests, by which it
// is about every file of a package that was unpacked, and the files that are served.
func (c *contents) subjects() []resource {
	subjects := []resource{
		{Name: c.name + archiveSuffix, Digest: sha256Digest(c.archive)},
		{Name: fileio.ChecksumFile, Digest: sha256Digest(c.sums)},
	}
	for _, f := range c.files {
		if base := path.Base(f.Path); base == exporter.WeightsFile || path.Ext(base) == ".onnx" {
			subjects = append(subjects, resource{Name: f.Path, Digest: sha256Digest(f.SHA256)})
		}
	}
	return subjects
}

// descriptor describes a file of the package; it must be there.
func (c *contents) descriptor(name string) (resource, error) {
	for _, f := range c.files {
		if f.Path == name {
			return resource{Name: name, Digest: sha256Digest(f.SHA256)}, nil
		}
	}
	return resource{}, fmt.Errorf("the package has no %s: make it again with blocktrain package", name)
}

// evaluations are the names of the package's evaluations, in order.
func (c *contents) evaluations() []string {
	var names []string
	for _, f := range c.files {
		if strings.HasPrefix(f.Path, rundir.EvaluationDir+"/") && path.Ext(f.Path) == ".json" {
			names = append(names, f.Path)
		}
	}
	return names
}

// byParts are all files of the package, its list of digests included, in the order of
// OpenSSF model signing, which compares paths part by part: "a/b" is before "a.b".
func (c *contents) byParts() []fileio.Checksum {
	files := append(slices.Clone(c.files), fileio.Checksum{SHA256: c.sums, Path: fileio.ChecksumFile})
	slices.SortFunc(files, func(a, b fileio.Checksum) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	return files
}
