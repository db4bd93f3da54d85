package triton

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// look looks at what Triton does not: links, names that are taken for something else,
// files outside the folder, and digests.
func (m *model) look() {
	if strings.HasPrefix(m.name, ".") {
		m.warn("hidden", "keep temporary folders outside the repository", "Triton takes the hidden folder %s for a model", m.name)
	}
	m.lookForLinks()
	m.lookForFiles()
	if m.config.Backend == onnxBackend {
		for _, version := range m.versions {
			if outside, err := m.outside(m.modelPath(version)); err == nil && outside {
				m.warn("model-outside", "copy the file into the folder of its version", "the file of version %d, %s, is outside the model's folder", version, m.config.DefaultModelFilename)
			}
		}
	}
	m.lookAtDigests()
}

// mostFiles is how many files and folders of a model are looked at. A link can lead to the top
// of the file system.
const mostFiles = 100_000

// lookForLinks warns of links, behind which files can change without a new version, and
// which archives, images and object stores do not keep.
func (m *model) lookForLinks() {
	const remedy = "copy what the link leads to"
	if info, err := os.Lstat(m.dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		m.warn("link", remedy, "the model's folder is a link")
	}
	root := m.dir + string(filepath.Separator)
	left := mostFiles
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if left--; left < 0 {
			m.warn("unreadable", "keep what is no part of the model elsewhere", "the model's folder has more than %d files and folders: the rest was not looked at", mostFiles)
			return fs.SkipAll
		}
		if err == nil && entry.Type()&fs.ModeSymlink != 0 {
			m.warn("link", remedy, "%s is a link", filepath.ToSlash(strings.TrimPrefix(path, root)))
		}
		return err
	})
	if err != nil {
		m.warn("unreadable", "make all of it readable for the server", "the model's folder cannot be read whole: %v", err)
	}
}

// lookForFiles warns of files that look like versions.
func (m *model) lookForFiles() {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return // lookForLinks has said so
	}
	for _, entry := range entries {
		if isVersion(entry.Name()) && !isFolder(filepath.Join(m.dir, entry.Name())) {
			m.warn("version-ignored", "remove it", "%s is a file, and versions are folders: Triton passes over it", entry.Name())
		}
	}
}

// lookAtDigests compares the model's files with the nearest list of checksums: in the
// model's folder, in the repository, or in the package around that. Triton compares
// nothing.
func (m *model) lookAtDigests() {
	repository, err := filepath.Abs(m.repository)
	if err != nil {
		return
	}
	places := []struct{ dir, prefix string }{
		{m.dir, ""}, {repository, m.name + "/"}, {filepath.Dir(repository), filepath.Base(repository) + "/" + m.name + "/"},
	}
	for _, place := range places {
		list := filepath.Join(place.dir, fileio.ChecksumFile)
		b, err := fileio.ReadFile(list, maxLabelBytes)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var sums []fileio.Checksum
		if err == nil {
			sums, err = fileio.ParseChecksums(b)
		}
		switch {
		case err != nil && strings.HasPrefix(place.prefix, filepath.Base(repository)+"/"):
			return // a list that is around the repository may be of anything
		case err != nil:
			m.warn("digest", "make the list anew", "%s cannot be read: %v", list, err)
			return
		}
		m.compareDigests(sums, place.prefix)
		return
	}
}

func (m *model) compareDigests(sums []fileio.Checksum, prefix string) {
	for _, sum := range sums {
		name, ours := strings.CutPrefix(sum.Path, prefix)
		if !ours {
			continue
		}
		switch digest, err := fileio.SHA256(filepath.Join(m.dir, filepath.FromSlash(name))); {
		case err != nil:
			m.warn("digest", "get the package anew", "%s, which %s lists, cannot be read: %v", name, fileio.ChecksumFile, err)
		case digest != sum.SHA256:
			m.warn("digest", "get the package anew", "%s is not the file that %s lists: it has SHA-256 %s, want %s", name, fileio.ChecksumFile, digest, sum.SHA256)
		}
	}
}
