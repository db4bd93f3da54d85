package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// idxSource is a dataset published as four IDX files: images and labels of a
// training part and of an official test part.
type idxSource struct {
	name    string
	classes []string
	files   [4]publishedFile // in the order of the constants below
	whole   string           // digest of the dataset that the published files give
	folder  string           // where an operating system's package puts them, or ""
	mirrors []string         // addresses that a file's name is appended to
	count   int              // training images to use, from the first on; 0 means all
	fetch   bool             // download what is not there
}

// The files of an idxSource.
const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

// publishedFile is a file as its authors published it.
type publishedFile struct {
	name   string // without .gz
	sha256 string // of the unpacked content, which does not depend on how it was packed
}

// publishedIDX are the modules that read IDX files.
func publishedIDX() []*idxSource { return []*idxSource{mnist(), fashionMNIST()} }

// declare declares the options that all such modules have.
func (s *idxSource) declare(o *config.Options) {
	o.Int(&s.count, "count", 0, "training images to use, from the first on; 0: all of them", config.AtLeast(0))
	o.Begin("", config.Execution)
	o.Bool(&s.fetch, "download", true, "fetch the published files into the data folder when they are nowhere")
}

// Open implements Source. It looks in dir/<name>, dir and the folder of the
// operating system's package, in this order, and then downloads to dir/<name>.
func (s *idxSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	paths, err := s.find(ctx, dir)
	if err != nil {
		return nil, err
	}
	train, err := s.part(paths, trainImages, mode)
	if err != nil {
		return nil, err
	}
	test, err := s.part(paths, testImages, mode)
	if err != nil {
		return nil, err
	}
	if train.width != test.width || train.height != test.height {
		return nil, fmt.Errorf("%s: its images are %dx%d, those of %s are %dx%d: the files do not belong together",
			test.name, test.width, test.height, train.name, train.width, train.height)
	}
	if s.count > 0 {
		train.labels = train.labels[:min(s.count, len(train.labels))]
	}
	of := idxExamples{s.name, train.labels, test.labels}
	d, err := newSet(ctx, s.classes, of, noGrouping, func(i int, buffer []uint8) (imaging.Image, error) {
		if at := i - len(train.labels); at >= 0 {
			return test.image(at, buffer)
		}
		return train.image(i, buffer)
	})
	if err != nil {
		return nil, &Error{s.name, err}
	}
	if d.Digest() != s.whole && s.count == 0 && d.Len() == publishedExamples {
		s.warnOfChanged(paths)
	}
	if mode == ModeDisk {
		d.recheck()
	}
	return d, nil
}

// publishedExamples is the number of examples of every published dataset here. Other
// files of the format, with other numbers, are as welcome.
const publishedExamples = 70_000

// warnOfChanged warns of files that are read without an error, with as many examples
// as the published ones, and are not those.
func (s *idxSource) warnOfChanged(paths [4]string) {
	for i, file := range s.files {
		if digest, err := unpackedSHA256(paths[i]); err == nil && digest != file.sha256 {
			slog.Warn("the file's content is not that of the published file: unless it is meant to be other data, put an intact copy in its place",
				"file", paths[i], "sha256", digest, "published_sha256", file.sha256)
		}
	}
}

// idxPart is what one pair of files holds.
type idxPart struct {
	*frames
	labels []uint8
}

// part reads one pair of files: the images at index first, and the labels behind.
func (s *idxSource) part(paths [4]string, first int, mode Mode) (*idxPart, error) {
	imagePath, labelPath := paths[first], paths[first+1]
	labels, err := readLabels(labelPath, len(s.classes))
	if err != nil {
		return nil, s.compared(first+1, labelPath, err)
	}
	images, err := readFrames(imagePath, mode)
	if err != nil {
		return nil, s.compared(first, imagePath, err)
	}
	if images.count != len(labels) {
		return nil, fmt.Errorf("%s has %d images, but %s has %d labels: the files do not belong together",
			imagePath, images.count, labelPath, len(labels))
	}
	return &idxPart{images, labels}, nil
}

// idxExamples are the examples of the training part and then those of the test
// part.
type idxExamples struct {
	name        string
	train, test []uint8 // labels
}

func (e idxExamples) Len() int { return len(e.train) + len(e.test) }

func (e idxExamples) Info(i int) Info {
	if at := i - len(e.train); at >= 0 {
		return Info{Label: int(e.test[at]), Part: PartTest}
	}
	return Info{Label: int(e.train[i]), Part: PartTrain}
}

