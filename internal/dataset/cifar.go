package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky, Learning Multiple Layers of
// Features from Tiny Images, 2009): files of records without a header, each a byte for
// each kind of label and 32x32 bytes of red, of green and of blue.
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarPixels = 3 * cifarPlane
)

// cifarVersion is one of the two datasets.
type cifarVersion struct {
	name, title string
	archive     string   // that is published, without .tar.gz
	folders     []string // names that the unpacked archive has, the archive's own first
	python      string   // folder of the archive with pickles
	files       []cifarFile
	labels      []cifarLabels // in the order of their bytes
}

type cifarFile struct {
	name    string
	part    Part
	records int // as published
}

// cifarLabels are what one byte of a record says.
type cifarLabels struct {
	kind  string   // as the option labels has it
	file  string   // of the archive, with a name on each line
	names []string // where that file is not there
}

func cifar10() *cifarVersion {
	v := &cifarVersion{
		name: "cifar10", title: "CIFAR-10", archive: "cifar-10-binary",
		folders: []string{"cifar-10-batches-bin", "cifar10"}, python: "cifar-10-batches-py",
		labels: []cifarLabels{{"", "batches.meta.txt", cifar10Names}},
	}
	for i := range 5 {
		v.files = append(v.files, cifarFile{fmt.Sprintf("data_batch_%d.bin", i+1), PartTrain, 10_000})
	}
	v.files = append(v.files, cifarFile{"test_batch.bin", PartTest, 10_000})
	return v
}

func cifar100() *cifarVersion {
	return &cifarVersion{
		name: "cifar100", title: "CIFAR-100", archive: "cifar-100-binary",
		folders: []string{"cifar-100-binary", "cifar100"}, python: "cifar-100-python",
		files: []cifarFile{{"train.bin", PartTrain, 50_000}, {"test.bin", PartTest, 10_000}},
		labels: []cifarLabels{
			{"coarse", "coarse_label_names.txt", cifar100Coarse},
			{"fine", "fine_label_names.txt", cifar100Fine},
		},
	}
}

// record is the length of a record in bytes.
func (v *cifarVersion) record() int { return len(v.labels) + cifarPixels }

// cifarSource reads the unpacked archive of one of the versions. Examples are in the order
// of the files, and of the records in them.
type cifarSource struct {
	*cifarVersion
	kind    string // of labels
	records string
}

func newCIFAR10(o *config.Options) (Source, error) {
	s := &cifarSource{cifarVersion: cifar10()}
	s.declare(o)
	o.Later()
	return s, nil
}

func newCIFAR100(o *config.Options) (Source, error) {
	s := &cifarSource{cifarVersion: cifar100()}
	o.Choice(&s.kind, "labels", "fine", "which labels are the classes: fine, 100 of them, or coarse, 20", "fine", "coarse")
	s.declare(o)
	return s, nil
}

// The values of the option records.
const (
	recordsPublished = "published"
	recordsAny       = "any"
)

func (s *cifarSource) declare(o *config.Options) {
	o.Choice(&s.records, "records", recordsPublished,
		"images in each file: as many as in the published ones, or any number, for files that were made in their form",
		recordsPublished, recordsAny)
}

