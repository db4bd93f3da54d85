package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// SkippedFile is a damaged file that a dataset leaves out.
type SkippedFile struct {
	File   string `json:"file"`   // its [Dataset.Source]
	SHA256 string `json:"sha256"` // of its bytes
	Reason error  `json:"-"`      // in words that may be others in another version

	info Info
}

// SkippedFiles lists the files that d leaves out, since they are damaged.
func SkippedFiles(d Dataset) []SkippedFile {
	if s, is := d.(*set); is {
		return s.skipped
	}
	return nil
}

// skippable are examples of files, which may be left out where they are damaged.
type skippable interface {
	examples
	inFiles
	fileOptions() FileOptions
}

// maxSkipped bounds the files that a dataset leaves out, which its record lists.
const maxSkipped = 10_000

// leaveOut takes the images that failed out of the set, if their files are damaged and may
// be skipped. Those that cannot be opened are no such files: they may be there next time.
func (s *set) leaveOut(ctx context.Context, failures []failure) error {
	unread := newUnreadError(failures, s.Len())
	files, is := s.examples.(skippable)
	switch {
	case !is:
		return unread
	case !files.fileOptions().SkipCorrupt:
		unread.skippable = !files.fileOptions().Recorded && allDamaged(failures)
		return unread
	}
	if len(failures) > maxSkipped {
		return fmt.Errorf("more files than %d, the most that --on-corrupt skip leaves out: %w", maxSkipped, unread)
	}
	for _, f := range failures {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sum, err := damagedSum(files.Path(f.index), f.err)
		if err != nil {
			return fmt.Errorf("--on-corrupt skip leaves out damaged files alone, since others may be there the next time: %w", err)
		}
		s.skipped = append(s.skipped, SkippedFile{s.Source(f.index), sum, f.err, s.Info(f.index)})
	}
	s.keepOthers(failures)
	if err := checkExamples(s.classes, s.examples); err != nil {
		return fmt.Errorf("without the files that cannot be read: %w; %w", err, unread)
	}
	return nil
}

// allDamaged says whether all failures are of files that --on-corrupt skip leaves out.
func allDamaged(failures []failure) bool {
	return !slices.ContainsFunc(failures, func(f failure) bool { return !isDamage(f.err) })
}

// isDamage says whether an image failed by the contents of its file, and not since the file
// could not be read, or was asked for wrongly.
func isDamage(failure error) bool {
	outside, mistake := (*fs.PathError)(nil), (*config.UsageError)(nil)
	return !errors.As(failure, &outside) && !errors.As(failure, &mistake)
}

// damagedSum is the digest of a file whose contents are no image. It is an error if the
// file could not be read, for whatever reason.
func damagedSum(path string, failure error) (string, error) {
	if !isDamage(failure) {
		return "", failure
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = failure
	}
	if err != nil {
		return "", err
	}
	return fileio.SHA256(path)
}

// keepOthers leaves the examples that did not fail.
func (s *set) keepOthers(failures []failure) {
	n := s.Len()
	s.left = make([]int, 0, n-len(failures))
	for i := range n {
		if len(failures) > 0 && failures[0].index == i {
			failures = failures[1:]
			continue
		}
		s.left = append(s.left, i)
	}
	s.examples = chosen{s.examples, s.left}
	s.hashes, s.shapes = pick(s.hashes, s.left), pick(s.shapes, s.left)
	if s.indexed != nil {
		s.indexed = pick(s.indexed, s.left)
	}
	if s.kept != nil {
		s.kept.images = pick(s.kept.images, s.left)
	}
	s.made.pick(s.left)
}

// behind returns the reader of the images that are left.
func (s *set) behind(load reader) reader {
	if s.left == nil {
		return load
	}
	return func(i int, buffer []uint8) (imaging.Image, error) { return load(s.left[i], buffer) }
}

// pick returns the elements at indexes.
func pick[T any](list []T, indexes []int) []T {
	picked := make([]T, len(indexes))
	for i, at := range indexes {
		picked[i] = list[at]
	}
	return picked
}

// chosen are some examples of others.
type chosen struct {
	examples
	indexes []int
}

func (c chosen) Len() int            { return len(c.indexes) }
func (c chosen) Info(i int) Info     { return c.examples.Info(c.indexes[i]) }
func (c chosen) Source(i int) string { return c.examples.Source(c.indexes[i]) }
