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
)

// idxSource is a dataset published as four IDX files: images and labels of a
// training part and of an official test part.
type idxSource struct {
	name    string
	classes []string
	files   [4]publishedFile // in the order of the constants below
	whole   string           // digest of the dataset that the published files give
	torch   string           // the folder that torchvision makes for them
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

// Open implements Source. It looks in dir/<name>, dir, the folder raw that torchvision
// makes in either, and the folder of the operating system's package, in this order, and
// then downloads to dir/<name>.
func (s *idxSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	paths, err := s.find(ctx, dir)
	if err != nil {
		return nil, err
	}
	memory := newArrayMemory(mode)
	parts := []arrayPart{{title: PartTrain.String(), part: PartTrain}, {title: PartTest.String(), part: PartTest}}
	for i, first := range []int{trainImages, testImages} {
		if err := s.read(&parts[i], paths, first, memory); err != nil {
			return nil, err
		}
		if err := parts[i].checkTogether(paths[first+1], &parts[0]); err != nil {
			return nil, err
		}
	}
	if train := &parts[0]; s.count > 0 {
		train.labels = train.labels[:min(s.count, len(train.labels))]
	}
	d, err := newArraySet(ctx, s.name, s.classes, parts)
	if err != nil {
		return nil, err
	}
	if d.Digest() != s.whole && s.count == 0 && d.Len() == publishedExamples {
		s.warnOfChanged(paths)
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

// read reads one pair of files: the images at index first, and the labels behind.
func (s *idxSource) read(p *arrayPart, paths [4]string, first int, memory *arrayMemory) error {
	var err error
	if p.labels, err = readLabels(paths[first+1], len(s.classes)); err != nil {
		return s.compared(first+1, paths[first+1], err)
	}
	if p.images, err = readFrames(paths[first], memory); err != nil {
		return s.compared(first, paths[first], err)
	}
	return nil
}

// readFrames reads an IDX file of grey images.
func readFrames(path string, memory *arrayMemory) (*frames, error) {
	a, err := openIDX(path, magicImages)
	if err != nil {
		return nil, err
	}
	return a.frames(imageForm{values: rangeAuto}, memory)
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

// look describes the folders to look in, the first choice first. The first two are those
// of the program's own layout; others are left out where they do not exist.
func (s *idxSource) look(dir string) []place {
	places := []place{s.examine(filepath.Join(dir, s.name)), s.examine(dir)}
	for _, folder := range []string{filepath.Join(dir, s.torch, "raw"), filepath.Join(dir, "raw"), s.folder} {
		if folder != "" && fileio.Exists(folder) {
			places = append(places, s.examine(folder))
		}
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

// spelling returns the path of a file in folder under one of the names in use: with a dot
// in place of the second hyphen, and gzipped or not; or in a folder of its own name, as in
// archives of Kaggle's.
func spelling(folder, name string) string {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, name := range []string{name, name + ".gz", dotted, dotted + ".gz", filepath.Join(name, name), filepath.Join(dotted, dotted)} {
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
	n, err := io.Copy(d.hash, io.LimitReader(body, maxArrayBytes))
	if err == nil && n == maxArrayBytes {
		err = fmt.Errorf("unpacks to more than %d bytes", int64(maxArrayBytes))
	}
	if err != nil {
		return "", readError(err)
	}
	return d.hex(), nil
}