// Open implements Source. It looks in the folders that the archive unpacks to below dir,
// and in dir.
func (s *cifarSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	folder, err := s.find(dir)
	if err != nil {
		return nil, err
	}
	at := 0 // of the label in a record
	for s.labels[at].kind != s.kind {
		at++
	}
	classes, err := s.labels[at].read(folder)
	if err != nil {
		return nil, err
	}
	memory, parts := newArrayMemory(mode), make([]arrayPart, len(s.files))
	for i, file := range s.files {
		r := &cifarReader{source: s, path: filepath.Join(folder, file.name), label: at, classes: len(classes)}
		if parts[i], err = r.read(file, memory); err != nil {
			return nil, err
		}
	}
	d, err := newArraySet(ctx, s.name, classes, parts)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// find returns the folder that holds all the files, or says what the most likely one
// lacks.
func (s *cifarSource) find(dir string) (string, error) {
	var lacking string
	for _, name := range append(s.folders, "") {
		folder := filepath.Join(dir, name)
		var missing []string
		for _, file := range s.files {
			if _, err := os.Stat(filepath.Join(folder, file.name)); err != nil {
				missing = append(missing, file.name)
			}
		}
		if len(missing) == 0 {
			return folder, nil
		}
		if len(missing) < len(s.files) && lacking == "" {
			lacking = fmt.Sprintf("%s lacks %s", folder, strings.Join(missing, ", "))
		}
	}
	return "", s.notFound(dir, lacking)
}

// notFound says what is in dir instead of the files, and where these are published.
func (s *cifarSource) notFound(dir, lacking string) error {
	archive := s.archive + ".tar.gz"
	last := s.files[len(s.files)-1].name
	published := fmt.Sprintf("%s is published by Alex Krizhevsky, University of Toronto, as the %s binary version, %s", s.title, s.title, archive)
	switch {
	case lacking != "":
		return &Error{s.name, &NotFoundError{errors.New(lacking)}}
	case fileio.Exists(filepath.Join(dir, s.python)), s.hasPython(dir):
		return &Error{s.name, config.Usagef("%s holds the Python version of %s, which is not read, since its files are pickles and reading those can run programs: unpack %s there. %s",
			dir, s.title, archive, published)}
	case fileio.Exists(filepath.Join(dir, archive)):
		return &Error{s.name, &NotFoundError{fmt.Errorf("%s is not unpacked: unpack it there", filepath.Join(dir, archive))}}
	}
	return &Error{s.name, &NotFoundError{fmt.Errorf("no data in %s: unpack %s there (%s to %s). %s", dir, archive, s.files[0].name, last, published)}}
}

// hasPython says whether a folder has the files without their ending, which are pickles.
func (s *cifarSource) hasPython(dir string) bool {
	for _, file := range s.files {
		if !fileio.Exists(filepath.Join(dir, strings.TrimSuffix(file.name, ".bin"))) {
			return false
		}
	}
	return true
}

// maxNames bounds the file of class names in bytes.
const maxNames = 1 << 16

// read reads the class names, one a line; a file that is not there means the usual ones.
func (l *cifarLabels) read(folder string) ([]string, error) {
	path := filepath.Join(folder, l.file)
	b, err := fileio.ReadFile(path, maxNames)
	if errors.Is(err, os.ErrNotExist) {
		return l.names, nil
	}
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(b))
	if len(names) != len(l.names) {
		return nil, fmt.Errorf("%s: %d class names, want %d", path, len(names), len(l.names))
	}
	return names, nil
}

// cifarReader reads one file.
type cifarReader struct {
	source  *cifarSource
	path    string
	label   int // where it is in a record
	classes int
}

// read reads the labels and, where there is room, the images. Others stay in the file,
// which is kept open.
func (r *cifarReader) read(file cifarFile, memory *arrayMemory) (arrayPart, error) {
	part := arrayPart{title: strings.TrimSuffix(file.name, ".bin"), part: file.part}
	f, err := fileio.OpenRegular(r.path)
	if err != nil {
		return part, err
	}
	if part.images, err = r.frames(f, file.records); err == nil {
		if memory.takes(int64(part.images.count) * cifarPixels) {
			part.images.kept = &packed{size: cifarPixels}
		}
		part.labels, err = r.records(f, part.images)
	}
	if err != nil {
		return part, errors.Join(fmt.Errorf("%s: %w", r.path, err), f.Close())
	}
	if part.images.kept != nil {
		err = f.Close()
	}
	return part, err
}

// frames are the images of a file, which must have whole records, and as many as are
// wanted.
func (r *cifarReader) frames(f *os.File, published int) (*frames, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	record := int64(r.source.record())
	count := int64(published)
	if r.source.records == recordsAny {
		count = info.Size() / record
		if count == 0 || count > maxArrayExamples || count*record != info.Size() {
			return nil, fmt.Errorf("%d bytes, want 1 to %d records of %d bytes: truncated, or not in the form of the binary version of %s",
				info.Size(), maxArrayExamples, record, r.source.title)
		}
	}
	if info.Size() != count*record {
		return nil, fmt.Errorf("%d bytes, want %d (%d records of %d): truncated, or not the binary version of %s; if the file was made in its form, give --dataset-options records=any",
			info.Size(), count*record, count, record, r.source.title)
	}
	return &frames{
		name: r.path, count: int(count), height: cifarSide, width: cifarSide, channels: 3,
		file: f, offset: int64(len(r.source.labels)), stride: record, planar: true,
	}, nil
}

// records reads all labels, and the pixels that are kept.
func (r *cifarReader) records(f *os.File, images *frames) ([]int32, error) {
	var labels []int32
	b, record := bufio.NewReader(f), make([]uint8, r.source.record())
	for i := range images.count {
		if _, err := io.ReadFull(b, record); err != nil {
			return nil, fmt.Errorf("record %d: %w", i, readError(err))
		}
		label := int32(record[r.label])
		if int(label) >= r.classes {
			return nil, fmt.Errorf("label %d of record %d: want 0 to %d", label, i, r.classes-1)
		}
		labels = append(labels, label)
		if images.kept != nil {
			images.kept.add(interleaved(record[len(r.source.labels):]))
		}
	}
	return labels, nil
}
