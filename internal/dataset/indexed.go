package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/index"
)

// IndexOptions say whether images are looked up in an index instead of being decoded when
// a dataset is opened. An image that is looked up is compared whenever it is decoded later.
type IndexOptions struct {
	Dir     string // of indexes; empty: none
	Rebuild bool   // the index is not read, and made anew
}

// indexable are examples of files.
type indexable interface {
	examples
	inFiles
	// appendName appends a name of example i that no other has.
	appendName(b []byte, i int) []byte
}

// What is known of an image where an index is used.
const (
	decoded   = iota // when the dataset was opened
	lookedUp         // in the index
	confirmed        // was decoded since, and is the one that the index has
)

// Confirm decodes those images of d, which a module has opened, that were looked up in an
// index and not decoded since. An error names those that are others.
func Confirm(ctx context.Context, d Dataset) error {
	s, is := d.(*set)
	if !is {
		return nil
	}
	var left []int
	for i := range s.indexed {
		if atomic.LoadUint32(&s.indexed[i]) == lookedUp {
			left = append(left, i)
		}
	}
	if len(left) == 0 {
		return nil
	}
	slog.InfoContext(ctx, "images that were looked up in the index and not decoded so far are decoded", "images", len(left), "of", s.Len())
	progress := newProgress("images compared with the index", len(left))
	return eachImage(ctx, len(left), func(at int) error {
		defer progress.step(ctx)
		img, err := s.load(left[at], nil)
		img.Release()
		return err
	})
}

// lookup finds the images of a set in an index.
type lookup struct {
	set   *set
	files indexable
	path  string
	key   index.Key
	order []int32 // the examples by their names; nil: they are in that order

	stamps   []fileio.Stamp // of the files whose images are known; zero for others
	profiles map[int]string // what the index has of them
	had      int            // entries of the index
	used     int            // of these, those that count
	added    atomic.Int64   // images that were decoded and are known now
}

// lookUp reads the index of a set. It returns nil where there shall be none, and where it
// cannot be told which program this is.
func (s *set) lookUp(ctx context.Context, how opening) *lookup {
	files, is := s.examples.(indexable)
	if !is || how.index.Dir == "" {
		return nil
	}
	place, err := filepath.Abs(how.place)
	program, unknown := buildinfo.Build()
	if err := errors.Join(err, unknown); err != nil {
		slog.WarnContext(ctx, "images are not looked up in an index, and decoded at each start", "error", err)
		return nil
	}
	key := index.Key{Place: place, Decoder: fmt.Sprintf("%s %+v", imaging.DecoderRules, how.decoder), Program: program}
	l := &lookup{set: s, files: files, path: index.File(how.index.Dir, key), key: key, stamps: make([]fileio.Stamp, s.Len()), profiles: map[int]string{}}
	l.order = l.byName()
	if !how.index.Rebuild {
		l.read(ctx)
	}
	return l
}

// byName is the order of the examples by their names, nil where it is their own.
func (l *lookup) byName() []int32 {
	var a, b []byte
	sorted := true
	for i := 1; i < l.files.Len() && sorted; i++ {
		a, b = l.files.appendName(a[:0], i-1), l.files.appendName(b[:0], i)
		sorted = bytes.Compare(a, b) < 0
	}
	if sorted {
		return nil
	}
	order := make([]int32, l.files.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		a, b = l.files.appendName(a[:0], int(i)), l.files.appendName(b[:0], int(j))
		return bytes.Compare(a, b)
	})
	return order
}

// at is the example at a place of the order by names.
func (l *lookup) at(place int) int {
	if l.order == nil {
		return place
	}
	return int(l.order[place])
}

