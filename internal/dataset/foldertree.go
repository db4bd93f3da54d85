package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// tree is what a folder of images holds, as examples. There may be millions, so that all
// that files of a folder have in common is kept once.
type tree struct {
	root    string
	before  string   // what paths begin with: the root and a separator
	classes []string // sorted
	folders []treeFolder
	files   []treeFile // sorted by path
	groupBy string     // what precedes it in names makes groups; empty: folders do, or nothing
	loose   int        // images that lie in no class folder
	skipped *listing.Skipped
	options FileOptions
}

// treeFolder is what the files of a folder have in common.
type treeFolder struct {
	path  string // from the root, with slashes and one at its end; "" is the root
	class string // unless names of files have it
	group string
	part  Part
}

type treeFile struct {
	name   string
	folder int32
	label  int32
}

func (t *tree) Len() int { return len(t.files) }

func (t *tree) Info(i int) Info {
	f := &t.files[i]
	folder := &t.folders[f.folder]
	info := Info{Label: int(f.label), Part: folder.part, Group: folder.group}
	if t.groupBy != "" {
		info.Group = prefixOf(f.name, t.groupBy)
	}
	return info
}

func (t *tree) Source(i int) string {
	f := &t.files[i]
	return t.folders[f.folder].path + f.name
}

// appendName implements indexable.
func (t *tree) appendName(b []byte, i int) []byte {
	f := &t.files[i]
	return append(append(b, t.folders[f.folder].path...), f.name...)
}

// Path implements inFiles; Path and fileOptions implement skippable.
func (t *tree) Path(i int) string {
	f := &t.files[i]
	return t.before + filepath.FromSlash(t.folders[f.folder].path) + f.name
}

func (t *tree) fileOptions() FileOptions { return t.options }

// arrange makes examples of what was listed.
func (s *folderSource) arrange(listed *listing.Tree) (*tree, error) {
	skipped := listed.Skipped // the listing itself is not kept
	t := &tree{root: listed.Root, skipped: &skipped, options: s.files}
	t.before = strings.TrimSuffix(filepath.Join(t.root, "x"), "x")
	t.groupBy, _ = strings.CutPrefix(s.group, byPrefix)
	if t.groupBy == s.group {
		t.groupBy = ""
	}
	parts, err := s.partsOf(listed.Folder)
	if err != nil {
		return nil, config.Usagef("%s: %w", t.root, err)
	}
	separator, prefixed := strings.CutPrefix(s.class, byPrefix)
	if parts[0].folder != listed.Folder { // there are parts
		t.loose = len(listed.Images)
	}
	t.files = make([]treeFile, 0, listed.Count())
	for _, part := range parts {
		if prefixed {
			t.addAll(s, part, "", "")
		} else {
			t.addClasses(s, part)
		}
	}
	if len(t.files) == 0 {
		return nil, t.noImages(parts)
	}
	if prefixed {
		err = t.nameClasses(separator)
	} else {
		t.labelFolders()
		err = t.checkDepth(listed.Folder)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(t.files, t.compare)
	return t, nil
}

// compare orders files by their paths, byte by byte.
func (t *tree) compare(a, b treeFile) int {
	if a.folder == b.folder {
		return strings.Compare(a.name, b.name)
	}
	pathA, pathB := t.folders[a.folder].path, t.folders[b.folder].path
	n := min(len(pathA), len(pathB))
	if c := strings.Compare(pathA[:n], pathB[:n]); c != 0 {
		return c
	}
	if len(pathA) > n {
		return -compareJoined(b.name, pathA[n:], a.name)
	}
	return compareJoined(a.name, pathB[n:], b.name)
}

// compareJoined compares x with y+z.
func compareJoined(x, y, z string) int {
	n := min(len(x), len(y))
	switch c := strings.Compare(x[:n], y[:n]); {
	case c != 0:
		return c
	case n < len(y):
		return -1
	}
	return strings.Compare(x[n:], z)
}

// addClasses adds the images of all class folders of a part.
func (t *tree) addClasses(s *folderSource, p partFolder) {
	t.loose += len(p.folder.Images)
	for _, folder := range p.folder.Folders {
		t.classes = append(t.classes, folder.Name)
		t.addAll(s, partFolder{folder, path.Join(p.path, folder.Name), p.part}, folder.Name, "")
	}
}

// addAll adds all images in the folder, which lies at the path below in its class folder
// or part, and below it to a class.
func (t *tree) addAll(s *folderSource, p partFolder, class, below string) {
	folder := treeFolder{class: class, part: p.part}
	if p.path != "" {
		folder.path = p.path + "/"
	}
	if s.group == byFolder {
		folder.group = below
	}
	for _, name := range p.folder.Images {
		t.files = append(t.files, treeFile{name: name, folder: int32(len(t.folders))})
	}
	t.folders = append(t.folders, folder)
	for _, inside := range p.folder.Folders {
		t.addAll(s, partFolder{inside, path.Join(p.path, inside.Name), p.part}, class, path.Join(below, inside.Name))
	}
}

// labelFolders sorts the classes and labels the files with those of their folders.
func (t *tree) labelFolders() {
	slices.Sort(t.classes)
	t.classes = slices.Compact(t.classes)
	labels := make([]int32, len(t.folders))
	for i, folder := range t.folders {
		label, _ := slices.BinarySearch(t.classes, folder.class)
		labels[i] = int32(label)
	}
	for i := range t.files {
		t.files[i].label = labels[t.files[i].folder]
	}
}

// nameClasses takes the classes from the names of the files.
func (t *tree) nameClasses(separator string) error {
	var nameless []string
	seen := map[string]bool{}
	for i := range t.files {
		switch class := prefixOf(t.files[i].name, separator); {
		case class == "":
			nameless = append(nameless, t.Source(i))
		case !seen[class]:
			seen[class] = true
			t.classes = append(t.classes, class)
		}
	}
	if len(nameless) > 0 {
		return t.classless(separator, nameless)
	}
	slices.Sort(t.classes)
	for i := range t.files {
		label, _ := slices.BinarySearch(t.classes, prefixOf(t.files[i].name, separator))
		t.files[i].label = int32(label)
	}
	return nil
}

// classless is the error of files that have no class in their names.
func (t *tree) classless(separator string, nameless []string) error {
	slices.Sort(nameless)
	n := len(nameless)
	text := strings.Join(nameless[:min(n, listing.MostNamed)], ", ")
	if n > listing.MostNamed {
		text += fmt.Sprintf(" and %d more, all in %s", n-listing.MostNamed, listing.WriteList("no-class", nameless))
	}
	return config.Usagef("%s: %d of %d images have no class before %q in their names, as class=%s%s wants: %s; move them out, or give the folder of those that have one by --data-dir",
		t.root, n, len(t.files), separator, byPrefix, separator, text)
}
