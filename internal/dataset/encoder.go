package dataset

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

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

// Labelled is an Annotation that has labels of its own, indexes into the classes.
type Labelled interface {
	Annotation
	// Check reports labels outside of so many classes, and whatever else is wrong.
	Check(classes int) error
	// Relabelled returns the annotation with labels[l] in place of each label l.
	Relabelled(labels []int) Annotation
}

// relabelled returns info with labels[l] in place of each label l.
func (info Info) relabelled(labels []int) Info {
	info.Label = labels[info.Label]
	if labelled, is := info.Annotation.(Labelled); is {
		info.Annotation = labelled.Relabelled(labels)
	}
	info.Place = info.Place.relabelled(labels)
	return info
}

// OneHot returns the encoder of the class as a vector: 1 at the label, 0 elsewhere.
func OneHot(classes int) Encoder { return oneHot(classes) }

// oneHot is the number of classes.
type oneHot int

// Size implements Encoder.
func (n oneHot) Size() int { return int(n) }

// Encode implements Encoder.
func (n oneHot) Encode(dst []float32, e Example) error {
	if e.Info.Label < 0 || e.Info.Label >= int(n) {
		return fmt.Errorf("label %d: want 0 to %d, for the target has %d classes", e.Info.Label, int(n)-1, int(n))
	}
	clear(dst)
	dst[e.Info.Label] = 1
	return nil
}
