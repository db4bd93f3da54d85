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

// tree is what a folder of images holds, as examples.
type tree struct {
	root    string
	classes []string   // sorted
	files   []treeFile // sorted by path
	loose   int        // images that lie in no class folder
	skipped *listing.Skipped
	options FileOptions
}

type treeFile struct {
	path  string // from the root, with slashes
	name  string // the end of it, from the class folder
	class string // a part of it
	info  Info
}

func (t *tree) Len() int            { return len(t.files) }
func (t *tree) Info(i int) Info     { return t.files[i].info }
func (t *tree) Source(i int) string { return t.files[i].path }

// Path implements inFiles; Path and fileOptions implement skippable.
func (t *tree) Path(i int) string {
	return filepath.Join(t.root, filepath.FromSlash(t.files[i].path))
}

func (t *tree) fileOptions() FileOptions { return t.options }

// arrange makes examples of what was listed.
func (s *folderSource) arrange(listed *listing.Tree) (*tree, error) {
	t := &tree{root: listed.Root, skipped: &listed.Skipped, options: s.files}
	parts, err := s.partsOf(listed.Folder)
	if err != nil {
		return nil, config.Usagef("%s: %w", t.root, err)
	}
	separator, prefixed := strings.CutPrefix(s.class, byPrefix)
	if parts[0].folder != listed.Folder { // there are parts
		t.loose = len(listed.Images)
	}
	for _, part := range parts {
		if prefixed {
			t.addAll(part, "")
		} else {
			t.addClasses(part)
		}
	}
	if len(t.files) == 0 {
		return nil, t.noImages(parts)
	}
	if prefixed {
		err = t.nameClasses(separator)
	} else {
		err = t.checkDepth(listed.Folder)
	}
	if err != nil {
		return nil, err
	}
	t.sort()
	for i := range t.files {
		f := &t.files[i]
		f.info.Label, _ = slices.BinarySearch(t.classes, f.class)
		f.info.Group = s.groupOf(f.name)
	}
	return t, nil
}

func (t *tree) sort() {
	slices.SortFunc(t.files, func(a, b treeFile) int { return strings.Compare(a.path, b.path) })
	slices.Sort(t.classes)
	t.classes = slices.Compact(t.classes)
}

// addClasses adds the images of all class folders of a part.
func (t *tree) addClasses(p partFolder) {
	t.loose += len(p.folder.Images)
	for _, folder := range p.folder.Folders {
		t.classes = append(t.classes, folder.Name)
		t.addAll(partFolder{folder, path.Join(p.path, folder.Name), p.part}, folder.Name)
	}
}

// addAll adds all images in the folder and below it to a class.
func (t *tree) addAll(p partFolder, class string) {
	for name := range p.folder.All() {
		full := path.Join(p.path, name)
		t.files = append(t.files, treeFile{path: full, name: full[len(full)-len(name):], class: class, info: Info{Part: p.part}})
	}
}

// nameClasses takes the classes from the names of the files.
func (t *tree) nameClasses(separator string) error {
	var nameless []string
	seen := map[string]bool{}
	for i := range t.files {
		f := &t.files[i]
		if f.class = prefixOf(f.name, separator); f.class == "" {
			nameless = append(nameless, f.path)
			continue
		}
		if !seen[f.class] {
			seen[f.class] = true
			t.classes = append(t.classes, f.class)
		}
	}
	if n := len(nameless); n > 0 {
		slices.Sort(nameless)
		text := strings.Join(nameless[:min(n, listing.MostNamed)], ", ")
		if n > listing.MostNamed {
			text += fmt.Sprintf(" and %d more, all in %s", n-listing.MostNamed, listing.WriteList("no-class", nameless))
		}
		return config.Usagef("%s: %d of %d images have no class before %q in their names, as class=%s%s wants: %s; move them out, or give the folder of those that have one by --data-dir",
			t.root, n, len(t.files), separator, byPrefix, separator, text)
	}
	return nil
}
