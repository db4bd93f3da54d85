package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// shape is the size of an image before any resizing.
type shape struct {
	width, height    int32
	channels, frames uint8
	wide             bool // 16 bits
}

func shapeOf(img imaging.Image) shape {
	return shape{int32(img.Width), int32(img.Height), uint8(img.Channels), uint8(img.FrameCount()), img.Wide != nil}
}

func (s shape) String() string { return fmt.Sprintf("%dx%dx%d", s.width, s.height, s.channels) }

// bytes is the memory that the pixels take.
func (s shape) bytes() int64 {
	n := int64(s.width) * int64(s.height) * int64(s.channels)
	if s.wide {
		n *= 2
	}
	return n
}

// detailed is what datasets of this package know of their images without
// decoding them again.
type detailed interface {
	Dataset
	pixelHash(i int) (pixelHash, error)
	shape(i int) (shape, error)
	// imageIn is a reader, and with a nil buffer Image.
	imageIn(i int, buffer []uint8) (imaging.Image, error)
	// grouping says in the words of a module's option what makes a group.
	grouping() string
}

// reader returns an image, which the caller must not change. Pixels that have to be
// made up at each access may lie in buffer, if that is large enough.
type reader func(i int, buffer []uint8) (imaging.Image, error)

// noGrouping is the grouping of datasets without groups.
const noGrouping = "none"

// detail returns d with the methods of detailed; where d has none, they decode.
func detail(d Dataset) detailed {
	if known, ok := d.(detailed); ok {
		return known
	}
	return decoding{d}
}

type decoding struct{ Dataset }

func (d decoding) pixelHash(i int) (pixelHash, error) {
	img, err := d.Image(i)
	if err != nil {
		return pixelHash{}, err
	}
	return hashPixels(img), nil
}

func (d decoding) shape(i int) (shape, error) {
	img, err := d.Image(i)
	return shapeOf(img), err
}

func (d decoding) imageIn(i int, _ []uint8) (imaging.Image, error) { return d.Image(i) }

func (decoding) grouping() string { return noGrouping }

// examples describe those of a set. They make up a description when it is asked
// for, since a dataset may have millions of them.
type examples interface {
	Len() int
	Info(i int) Info
	Source(i int) string
}

// set is a dataset read from files (or drawn): its examples, and a function for
// their pixels.
type set struct {
	examples
	classes  []string
	groups   string
	load     reader
	kept     *keeper // of RAM mode, where loading takes work
	made     *early  // while images were decoded for their digests
	hashes   []pixelHash
	shapes   []shape  // of every image, or the one that all have
	indexed  []uint32 // of every image one of the words below; nil: no index was used
	skipped  []SkippedFile
	profiled profileNotes
	left     []int // where files were skipped: the index, before, of each example that is left
	digest   string
}

// newSet makes a dataset of the described examples. It loads every image once,
// in parallel, for the digest; load must be safe for that and its errors must
// name the file. Damaged files are left out if the examples say so ([skippable]). Else
// an error lists the images that cannot be loaded; the set is nil
// then, so an Open must not return it unseen as a Dataset.
func newSet(ctx context.Context, classes []string, of examples, grouping string, load reader) (*set, error) {
	s := &set{examples: of, classes: classes, groups: grouping, load: load}
	if err := s.open(ctx, opening{}); err != nil {
		return nil, err
	}
	return s, nil
}

// opening says how the images of files are come by.
type opening struct {
	mode     Mode
	index    IndexOptions
	foreseen *Foreseen
	place    string          // the folder or list
	decoder  imaging.Decoder // of the files
}

// open finds out what the images are.
func (s *set) open(ctx context.Context, how opening) error {
	if err := checkExamples(s.classes, s.examples); err != nil {
		return err
	}
	s.hashes, s.shapes = make([]pixelHash, s.Len()), make([]shape, s.Len())
	s.made = newEarly(how.foreseen, s.Len(), how.mode)
	failures, err := s.readImages(ctx, how)
	if err == nil && len(failures) > 0 {
		err = s.leaveOut(ctx, failures)
	}
	if err != nil {
		return err
	}
	s.load = s.behind(s.load)
	if differs := func(other shape) bool { return other != s.shapes[0] }; !slices.ContainsFunc(s.shapes, differs) {
		s.shapes = []shape{s.shapes[0]}
	}
	s.digest = digestContent(s.classes, s.examples, s.hashes, s.skipped...)
	return nil
}

// readImages loads the images, unless an index knows them.
func (s *set) readImages(ctx context.Context, how opening) ([]failure, error) {
	l := s.lookUp(ctx, how)
	if l == nil {
		return s.loadEach(ctx, s.Len(), s.loadOne)
	}
	unread, err := l.unread(ctx)
	if err != nil {
		return nil, err
	}
	failures, err := s.loadEach(ctx, len(unread), func(at int) error { return l.around(unread[at], s.loadOne) })
	for at := range failures {
		failures[at].index = unread[failures[at].index]
	}
	l.save(ctx) // also where some failed or the user stopped it: the others are known then
	return failures, err
}

// loadEach calls load n times, and tells how far it has come.
func (s *set) loadEach(ctx context.Context, n int, load func(i int) error) ([]failure, error) {
	progress := newProgress("images read", n)
	return failuresOf(ctx, n, func(i int) error {
		defer progress.step(ctx)
		return load(i)
	})
}

