package dataset

import "github.com/blocktrain/blocktrain/internal/imaging"

// Encoder writes what a network is to learn of an example: its target. It may be
// used by several goroutines at once.
type Encoder interface {
	// Size is the number of values of one example's target.
	Size() int
	// Encode writes the target of an example to dst [Size], whose contents are of no
	// interest.
	Encode(dst []float32, e Example) error
}

// Example is an example as the network sees it.
type Example struct {
	Info  Info          // its annotation moved with the image
	Image imaging.Image // resized and varied; not to be kept or changed
}

// Annotation is what an example is labelled with besides its class: boxes around
// what the image shows, for one.
type Annotation interface {
	// Moved returns the annotation as it is once the image has been moved, which then
	// has the given size in pixels.
	Moved(m imaging.Motion, width, height int) Annotation
	// AppendBinary appends what enters the dataset's digest.
	AppendBinary(b []byte) []byte
}