func (e idxExamples) Source(i int) string {
	part := e.Info(i).Part
	if part == PartTest {
		i -= len(e.train)
	}
	return fmt.Sprintf("%s/%s/%d", e.name, part, i)
}

// compared adds to the error of a file how it differs from the published one, which
// most likely it was before it was damaged, and what to do.
func (s *idxSource) compared(i int, path string, err error) error {
	var disk *fs.PathError
	digest, damage := unpackedSHA256(path)
	switch {
	case errors.As(err, &disk) || errors.As(damage, &disk) || digest == s.files[i].sha256:
		return err
	case damage != nil:
		digest = "none, for it cannot be unpacked"
	}
	remedy := "put an intact copy in its place"
	if s.fetch {
		remedy += ", or remove it to have it downloaded anew"
	}
	return fmt.Errorf("%w; the content of the published file has SHA-256 %s, that of this one %s: %s", err, s.files[i].sha256, digest, remedy)
}

// find returns the paths of the four files.
func (s *idxSource) find(ctx context.Context, dir string) ([4]string, error) {
	places := s.look(dir)
	for _, p := range places {
		if p.complete() {
			return p.paths, nil
		}
	}
	if s.fetch {
		return s.download(ctx, target(places))
	}
	var notes []string
	for _, p := range places {
		notes = append(notes, p.String())
	}
	return [4]string{}, &Error{s.name, &NotFoundError{fmt.Errorf("no data: %s. Put the files %s (or without .gz) into %s, or allow their download, option download=true",
		strings.Join(notes, "; "), strings.Join(s.names(), ", "), places[0].folder)}}
}

// place is a folder that may hold the four files.
type place struct {
	folder  string
	paths   [4]string // "" for a file that is not there
	missing []string
	foreign string // the other published dataset that the files are of, or ""
}

func (p place) complete() bool { return len(p.missing) == 0 && p.foreign == "" }

// String says why the folder was not taken.
func (p place) String() string {
	switch {
	case p.foreign != "":
		return fmt.Sprintf("%s holds %s", p.folder, p.foreign)
	case len(p.missing) == len(p.paths):
		return p.folder + " has none of the files"
	}
	return fmt.Sprintf("%s lacks %s", p.folder, strings.Join(p.missing, " and "))
}

// look describes the folders to look in, the first choice first.
func (s *idxSource) look(dir string) []place {
	places := []place{s.examine(filepath.Join(dir, s.name)), s.examine(dir)}
	if s.folder != "" {
		places = append(places, s.examine(s.folder))
	}
	return places
}

func (s *idxSource) examine(folder string) place {
	p := place{folder: folder}
	for i, file := range s.files {
		if p.paths[i] = spelling(folder, file.name); p.paths[i] == "" {
			p.missing = append(p.missing, file.name)
		}
	}
	p.foreign = s.foreign(p.paths[trainLabels])
	return p
}

// target is where a download goes: the data folder's own place for the dataset,
// unless an incomplete set of files is in the data folder itself.
func target(places []place) place {
	if own, dir := places[0], places[1]; len(own.missing) == len(own.paths) && len(dir.missing) < len(dir.paths) && dir.foreign == "" {
		return dir
	}
	return places[0]
}

func (s *idxSource) names() []string {
	var names []string
	for _, file := range s.files {
		names = append(names, file.name+".gz")
	}
	return names
}

// spelling returns the path of a file in folder under one of the names in use:
// with a dot in place of the second hyphen, and gzipped or not.
func spelling(folder, name string) string {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, name := range []string{name, name + ".gz", dotted, dotted + ".gz"} {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// foreign names the other published dataset that a file of training labels
// belongs to, "" when there is none: all of them use the same file names.
func (s *idxSource) foreign(path string) string {
	digest, err := unpackedSHA256(path)
	if err != nil {
		return "" // reading the file will tell
	}
	for _, other := range publishedIDX() {
		if other.name != s.name && other.files[trainLabels].sha256 == digest {
			return other.name
		}
	}
	return ""
}

// unpackedSHA256 is the hexadecimal digest of a file's content, unpacked if it
// is gzipped.
func unpackedSHA256(path string) (string, error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return unpackedDigest(f)
}

func unpackedDigest(r io.Reader) (string, error) {
	body, _, err := unpack(r)
	if err != nil {
		return "", err
	}
	d := newDigester()
	n, err := io.Copy(d.hash, io.LimitReader(body, maxIDXBytes))
	if err == nil && n == maxIDXBytes {
		err = fmt.Errorf("unpacks to more than %d bytes", int64(maxIDXBytes))
	}
	if err != nil {
		return "", readError(err)
	}
	return d.hex(), nil
}
