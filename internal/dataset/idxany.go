package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// idxFolder reads IDX files of any names, types and number of classes: for each of the
// parts train, validation and test an array of images and one of labels, or one pair for
// the split to divide. Which file is what is read from its name (see parseIDXName), or said
// by options.
//
// Images are [N,H,W] or [N,H,W,C] with 1 or 3 channels. Values become bytes as [levels]
// says: whole numbers from 0 to 255 and fractions from 0 to 1, unless the option range has
// other ends. With the option transpose, rows and columns are exchanged then. Labels are
// [N], or a column of [N,K]. A label is the index of its class plus that of the first
// class, and classes are named by a file of [labelNames], or by their labels.
//
// Parts come in the order train, validation, test, and examples in the order of the files.
type idxFolder struct {
	files  string
	given  [len(idxRoles)]string // patterns of single files
	column string
	form   imageForm
	labels labelOptions
}

// idxRoles are what files are for, the images of each part before its labels.
var idxRoles = [...]idxRole{
	{PartTrain, false}, {PartTrain, true},
	{PartValidation, false}, {PartValidation, true},
	{PartTest, false}, {PartTest, true},
	{PartNone, false}, {PartNone, true},
}

// option is the name of the option for a file.
func (r idxRole) option() string {
	return strings.Replace(strings.ReplaceAll(r.String(), " ", "-"), "validation", "val", 1)
}

func newIDXFolder(o *config.Options) (Source, error) {
	s := &idxFolder{}
	o.String(&s.files, "files", "", "pattern of the files' names, as emnist-letters-*, where there are several sets; with a slash, of their paths in the folder", checkPattern)
	for i, role := range idxRoles {
		o.String(&s.given[i], role.option(), "", fmt.Sprintf("file of the %s: its path in the folder, or a pattern of it; empty: found by its name", role), checkPattern)
	}
	o.String(&s.column, "label-column", columnAuto, "column of the class where there are several numbers for each image, from 0 on; auto: 0 for files of QMNIST", checkColumn)
	s.form.declare(o)
	s.labels.declare(o)
	return s, nil
}

func (f *imageForm) declare(o *config.Options) {
	o.Canonical(&f.values, "range", rangeAuto, "LOW:HIGH, values that become black (0) and white (255), with those between in proportion; auto: 0:255 for whole numbers, 0:1 for fractions", canonicalRange)
	o.Bool(&f.transpose, "transpose", false, "exchange rows and columns of the images, as those of EMNIST need")
}

func checkPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return errors.New("want a pattern of names, in which * stands for any characters and ? for one")
	}
	if pattern != "" && !fs.ValidPath(pattern) {
		return errors.New("want a path below the folder of the data, with slashes, and no . or .. in place of a name")
	}
	return nil
}

const columnAuto = "auto"

func checkColumn(text string) error {
	if text == columnAuto {
		return nil
	}
	if n, err := parseLabel(text); err != nil || n >= maxArraySide {
		return fmt.Errorf("want auto or a whole number from 0 to %d", maxArraySide-1)
	}
	return nil
}

// Open implements Source.
func (s *idxFolder) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	set, err := s.find(dir)
	if err != nil {
		return nil, &Error{"idx", err}
	}
	if strings.HasPrefix(set.name, "emnist") && !s.form.transpose {
		slog.WarnContext(ctx, "the images of EMNIST are published with rows and columns exchanged: --dataset-options transpose=true turns them upright", "folder", filepath.Join(dir, set.folder))
	}
	parts, files, err := s.read(dir, set, mode)
	if err != nil {
		return nil, &Error{"idx", err}
	}
	classes, err := s.classes(dir, set, parts, files)
	if err != nil {
		return nil, &Error{"idx", err}
	}
	d, err := newArraySet(ctx, "idx", classes, parts)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// find returns the set that options name, or else the one that the folder has.
func (s *idxFolder) find(dir string) (*idxSet, error) {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotFoundError{fmt.Errorf("%s does not exist: want a folder with IDX files. %s", dir, publishedIDXFiles)}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, config.Usagef("%s is a file: want the folder of the IDX files", dir)
	}
	if s.given != [len(idxRoles)]string{} {
		return s.named(dir)
	}
	f := &idxFinder{root: dir, pattern: s.files}
	if err := f.find(); err != nil {
		return nil, err
	}
	return f.choose()
}

