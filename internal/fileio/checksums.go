package fileio

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// ChecksumFile is the name of the list of checksums at the top of a package, in
// the format that sha256sum(1) writes and checks.
const ChecksumFile = "SHA256SUMS"

// Checksum is one line of the list.
type Checksum struct {
	SHA256 string // 64 lower-case hexadecimal digits
	Path   string // relative to the list's folder, with slashes
}

// WriteChecksums writes the list of every other file under dir, atomically.
func WriteChecksums(dir string) error {
	sums, err := computeChecksums(dir)
	if err != nil {
		return fmt.Errorf("cannot list the checksums of %s: %w", dir, err)
	}
	return WriteAtomic(filepath.Join(dir, ChecksumFile), func(w io.Writer) error {
		for _, sum := range sums {
			if _, err := fmt.Fprintf(w, "%s  %s\n", sum.SHA256, sum.Path); err != nil {
				return err
			}
		}
		return nil
	})
}

// computeChecksums reads every file under dir but the list itself, in bytewise
// order of paths.
func computeChecksums(dir string) ([]Checksum, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := listTree(root.FS())
	if err != nil {
		return nil, err
	}
	var sums []Checksum
	for _, e := range entries {
		if e.mode.IsDir() || e.path == ChecksumFile {
			continue
		}
		if err := checkListable(e.path); err != nil {
			return nil, err
		}
		digest, err := digestFile(root.FS(), e.path)
		if err != nil {
			return nil, err
		}
		sums = append(sums, Checksum{digest, e.path})
	}
	return sums, nil
}

func digestFile(fsys fs.FS, path string) (string, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digest(f, path)
}

// checkListable refuses paths that are not relative, clean and in slashes, and
// those that sha256sum would write in an escaped form.
func checkListable(path string) error {
	if !fs.ValidPath(path) || path == "." || strings.Contains(path, `\`) || strings.ContainsFunc(path, unicode.IsControl) {
		return fmt.Errorf("path %q: want a relative path in slashes, without . or .. elements, backslashes or control characters", path)
	}
	return nil
}

// ParseChecksums reads a list strictly: each line is 64 lower-case hexadecimal
// digits, two spaces and a path, and paths ascend bytewise, so that a list has
// only one form. It must not name itself and must not be empty.
func ParseChecksums(b []byte) ([]Checksum, error) {
	if len(b) == 0 {
		return nil, errors.New("the list of checksums is empty")
	}
	if b[len(b)-1] != '\n' {
		return nil, errors.New("the last line does not end: is the list of checksums truncated?")
	}
	var sums []Checksum
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n") {
		sum, err := parseChecksum(line)
		if err == nil && len(sums) > 0 && sum.Path <= sums[len(sums)-1].Path {
			err = fmt.Errorf("path %q does not sort after the one before: want ascending paths, each once", sum.Path)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(sums)+1, err)
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

func parseChecksum(line string) (Checksum, error) {
	digest, path, ok := strings.Cut(line, "  ")
	if !ok || len(digest) != 2*sha256.Size || strings.Trim(digest, "0123456789abcdef") != "" {
		return Checksum{}, fmt.Errorf("%.80q: want 64 lower-case hexadecimal digits, two spaces and a path", line)
	}
	if err := checkListable(path); err != nil {
		return Checksum{}, err
	}
	if path == ChecksumFile {
		return Checksum{}, errors.New("the list of checksums names itself")
	}
	return Checksum{digest, path}, nil
}

// Difference is a way in which a folder does not agree with its list.
type Difference struct {
	Path string
	Kind DifferenceKind
}

// DifferenceKind says what is wrong with a path.
type DifferenceKind string

// The kinds of difference.
const (
	Missing   DifferenceKind = "missing"
	Changed   DifferenceKind = "changed"
	Unlisted  DifferenceKind = "unlisted"
	Irregular DifferenceKind = "not a regular file" // a link, device, pipe or socket
	Foreign   DifferenceKind = "a name that no file or folder of a package has"
)

func (d Difference) String() string { return d.Path + ": " + string(d.Kind) }

// VerifyChecksums compares every file under dir with the list in it and returns
// the differences in order of paths. All names are looked at first: where one is of a
// link, a device or of nothing that the limits admit, that is all that is returned, and
// no file was opened. It is an error when a limit is exceeded, when there is no list,
// when the list is malformed or when a file cannot be read.
func VerifyChecksums(dir string, limits Limits) ([]Difference, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	l := &listing{root: root, left: limits}
	if err := l.list("."); err != nil {
		return nil, err
	}
	differences := l.found
	if len(differences) == 0 {
		sums, err := readChecksums(root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ChecksumFile), err)
		}
		if differences, err = compare(root.FS(), l.files, sums); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(differences, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return differences, nil
}

// maxChecksums bounds the size of a list: some ten thousand lines.
const maxChecksums = 16 << 20

func readChecksums(root *os.Root) ([]Checksum, error) {
	info, err := root.Lstat(ChecksumFile)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New(string(Irregular))
	}
	f, err := root.Open(ChecksumFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxChecksums+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxChecksums {
		return nil, fmt.Errorf("more than %d bytes: is it a list of checksums?", maxChecksums)
	}
	return ParseChecksums(b)
}

// compare compares files with a list.
func compare(fsys fs.FS, files []string, sums []Checksum) ([]Difference, error) {
	want := make(map[string]string, len(sums))
	for _, sum := range sums {
		want[sum.Path] = sum.SHA256
	}
	var differences []Difference
	for _, path := range files {
		digest, listed := want[path]
		delete(want, path)
		switch {
		case path == ChecksumFile:
			continue
		case !listed:
			differences = append(differences, Difference{path, Unlisted})
			continue
		}
		got, err := digestFile(fsys, path)
		if err != nil {
			return nil, err
		}
		if got != digest {
			differences = append(differences, Difference{path, Changed})
		}
	}
	for path := range want {
		differences = append(differences, Difference{path, Missing})
	}
	return differences, nil
}
