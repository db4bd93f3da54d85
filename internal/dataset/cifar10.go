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
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// CIFAR-10 in its binary form (Krizhevsky, Learning Multiple Layers of Features
// from Tiny Images, 2009): files of records without a header, each a byte of
// label and 32x32 bytes of red, of green and of blue.
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarRecord = 1 + 3*cifarPlane
)

// cifar10Source reads the unpacked archive cifar-10-binary.tar.gz.
type cifar10Source struct{ records int } // of each file

func newCIFAR10(*config.Options) (Source, error) { return cifar10Source{records: 10_000}, nil }

// cifarFiles are five training files and the test file.
var cifarFiles = []string{
	"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
	"test_batch.bin",
}

// cifarNames are the classes where the archive's list of names is not there.
var cifarNames = []string{
	"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
}

// Open implements Source. It looks in dir/cifar-10-batches-bin, dir/cifar10 and
// dir.
func (s cifar10Source) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	folder, err := findCIFAR(dir)
	if err != nil {
		return nil, err
	}
	classes, err := readNames(filepath.Join(folder, "batches.meta.txt"))
	if err != nil {
		return nil, err
	}
	var batches []*frames
	of := cifarExamples{records: s.records}
	for _, name := range cifarFiles {
		batch, labels, failure := s.readBatch(filepath.Join(folder, name), mode)
		if failure != nil {
			return nil, failure
		}
		batches = append(batches, batch)
		of.labels = append(of.labels, labels...)
	}
	d, err := newSet(ctx, classes, of, noGrouping, func(i int, buffer []uint8) (imaging.Image, error) {
		return batches[i/s.records].image(i%s.records, buffer)
	})
	if err != nil {
		return nil, &Error{"cifar10", err}
	}
	if mode == ModeDisk {
		d.recheck()
	}
	return d, nil
}

// cifarExamples are those of all files, in their order.
type cifarExamples struct {
	labels  []uint8
	records int // of each file
}

func (e cifarExamples) Len() int { return len(e.labels) }

func (e cifarExamples) Info(i int) Info {
	info := Info{Label: int(e.labels[i]), Part: PartTrain}
	if i/e.records == len(cifarFiles)-1 {
		info.Part = PartTest
	}
	return info
}

func (e cifarExamples) Source(i int) string {
	return fmt.Sprintf("cifar10/%s/%d", strings.TrimSuffix(cifarFiles[i/e.records], ".bin"), i%e.records)
}

// findCIFAR returns the folder that holds all the files, or says what the most
// likely one lacks.
func findCIFAR(dir string) (string, error) {
	var lacking error
	for _, folder := range []string{filepath.Join(dir, "cifar-10-batches-bin"), filepath.Join(dir, "cifar10"), dir} {
		var missing []string
		for _, name := range cifarFiles {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 {
			return folder, nil
		}
		if len(missing) < len(cifarFiles) && lacking == nil {
			lacking = &Error{"cifar10", fmt.Errorf("%s lacks %s", folder, strings.Join(missing, ", "))}
		}
	}
	if lacking != nil {
		return "", lacking
	}
	return "", &Error{"cifar10", &NotFoundError{fmt.Errorf("no data in %s: unpack cifar-10-binary.tar.gz there (%s to %s)", dir, cifarFiles[0], cifarFiles[5])}}
}

// maxNames bounds the file of class names in bytes.
const maxNames = 1 << 16

// readNames reads the ten class names, one a line; a file that is not there
// means the usual ones.
func readNames(path string) ([]string, error) {
	b, err := fileio.ReadFile(path, maxNames)
	if errors.Is(err, os.ErrNotExist) {
		return cifarNames, nil
	}
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(b))
	if len(names) != len(cifarNames) {
		return nil, fmt.Errorf("%s: %d class names, want %d", path, len(names), len(cifarNames))
	}
	return names, nil
}

// readBatch reads a file and its labels. In disk mode it keeps the file open
// and no pixels.
func (s cifar10Source) readBatch(path string, mode Mode) (*frames, []uint8, error) {
	file, err := fileio.OpenRegular(path)
	if err != nil {
		return nil, nil, err
	}
	batch := &frames{
		name: path, count: s.records, height: cifarSide, width: cifarSide, channels: 3,
		file: file, offset: 1, stride: cifarRecord, planar: true,
	}
	labels, err := s.readRecords(file, batch, mode)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	if mode != ModeDisk {
		err = file.Close()
	}
	return batch, labels, err
}

// readRecords reads all labels and, unless they stay on disk, the pixels.
func (s cifar10Source) readRecords(file *os.File, batch *frames, mode Mode) ([]uint8, error) {
	if err := s.checkSize(file); err != nil {
		return nil, err
	}
	if mode != ModeDisk {
		batch.kept = &packed{size: batch.size()}
	}
	labels := make([]uint8, s.records)
	r, record := bufio.NewReader(file), make([]uint8, cifarRecord)
	for i := range labels {
		if _, err := io.ReadFull(r, record); err != nil {
			return nil, fmt.Errorf("record %d: %w", i, readError(err))
		}
		if labels[i] = record[0]; int(labels[i]) >= len(cifarNames) {
			return nil, fmt.Errorf("label %d of record %d: want 0 to %d", labels[i], i, len(cifarNames)-1)
		}
		if mode != ModeDisk {
			batch.kept.add(interleaved(record[1:]))
		}
	}
	return labels, nil
}

func (s cifar10Source) checkSize(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if want := int64(s.records) * cifarRecord; info.Size() != want {
		return fmt.Errorf("%d bytes, want %d (%d records of %d): truncated, or not the binary version of CIFAR-10",
			info.Size(), want, s.records, cifarRecord)
	}
	return nil
}