// named is the set of the files that options name.
func (s *idxFolder) named(dir string) (*idxSet, error) {
	set := &idxSet{folder: ".", files: map[idxRole]idxFile{}}
	for i, pattern := range s.given {
		if pattern == "" {
			continue
		}
		role := idxRoles[i]
		found, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		switch len(found) {
		case 0:
			return nil, &NotFoundError{fmt.Errorf("%s=%s: there is no such file in %s", role.option(), pattern, dir)}
		case 1:
			set.files[role] = idxFile{path: found[0]}
		default:
			return nil, config.Usagef("%s=%s matches %d files in %s, %s and others: want a pattern of one", role.option(), pattern, len(found), dir, found[0])
		}
		if len(set.files) == 1 {
			set.folder = path.Dir(found[0])
			set.name, _, _ = parseIDXName(path.Base(found[0]))
		}
	}
	if missing := set.lacking(); len(missing) > 0 {
		return nil, config.Usagef("options name files, and none of %s: name it too", strings.Join(missing, " or "))
	}
	return set, nil
}

// read reads all parts of a set. The second result are the files of their labels.
func (s *idxFolder) read(dir string, set *idxSet, mode Mode) (parts []arrayPart, files []string, err error) {
	memory := newArrayMemory(mode)
	for i := 0; i < len(idxRoles); i += 2 {
		part := idxRoles[i].part
		if !set.has(part) {
			continue
		}
		if part == PartNone && set.has(PartTrain) {
			return nil, nil, config.Usagef("%s has images of a training part and others of no part: name the files by options such as train-images", set)
		}
		r := &idxPair{
			images: filepath.Join(dir, filepath.FromSlash(set.files[idxRoles[i]].path)),
			labels: filepath.Join(dir, filepath.FromSlash(set.files[idxRoles[i+1]].path)),
		}
		p, err := s.readPair(r, memory)
		if err != nil {
			return nil, nil, err
		}
		p.title, p.part = part.String(), part
		if part == PartNone {
			p.title = "images"
		}
		parts, files = append(parts, p), append(files, r.labels)
		if err := p.checkTogether(r.labels, &parts[0]); err != nil {
			return nil, nil, err
		}
	}
	return parts, files, nil
}

// idxPair are the files of one part.
type idxPair struct{ images, labels string }

// readPair reads both headers before any value, so that files which do not belong together
// cost no time.
func (s *idxFolder) readPair(pair *idxPair, memory *arrayMemory) (p arrayPart, err error) {
	labels, err := openIDX(pair.labels, magicAny)
	if err != nil {
		return p, err
	}
	images, err := openIDX(pair.images, magicAny)
	if err != nil {
		return p, err
	}
	if labels.count() != images.count() {
		return p, fmt.Errorf("%s has %d images, but %s has %d labels: the files do not belong together", images.name, images.count(), labels.name, labels.count())
	}
	column, err := s.columnOf(labels)
	if err != nil {
		return p, err
	}
	if p.labels, err = labels.labels(column); err == nil {
		p.images, err = images.frames(s.form, memory)
	}
	return p, err
}

// columnOf is the column of an array of labels that has the classes.
func (s *idxFolder) columnOf(a *array) (int, error) {
	columns := 1
	if len(a.shape) == 2 {
		columns = a.shape[1]
	}
	column := 0
	switch {
	case len(a.shape) > 2:
		return 0, config.Usagef("%s: has the shape %s: want labels, [N] or [N,K]", a.name, shapeText(a.shape))
	case s.column != columnAuto:
		column, _ = parseLabel(s.column)
	case columns > 1 && !strings.HasPrefix(filepath.Base(a.name), "qmnist-"):
		return 0, config.Usagef("%s: has the shape %s, several numbers for each image: --dataset-options label-column=0 takes the first as the class; several labels of one image are not read", a.name, shapeText(a.shape))
	}
	if column >= columns {
		return 0, config.Usagef("%s: label-column=%d, but its shape is %s", a.name, column, shapeText(a.shape))
	}
	return column, nil
}

// classes finds the names of the classes.
func (s *idxFolder) classes(dir string, set *idxSet, parts []arrayPart, files []string) ([]string, error) {
	folder := filepath.Join(dir, filepath.FromSlash(set.folder))
	mapping := ""
	if set.name != "" {
		mapping = filepath.Join(folder, set.name+"-mapping.txt")
	}
	names, err := s.labels.find(mapping, folder, dir)
	if err != nil {
		return nil, err
	}
	return s.labels.classes(parts, files, names)
}
