package dataset

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// idxSet is a pair of IDX files, of images and labels, for each part of a dataset.
type idxSet struct {
	folder string // with slashes, from the place of the data
	name   string // what the names of its files have in common: "emnist-letters"
	files  map[idxRole]idxFile
}

// idxRole is what a file holds.
type idxRole struct {
	part   Part
	labels bool
}

func (r idxRole) String() string {
	kind := "images"
	if r.labels {
		kind = "labels"
	}
	if r.part == PartNone {
		return kind
	}
	return r.part.String() + " " + kind
}

type idxFile struct {
	path   string // with slashes, from the place of the data
	nested bool   // in a folder of its own name, as in archives of Kaggle's
}

// has says whether the set has images and labels of a part.
func (s *idxSet) has(part Part) bool {
	_, images := s.files[idxRole{part, false}]
	_, labels := s.files[idxRole{part, true}]
	return images && labels
}

// complete says whether there is something to train with.
func (s *idxSet) complete() bool { return s.has(PartTrain) || s.has(PartNone) }

// String is the set as in messages.
func (s *idxSet) String() string { return path.Join(s.folder, cmp.Or(s.name, "*-images-idx*")) }

// lacking are the files that the set's other files want.
func (s *idxSet) lacking() (missing []string) {
	for _, part := range []Part{PartTrain, PartValidation, PartTest, PartNone} {
		images, labels := idxRole{part, false}, idxRole{part, true}
		_, hasImages := s.files[images]
		_, hasLabels := s.files[labels]
		if hasImages && !hasLabels {
			missing = append(missing, labels.String())
		}
		if hasLabels && !hasImages {
			missing = append(missing, images.String())
		}
	}
	if len(missing) == 0 && !s.complete() {
		missing = append(missing, "train images and train labels")
	}
	return missing
}

// idxWord is the word of a name that says how many dimensions the file has.
var idxWord = regexp.MustCompile(`^idx\d?$`)

// idxTypeWords are words of names that say which type the values have.
var idxTypeWords = []string{"ubyte", "uint8", "byte", "int8", "short", "int16", "int", "int32", "float", "float32", "double", "float64"}

// parseIDXName reads a file's name, such as emnist-letters-train-images-idx3-ubyte.gz: words
// with hyphens, underscores, dots or spaces between them, of which one is idx with a digit
// or none, one images, image or imgs, or labels, label or targets, and one at most the name
// of a part. The words that are left are the set's name.
func parseIDXName(name string) (set string, role idxRole, is bool) {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	var rest []string
	idx, kinds := false, 0
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("-_. ", r) }) {
		part, isPart := partNames[word]
		if word == "t10k" {
			part, isPart = PartTest, true
		}
		switch {
		case isPart && role.part == PartNone:
			role.part = part
		case slices.Contains([]string{"images", "image", "imgs"}, word):
			kinds++
		case slices.Contains([]string{"labels", "label", "targets"}, word):
			kinds, role.labels = kinds+1, true
		case idxWord.MatchString(word):
			idx = true
		case idx && slices.Contains(idxTypeWords, word):
		default:
			rest = append(rest, word)
		}
	}
	return strings.Join(rest, "-"), role, idx && kinds == 1
}

// idxFinder looks for sets of IDX files.
type idxFinder struct {
	root    string
	pattern string // of the names of files, or of their paths from the root if it has a slash
	sets    []*idxSet
	folders int // that were looked through
}

// Limits on how far files are looked for.
const (
	maxIDXDepth   = 3
	maxIDXFolders = 10_000
)

// find looks in the root, then in the folders in it, and so on, and ends with the first
// level at which there is a complete set. Hidden folders are left out.
func (f *idxFinder) find() error {
	folders := []string{"."}
	for depth := 0; depth <= maxIDXDepth && len(folders) > 0; depth++ {
		var below []string
		for _, folder := range folders {
			more, err := f.look(folder)
			if err != nil {
				return err
			}
			below = append(below, more...)
		}
		if slices.ContainsFunc(f.sets, (*idxSet).complete) {
			return nil
		}
		folders = below
	}
	return nil
}