// read takes over what the index has. Whether it still holds is not known then.
func (l *lookup) read(ctx context.Context) {
	place := 0
	var name []byte
	had, err := index.Read(l.path, l.key, func(e *index.Entry) {
		for ; place < len(l.stamps); place++ {
			name = l.files.appendName(name[:0], l.at(place))
			if order := bytes.Compare(name, e.Name); order == 0 {
				l.take(l.at(place), e)
			} else if order > 0 {
				return
			}
		}
	})
	l.had = had
	if err == nil {
		return
	}
	clear(l.stamps)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, index.ErrOther):
		slog.InfoContext(ctx, "the index of the images is by another program and is made anew", "index", l.path)
	default:
		slog.WarnContext(ctx, "the index of the images cannot be used and is made anew: all images are decoded", "error", err)
	}
}

// take takes over an entry, if there can be such an image.
func (l *lookup) take(i int, e *index.Entry) {
	if e.Width < 1 || e.Height < 1 || e.Frames < 1 || e.Channels < e.Frames {
		return
	}
	l.stamps[i] = e.Stamp
	l.set.hashes[i] = e.Sum
	l.set.shapes[i] = shape{e.Width, e.Height, e.Channels, e.Frames, e.Wide}
	if e.Profile != "" {
		l.profiles[i] = e.Profile
	}
}

// unread compares the stamps of all files with those of the index, and returns the examples
// that are not known. It marks the others in the set.
func (l *lookup) unread(ctx context.Context) ([]int, error) {
	l.set.indexed = make([]uint32, len(l.stamps))
	progress := newProgress("files compared with the index", len(l.stamps))
	var used atomic.Int64
	err := blocks(ctx, len(l.stamps), 64, func(low, high int) {
		for i := low; i < high; i++ {
			progress.step(ctx)
			if l.stamps[i] == (fileio.Stamp{}) {
				continue
			}
			if stamp, is := fileio.StampOf(l.files.Path(i)); is && stamp == l.stamps[i] {
				l.set.indexed[i] = lookedUp
				l.set.profiled.add(i, l.profiles[i])
				used.Add(1)
			} else {
				l.stamps[i] = fileio.Stamp{}
			}
		}
	})
	l.used = int(used.Load())
	unread := make([]int, 0, len(l.stamps)-l.used)
	for i, known := range l.set.indexed {
		if known != lookedUp {
			unread = append(unread, i)
		}
	}
	if err == nil && l.used > 0 {
		slog.InfoContext(ctx, "images known from the index", "images", l.used, "of", len(l.stamps), "index", l.path)
	}
	return unread, err
}

// clock is the time, which tests set forward: their files are new.
var clock = time.Now

// around calls read, which decodes example i, and remembers the file's stamp if the
// file did not change meanwhile.
func (l *lookup) around(i int, read func(i int) error) error {
	path, taken := l.files.Path(i), clock()
	before, is := fileio.StampOf(path)
	if err := read(i); err != nil {
		return err
	}
	if after, still := fileio.StampOf(path); is && still && after == before && before.Settled(taken) {
		l.stamps[i] = before
		l.added.Add(1)
	}
	return nil
}

// save writes the index if it is not as it was read. Failing to do so costs time at the
// next start, and nothing else.
func (l *lookup) save(ctx context.Context) {
	n := l.used + int(l.added.Load())
	if l.used == l.had && n == l.used {
		if l.had > 0 {
			index.Touch(l.path)
		}
		return
	}
	if err := index.Write(l.path, l.key, n, l.entries()); err != nil {
		slog.WarnContext(ctx, "the index of the images cannot be written: all that is new is decoded again at the next start", "error", err)
	}
}

// entries are what is known, in the order of the names.
func (l *lookup) entries() iter.Seq[*index.Entry] {
	return func(yield func(*index.Entry) bool) {
		var e index.Entry
		for place := range l.stamps {
			i := l.at(place)
			if l.stamps[i] == (fileio.Stamp{}) {
				continue
			}
			s := l.set.shapes[i]
			e = index.Entry{
				Name: l.files.appendName(e.Name[:0], i), Stamp: l.stamps[i], Sum: l.set.hashes[i],
				Width: s.width, Height: s.height, Channels: s.channels, Frames: s.frames, Wide: s.wide,
				Profile: l.set.profiled.names[i],
			}
			if !yield(&e) {
				return
			}
		}
	}
}
