package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// listSource reads a list of labelled images: a file of comma-separated (.csv) or
// tab-separated values (.tsv) with a heading, or of JSON objects, one a line (.jsonl).
// Examples are in the order of the list, classes in bytewise order of their names.
//
//	path    image file, relative to the list's folder; forward slashes
//	label   name of the class
//	part    train, validation or test; empty: the split decides
//	group   examples of one group stay in one part
//	weight  of the example in the loss; empty: 1
//	box     x,y,width,height in pixels of the upright image: the part that is the example
//
// An image may have several boxes. Its examples form a group then.
type listSource struct {
	columns listColumns
	decoder imaging.Decoder
	files   FileOptions
}

func newList(o *config.Options) (Source, error) {
	s := &listSource{}
	for at, column := range listColumnTable {
		o.String(&s.columns[at], column.name, "", column.doc)
	}
	return s, nil
}

// WithDecoder implements Decoding.
func (s *listSource) WithDecoder(d imaging.Decoder) Source {
	other := *s
	other.decoder = d
	return &other
}

// WithFiles implements Filed.
func (s *listSource) WithFiles(o FileOptions) Source {
	with := *s
	with.files = o
	return &with
}

// Open implements Source. The place is a list, or a folder with a list of the name that
// Hugging Face gives it.
func (s *listSource) Open(ctx context.Context, place string, mode Mode) (Dataset, error) {
	name, err := findList(place)
	if err != nil {
		return nil, &Error{"list", err}
	}
	entries, err := s.read(ctx, name)
	if err != nil {
		return nil, &Error{"list " + name, err}
	}
	d, err := newSetInMode(ctx, mode, entries.classes, entries, entries.grouping, func(i int, _ []uint8) (imaging.Image, error) {
		return s.load(entries, i)
	})
	if err != nil {
		return nil, &Error{"list " + name, err}
	}
	return d, nil
}

// load reads the image of an entry and takes the part that is the example.
func (s *listSource) load(entries *listEntries, i int) (imaging.Image, error) {
	e := &entries.list[i]
	img, err := s.decoder.DecodeFile(entries.Path(i))
	if err != nil {
		return imaging.Image{}, fmt.Errorf("line %d: %w", e.line, err)
	}
	if e.box == (listBox{}) {
		return img, nil
	}
	if img, err = img.Crop(e.box.x, e.box.y, e.box.width, e.box.height); err != nil {
		return imaging.Image{}, config.Usagef("line %d: %s: %w", e.line, e.path, err)
	}
	return img, nil
}

// folderLists are the names that a list has where its folder is given: Hugging Face's.
var folderLists = []string{"metadata.csv", "metadata.jsonl"}

// findList is the list at a place, or the one in the folder there.
func findList(place string) (string, error) {
	info, err := os.Stat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &NotFoundError{fmt.Errorf("%s does not exist: want a list, such as labels.csv", place)}
	case err != nil:
		return "", err
	case info.Mode().IsRegular():
		return place, nil
	case !info.IsDir():
		return "", config.Usagef("%s is not a regular file: want a list, such as labels.csv", place)
	}
	var found []string
	for _, name := range folderLists {
		if path := filepath.Join(place, name); fileio.Exists(path) {
			found = append(found, path)
		}
	}
	switch len(found) {
	case 0:
		return "", &NotFoundError{fmt.Errorf("%s is a folder without %s: want one of them in it, or the list itself, such as %s",
			place, strings.Join(folderLists, " or "), filepath.Join(place, "labels.csv"))}
	case 1:
		return found[0], nil
	}
	return "", config.Usagef("%s has both %s: give the one to be used", place, strings.Join(folderLists, " and "))
}

// read reads a list and checks all of it. A mistake in it is a [config.UsageError].
func (s *listSource) read(ctx context.Context, name string) (*listEntries, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := newListChecker(filepath.Dir(name))
	t := &listTable{columns: s.columns, mistakes: &c.mistakes}
	err = t.read(ctx, f, strings.ToLower(filepath.Ext(name)), c.add)
	if err != nil {
		return nil, err
	}
	if len(t.unused) > 0 {
		slog.WarnContext(ctx, "the list has columns that are not used", "list", name, "columns", strings.Join(t.unused, ", "))
	}
	entries, err := c.finish()
	if err != nil {
		return nil, err
	}
	if err := s.files.checkClasses(entries.classes); err != nil {
		return nil, config.Usage(err)
	}
	entries.dir, entries.skip = filepath.Dir(name), s.files.SkipCorrupt
	return entries, nil
}