func (s *set) loadOne(i int) error {
	img, err := s.load(i, nil)
	if err == nil {
		s.hashes[i], s.shapes[i] = hashPixels(img), shapeOf(img)
		s.profiled.add(i, img.Profile)
		s.made.measure(i, img)
		if !s.made.keep(i, img) && s.kept != nil {
			s.kept.keep(i, img)
		}
		img.Release()
	}
	return err
}

// recheck makes every later load compare the pixels with those that the digest is
// of, for a file can change while it is in use. SHA-256 takes a small part of the
// time that decoding takes.
func (s *set) recheck() {
	load := s.load
	s.load = func(i int, buffer []uint8) (imaging.Image, error) {
		img, err := load(i, buffer)
		if err != nil {
			return imaging.Image{}, err
		}
		if hashPixels(img) != s.hashes[i] || shapeOf(img) != s.shapes[min(i, len(s.shapes)-1)] {
			return imaging.Image{}, s.changed(i)
		}
		if s.indexed != nil && atomic.LoadUint32(&s.indexed[i]) == lookedUp {
			atomic.StoreUint32(&s.indexed[i], confirmed)
		}
		return img, nil
	}
}

// changed is the error of an image that is not the one that the digest is of.
func (s *set) changed(i int) error {
	if s.indexed != nil && atomic.LoadUint32(&s.indexed[i]) != decoded {
		return fmt.Errorf("%s: the image is not the one that the index has, though the file has the same size and times: either the file was changed in a way that the system does not tell, or the index is wrong: give --index rebuild, which decodes all images anew", s.Source(i))
	}
	return fmt.Errorf("%s: the image is not the one that was there when the dataset was opened: leave the data alone while it is in use, and begin anew", s.Source(i))
}

func (s *set) Image(i int) (imaging.Image, error) { return s.load(i, nil) }
func (s *set) Classes() []string                  { return s.classes }
func (s *set) Digest() string                     { return s.digest }
func (s *set) pixelHash(i int) (pixelHash, error) { return s.hashes[i], nil }
func (s *set) shape(i int) (shape, error)         { return s.shapes[min(i, len(s.shapes)-1)], nil }
func (s *set) grouping() string                   { return s.groups }

func (s *set) imageIn(i int, buffer []uint8) (imaging.Image, error) { return s.load(i, buffer) }

// maxExamples is what the addresses of random numbers and the digest can count.
const maxExamples = math.MaxInt32

// checkExamples reports what no dataset may have: bad class names, no examples,
// labels outside the classes, a class without an example.
func checkExamples(classes []string, of examples) error {
	if err := checkClasses(classes); err != nil {
		return err
	}
	if of.Len() == 0 || of.Len() > maxExamples {
		return fmt.Errorf("%d images: want 1 to %d", of.Len(), maxExamples)
	}
	counts := make([]int, len(classes))
	for i := range of.Len() {
		info := of.Info(i)
		if info.Label < 0 || info.Label >= len(classes) {
			return fmt.Errorf("image %d (%s) has label %d: want 0 to %d", i, of.Source(i), info.Label, len(classes)-1)
		}
		if labelled, is := info.Annotation.(Labelled); is {
			if err := labelled.Check(len(classes)); err != nil {
				return fmt.Errorf("image %d (%s): %w", i, of.Source(i), err)
			}
		}
		counts[info.Label]++
	}
	if empty := absent(counts, classes); len(empty) > 0 {
		return fmt.Errorf("no image of class %s: add images, or convert what is there to PNG or JPEG, or remove the class", strings.Join(empty, ", "))
	}
	return nil
}

// absent lists the classes whose count is zero, quoted. Of many it names the first and
// says how many there are.
func absent(counts []int, classes []string) []string {
	var names []string
	more := 0
	for label, count := range counts {
		switch {
		case count > 0:
		case len(names) < listing.MostNamed:
			names = append(names, fmt.Sprintf("%q", classes[label]))
		default:
			more++
		}
	}
	if more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return names
}

// CheckClassCount refuses fewer classes than least: a classifier has two to tell apart.
func CheckClassCount(classes []string, least int) error {
	if len(classes) >= least {
		return nil
	}
	return config.Usagef("%d class %q: a classifier needs at least two classes", len(classes), classes)
}

// checkClasses reports class names that cannot be used: they become lines of a
// label file and parts of "value:index:label" on the wire.
func checkClasses(classes []string) error {
	if len(classes) == 0 {
		return errors.New("there are no classes: want one at least")
	}
	seen := map[string]bool{}
	for i, name := range classes {
		if err := checkClass(name); err != nil {
			return fmt.Errorf("class %d, %.100q: %w", i, name, err)
		}
		if seen[name] {
			return fmt.Errorf("class %q appears twice", name)
		}
		seen[name] = true
	}
	return nil
}

// maxClassBytes bounds the name of a class, which records and messages repeat: it is what the
// name of a folder can have.
const maxClassBytes = 255

func checkClass(name string) error {
	switch {
	case len(name) > maxClassBytes:
		return fmt.Errorf("it has %d bytes: want a name of at most %d", len(name), maxClassBytes)
	case strings.TrimSpace(name) != name || name == "":
		return errors.New("a name must not be empty, nor begin or end with a space")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("a name must be UTF-8 without control characters")
	case strings.Contains(name, ":"):
		return errors.New("a name must not contain a colon, which separates fields in servers' answers")
	}
	return nil
}
