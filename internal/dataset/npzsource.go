package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset/npz"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// npzSource reads an .npz file with arrays of images and of labels for each of the parts
// train, validation and test, under the names that MedMNIST gives them, or Keras:
//
//	train_images train_labels  val_images val_labels  test_images test_labels
//	x_train      y_train       x_val      y_val       x_test      y_test
//
// or with the arrays images and labels alone, for the split to divide. Images are [N,H,W] or
// [N,H,W,C] with 1 or 3 channels, and labels [N] or [N,1]; what their values mean is as with
// [idxFolder]. Parts come in the order train, validation, test.
type npzSource struct {
	form   imageForm
	labels labelOptions
}

// npzKeys are the names of the arrays of one part.
type npzKeys struct {
	part           Part
	images, labels string
}

var npzKeyTable = []npzKeys{
	{PartTrain, "train_images", "train_labels"}, {PartTrain, "x_train", "y_train"},
	{PartValidation, "val_images", "val_labels"}, {PartValidation, "x_val", "y_val"},
	{PartTest, "test_images", "test_labels"}, {PartTest, "x_test", "y_test"},
	{PartNone, "images", "labels"},
}

func newNPZ(o *config.Options) (Source, error) {
	s := &npzSource{}
	s.form.declare(o)
	s.labels.declare(o)
	return s, nil
}

// Open implements Source. The place is an .npz file, or a folder with one.
func (s *npzSource) Open(ctx context.Context, place string, mode Mode) (Dataset, error) {
	path, err := findNPZ(place)
	if err != nil {
		return nil, &Error{"npz", err}
	}
	parts, names, err := s.read(path, mode)
	if err != nil {
		return nil, &Error{"npz", err}
	}
	labels, err := s.labels.find("", filepath.Dir(path))
	if err != nil {
		return nil, &Error{"npz", err}
	}
	classes, err := s.labels.classes(parts, names, labels)
	if err != nil {
		return nil, &Error{"npz", err}
	}
	d, err := newArraySet(ctx, "npz", classes, parts)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// publishedNPZ says where files of the kind are published.
const publishedNPZ = "MedMNIST is published on Zenodo by the MedMNIST team (MedMNIST+: an .npz file for each dataset and size)"

// findNPZ is the .npz file at a place.
func findNPZ(place string) (string, error) {
	info, err := os.Stat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &NotFoundError{fmt.Errorf("%s does not exist: want an .npz file, or a folder with one. %s", place, publishedNPZ)}
	case err != nil || info.Mode().IsRegular():
		return place, err
	case !info.IsDir():
		return "", config.Usagef("%s is not a regular file: want an .npz file, or a folder with one", place)
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return "", err
	}
	var found []string
	for _, entry := range entries {
		if strings.EqualFold(filepath.Ext(entry.Name()), ".npz") && !listing.IsLeftOut(entry.Name()) {
			found = append(found, entry.Name())
		}
	}
	switch len(found) {
	case 0:
		return "", &NotFoundError{fmt.Errorf("%s has no .npz file. %s", place, publishedNPZ)}
	case 1:
		return filepath.Join(place, found[0]), nil
	}
	return "", config.Usagef("%s has several .npz files, %s: give the one to be used, as in --data-dir %s", place, listing.Some(found), config.ShellWord(filepath.Join(place, found[0])))
}

// read reads the arrays of all parts. The second result are the names of those of labels.
func (s *npzSource) read(path string, mode Mode) (parts []arrayPart, names []string, err error) {
	all, err := npzKeysOf(path)
	if err != nil {
		return nil, nil, err
	}
	memory := newArrayMemory(mode)
	for _, keys := range all {
		p, labels, err := s.readPart(path, keys, memory)
		if err != nil {
			return nil, nil, err
		}
		parts, names = append(parts, p), append(names, labels)
		if err := p.checkTogether(labels, &parts[0]); err != nil {
			return nil, nil, err
		}
	}
	return parts, names, nil
}

// npzKeysOf finds the arrays of each part.
func npzKeysOf(path string) (found []npzKeys, err error) {
	err = npz.Use(path, func(a *npz.Archive) error {
		for _, keys := range npzKeyTable {
			images, labels := a.Has(keys.images), a.Has(keys.labels)
			switch {
			case images != labels:
				has, lacks := keys.images, keys.labels
				if labels {
					has, lacks = lacks, has
				}
				return config.Usagef("%s: has the array %s, but not %s: want both", path, has, lacks)
			case images && slices.ContainsFunc(found, func(other npzKeys) bool { return other.part == keys.part }):
				return config.Usagef("%s: has the arrays of the %s part under two names: save it with one", path, keys.part)
			case images:
				found = append(found, keys)
			}
		}
		trains := slices.ContainsFunc(found, func(k npzKeys) bool { return k.part == PartTrain })
		if none := len(found) == 1 && found[0].part == PartNone; !trains && !none {
			return config.Usagef("%s: has the arrays %s: want train_images and train_labels, and if there are such, val_images, val_labels, test_images and test_labels; np.savez_compressed saves arrays under names",
				path, cmp.Or(listing.Some(a.Keys()), "of no name"))
		}
		return nil
	})
	// What is called images alone beside parts is something else.
	found = slices.DeleteFunc(found, func(k npzKeys) bool { return k.part == PartNone && len(found) > 1 })
	return found, err
}

// readPart reads both headers before any value.
func (s *npzSource) readPart(path string, keys npzKeys, memory *arrayMemory) (p arrayPart, name string, err error) {
	p = arrayPart{title: keys.part.String(), part: keys.part}
	if keys.part == PartNone {
		p.title = "images"
	}
	labels, err := openNPZ(path, keys.labels)
	if err != nil {
		return p, "", err
	}
	images, err := openNPZ(path, keys.images)
	if err != nil {
		return p, "", err
	}
	switch {
	case len(labels.shape) > 1 && labels.shape[1] > 1 || len(labels.shape) > 2:
		return p, "", config.Usagef("%s: has the shape %s, several labels for each image (multi-label), which is not read: want [N] or [N,1]; if they are one-hot, save labels.argmax(axis=1)", labels.name, shapeText(labels.shape))
	case images.count() != labels.count():
		return p, "", fmt.Errorf("%s has %d images, but %s has %d labels: the arrays do not belong together", images.name, images.count(), labels.name, labels.count())
	}
	if _, _, _, err := images.imageShape(); err != nil {
		return p, "", err
	}
	if p.labels, err = labels.labels(0); err == nil {
		p.images, err = images.frames(s.form, memory)
	}
	return p, labels.name, err
}

// openNPZ reads the header of the array called key in the .npz file at path.
func openNPZ(path, key string) (*array, error) {
	name := path + ": array " + key
	a := &array{name: name}
	plain := false
	with := func(use func(*npz.Array) error) error {
		return npz.Use(path, func(archive *npz.Archive) error {
			found, err := archive.Array(key)
			if err == nil {
				err = use(found)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	var offset int64
	err := with(func(found *npz.Array) error {
		a.of, a.shape = numberTypeOf(found.Type), found.Shape
		offset, plain = found.Plain()
		return checkShape(found.Shape, a.of.width)
	})
	if err != nil {
		return nil, err
	}
	a.copyTo = func(w io.Writer) error {
		return with(func(found *npz.Array) error {
			if found.Type != a.of.name || !slices.Equal(found.Shape, a.shape) {
				return errChanged
			}
			return found.CopyTo(w)
		})
	}
	if plain {
		a.inPlace = func() (*os.File, int64, error) {
			file, err := fileio.OpenRegular(path)
			return file, offset, err
		}
	}
	return a, nil
}
