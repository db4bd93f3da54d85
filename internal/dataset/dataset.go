// Package dataset reads labelled images and composes them: whole files into
// datasets, datasets into larger or smaller ones, and those into the three
// parts of a split.
package dataset

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// Dataset is an ordered list of labelled images. Its methods may be called from
// several goroutines at once.
type Dataset interface {
	// Len is the number of examples.
	Len() int
	// Info describes example i without touching its pixels.
	Info(i int) Info
	// Source says where example i came from, for people: a file name,
	// "mnist/train/17".
	Source(i int) string
	// Image returns the pixels of example i, which the caller must not change.
	Image(i int) (imaging.Image, error)
	// Classes are the names of the labels, in the order of their indexes.
	Classes() []string
	// Digest is the hexadecimal SHA-256 over all that the dataset says:
	// classes, and for each example label, group, part, decoded pixels, annotation, weight and place.
	Digest() string
}

// Info is what is known of an example besides its pixels.
type Info struct {
	Label  int    // index into Classes
	Group  string // examples of one group never straddle parts; "" is a group of one
	Part   Part   // the official part it belongs to; PartNone where there is none
	Member int    // which dataset of a Concat it came from
	Weight Weight // in the loss of training
	// Annotation is what else the example is labelled with; nil where there is nothing.
	Annotation Annotation
	// Place is where in a clip the example was taken; nil where there is no clip. It is not
	// to be changed.
	Place *Place
}

// Weight is what an example counts in the loss of training: Value, or 1 where none is given.
type Weight struct {
	Given bool
	Value float32 // finite, at least 0
}

// Of is what the example counts.
func (w Weight) Of() float32 {
	if w.Given {
		return w.Value
	}
	return 1
}

// Part is a part of a split.
type Part uint8

// The parts. PartNone leaves the choice to the split.
const (
	PartNone Part = iota
	PartTrain
	PartValidation
	PartTest
)

// Mode says where pixels are kept between accesses.
type Mode string

// The modes: decode once and keep the bytes, or decode at each access.
const (
	ModeRAM  Mode = "ram"
	ModeDisk Mode = "disk"
)

// Source is a dataset module with its options set: something that can be
// opened.
type Source interface {
	// Open reads the data found in the folder dir. A missing or malformed file
	// is an error that names it and says what was expected.
	Open(ctx context.Context, dir string, mode Mode) (Dataset, error)
}

// Decoding is a Source that decodes image files.
type Decoding interface {
	// WithDecoder returns the source that reads files so. Images that are decoded in
	// another way have other digests.
	WithDecoder(d imaging.Decoder) Source
}

// Filed is a Source that reads files as people have them.
type Filed interface {
	// WithFiles returns the source that treats files so.
	WithFiles(o FileOptions) Source
}

// FileOptions say how a [Filed] source treats what it finds.
type FileOptions struct {
	// SkipCorrupt leaves damaged files out, and tells of them ([SkippedFiles]), instead of
	// refusing the dataset.
	SkipCorrupt bool
	// Index is where images are looked up.
	Index IndexOptions
	// Foreseen is what images will be used for; nil: nobody knows.
	Foreseen *Foreseen
	// LeaveOut are folders whose files are no data, such as the output directory of a run.
	LeaveOut []string
	// Cache is where what was cut out of clips is kept.
	Cache CacheOptions
	// Recorded says that the data was read before, by the same options, so that nothing is
	// asked about it.
	Recorded bool
	// Classes is how many classes there must be, so that fewer are refused before an image
	// is read.
	Classes int
	// Contract is the version of the reproducibility contract by whose rules folders are
	// read; 0: the newest.
	Contract int
	// Sensor brings frames of clips that have more than 8 bits to 8, where the decoder does not keep
	// them; nil: none is given.
	Sensor *sensor.Profile
}

// CacheOptions say where a [Filed] source keeps what takes long to decode.
type CacheOptions struct {
	Dir   string // empty: nowhere beyond the end of the process
	Limit int64  // bytes of all that is kept there
	Fresh bool   // take nothing that was kept before
}
