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
// Hugging Face gives it, or one whose folders train, test and so on have such lists.
func (s *listSource) Open(ctx context.Context, place string, mode Mode) (Dataset, error) {
	lists, err := findLists(place)
	if err != nil {
		return nil, &Error{"list", err}
	}
	name := place
	if len(lists) == 1 {
		name = lists[0].path
	}
	entries, err := s.read(ctx, lists)
	if err != nil {
		return nil, &Error{"list " + name, err}
	}
	how := opening{mode, s.files.Index, s.files.Foreseen, name, s.decoder}
	d, err := newSetInMode(ctx, how, entries.classes, entries, entries.grouping, func(i int, _ []uint8) (imaging.Image, error) {
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
		return imaging.Image{}, fmt.Errorf("%s: %w", entries.where(e), err)
	}
	if e.box == 0 {
		return img, nil
	}
	defer img.Release()
	box := entries.boxOf(e)
	if img, err = img.Crop(int(box.x), int(box.y), int(box.width), int(box.height)); err != nil {
		return imaging.Image{}, config.Usagef("%s: %s: %w", entries.where(e), entries.pathOf(e), err)
	}
	return img, nil
}

// folderLists are the names that a list has where its folder is given: Hugging Face's.
var folderLists = []string{"metadata.csv", "metadata.jsonl"}

// placedList is a list that was found.
type placedList struct {
	path   string
	folder string // of a part, in which it lies; empty where there is no such
	part   Part   // of all that it lists; PartNone where it says that itself
}

// findLists finds the list at a place, the one in the folder there, or those in the
// folders of parts that are in it.
func findLists(place string) ([]placedList, error) {
	info, err := os.Stat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotFoundError{fmt.Errorf("%s does not exist: want a list, such as labels.csv", place)}
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return []placedList{{path: place}}, nil
	case !info.IsDir():
		return nil, config.Usagef("%s is not a regular file: want a list, such as labels.csv", place)
	}
	found, err := listIn(place)
	if err != nil {
		return nil, err
	}
	if found != "" {
		return []placedList{{path: found}}, nil
	}
	lists, err := listsOfParts(place)
	if err == nil && len(lists) == 0 {
		err = &NotFoundError{fmt.Errorf("%s is a folder without %s: want one of them in it, or in folders train and test in it, or the list itself, such as %s",
			place, strings.Join(folderLists, " or "), filepath.Join(place, "labels.csv"))}
	}
	return lists, err
}

// listIn is the list in a folder; empty where there is none.
func listIn(folder string) (found string, err error) {
	for _, name := range folderLists {
		path := filepath.Join(folder, name)
		switch {
		case !fileio.Exists(path):
		case found != "":
			return "", config.Usagef("%s has both %s: give the one to be used", folder, strings.Join(folderLists, " and "))
		default:
			found = path
		}
	}
	return found, nil
}

// listsOfParts finds the lists in the folders of parts, which must all have one.
func listsOfParts(place string) (lists []placedList, err error) {
	entries, err := os.ReadDir(place)
	if err != nil {
		return nil, err
	}
	taken, without := map[Part]string{}, ""
	for _, entry := range entries {
		part := partNames[strings.ToLower(entry.Name())]
		if info, err := os.Stat(filepath.Join(place, entry.Name())); part == PartNone || err != nil || !info.IsDir() {
			continue
		}
		path, err := listIn(filepath.Join(place, entry.Name()))
		switch {
		case err != nil:
			return nil, err
		case path == "":
			without = entry.Name()
			continue
		case taken[part] != "":
			return nil, config.Usagef("%s has lists in both %s and %s, which name the same part: keep one", place, taken[part], entry.Name())
		}
		taken[part] = entry.Name()
		lists = append(lists, placedList{path, entry.Name(), part})
	}
	if len(lists) > 0 && without != "" {
		return nil, config.Usagef("%s has a list in %s and none in %s: want one in each folder of a part, or one list with a column part", place, lists[0].folder, without)
	}
	return lists, nil
}

// read reads lists and checks all of them. A mistake in one is a [config.UsageError].
func (s *listSource) read(ctx context.Context, lists []placedList) (*listEntries, error) {
	c := newListChecker(lists)
	for at := range lists {
		if err := s.readOne(ctx, c.begin(at), c); err != nil {
			return nil, err
		}
	}
	entries, err := c.finish()
	if err != nil {
		return nil, err
	}
	if err := s.files.checkClasses(entries.classes); err != nil {
		return nil, config.Usage(err)
	}
	entries.options = s.files
	return entries, nil
}

func (s *listSource) readOne(ctx context.Context, l placedList, c *listChecker) error {
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	t := &listTable{columns: s.columns, mistakes: &c.mistakes}
	if err := t.read(ctx, f, strings.ToLower(filepath.Ext(l.path)), c.add); err != nil {
		if c.mistakes.in != "" {
			return fmt.Errorf("%s%w", c.mistakes.in, err)
		}
		return err
	}
	if len(t.unused) > 0 {
		slog.WarnContext(ctx, "the list has columns that are not used", "list", l.path, "columns", strings.Join(t.unused, ", "))
	}
	return nil
}