// look takes the files of a folder and returns the folders in it.
func (f *idxFinder) look(folder string) (below []string, err error) {
	if f.folders++; f.folders > maxIDXFolders {
		return nil, config.Usagef("%s has more than %d folders to look for IDX files in: give the folder that has them", f.root, maxIDXFolders)
	}
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(folder)))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		if listing.IsLeftOut(entry.Name()) {
			continue
		}
		mode := entry.Type()
		if mode&fs.ModeSymlink != 0 {
			if info, err := os.Stat(filepath.Join(f.root, filepath.FromSlash(name))); err == nil {
				mode = info.Mode().Type()
			}
		}
		if mode.IsDir() {
			below = append(below, name)
		} else if mode.IsRegular() {
			f.add(name)
		}
	}
	return below, nil
}

// matches says whether the pattern has the file.
func (f *idxFinder) matches(name string) bool {
	if !strings.Contains(f.pattern, "/") {
		name = path.Base(name)
	}
	matched, _ := path.Match(f.pattern, name) // checked with the option
	return f.pattern == "" || matched
}

// add takes a file if its name says what it is. Of several for one purpose the set has
// the first: those that lie in no folder of their own name come before others, plain ones
// before gzipped ones, and then names in bytewise order.
func (f *idxFinder) add(name string) {
	base := path.Base(name)
	setName, role, is := parseIDXName(base)
	if !is || !f.matches(name) {
		return
	}
	file := idxFile{path: name}
	folder := path.Dir(name)
	if own := path.Base(folder); own == base || own == strings.TrimSuffix(base, ".gz") {
		folder, file.nested = path.Dir(folder), true
	}
	at := slices.IndexFunc(f.sets, func(s *idxSet) bool { return s.folder == folder && s.name == setName })
	if at < 0 {
		at = len(f.sets)
		f.sets = append(f.sets, &idxSet{folder, setName, map[idxRole]idxFile{}})
	}
	files := f.sets[at].files
	if other, taken := files[role]; !taken || file.before(other) {
		files[role] = file
	}
}

func (a idxFile) before(b idxFile) bool {
	rank := func(f idxFile) (n int) {
		if f.nested {
			n += 2
		}
		if strings.HasSuffix(strings.ToLower(f.path), ".gz") {
			n++
		}
		return n
	}
	return cmp.Or(rank(a)-rank(b), strings.Compare(a.path, b.path)) < 0
}

// publishedIDXFiles says where files of the format are published.
const publishedIDXFiles = "EMNIST is published by NIST (The EMNIST Dataset), KMNIST by the Center for Open Data in the Humanities (KMNIST Dataset), QMNIST by Facebook Research (QMNIST)"

// choose returns the one complete set, or says why there is none.
func (f *idxFinder) choose() (*idxSet, error) {
	var complete, others []*idxSet
	for _, s := range f.sets {
		if s.complete() {
			complete = append(complete, s)
		} else {
			others = append(others, s)
		}
	}
	switch {
	case len(complete) == 1:
		if missing := complete[0].lacking(); len(missing) > 0 {
			return nil, f.incomplete(complete[0], missing)
		}
		return complete[0], nil
	case len(complete) > 1:
		var names []string
		for _, s := range complete {
			names = append(names, s.String())
		}
		return nil, config.Usagef("%s has several sets of IDX files: %s: --dataset-options files=PATTERN takes one, as in files=%s, or give its folder",
			f.root, strings.Join(names, ", "), exampleOf(complete))
	case len(others) > 0:
		return nil, f.incomplete(others[0], others[0].lacking())
	case f.pattern != "":
		return nil, &NotFoundError{fmt.Errorf("%s has no IDX files that match %s, with names such as train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not", f.root, f.pattern)}
	}
	return nil, &NotFoundError{fmt.Errorf("%s has no IDX files with names such as train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not; the options train-images and train-labels name others. %s",
		f.root, publishedIDXFiles)}
}

// incomplete says what a set lacks.
func (f *idxFinder) incomplete(s *idxSet, missing []string) error {
	var found []string
	for _, role := range idxRoles {
		if file, has := s.files[role]; has {
			found = append(found, file.path)
		}
	}
	return &NotFoundError{fmt.Errorf("%s has %s, and no file of %s beside", f.root, strings.Join(found, ", "), strings.Join(missing, " or "))}
}

// exampleOf is a pattern that one of the sets has for itself.
func exampleOf(sets []*idxSet) string {
	for i := len(sets) - 1; i > 0; i-- {
		if s := sets[i]; s.name != "" && !slices.ContainsFunc(sets[:i], func(other *idxSet) bool { return other.name == s.name }) {
			return s.name + "-*"
		}
	}
	return path.Join(sets[len(sets)-1].folder, "*")
}
