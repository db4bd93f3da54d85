package dataset

import (
	"encoding/binary"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Object is something that an image shows, and where.
type Object struct {
	Label int // index into the dataset's classes
	Box   imaging.Box
}

// Objects is the Annotation of images with several labels that have a place, in any
// number and order.
type Objects []Object

// Boxes are where the objects are, in 1/256 pixel.
func (o Objects) Boxes() []imaging.Box {
	boxes := make([]imaging.Box, len(o))
	for n, object := range o {
		boxes[n] = object.Box
	}
	return boxes
}

// Check implements Labelled: labels are below classes, and boxes have a size.
func (o Objects) Check(classes int) error {
	for n, object := range o {
		if object.Label < 0 || object.Label >= classes {
			return fmt.Errorf("object %d has label %d: want 0 to %d", n, object.Label, classes-1)
		}
		if b := object.Box; b.W < 1 || b.H < 1 || max(b.X, -b.X, b.Y, -b.Y, b.W, b.H) > maxBox {
			return fmt.Errorf("object %d has the box %+v: want width and height above 0, and all numbers within %d (in 1/%d pixel)",
				n, b, maxBox, imaging.PointsPerPixel)
		}
	}
	return nil
}

// maxBox bounds the numbers of a box, in 1/256 pixel; no image is as large.
const maxBox = 1 << 25

// Moved implements Annotation. What is no longer in the image is left out, and a box
// that is so in part is cut.
func (o Objects) Moved(m imaging.Motion, width, height int) Annotation {
	moved := make(Objects, 0, len(o))
	for _, object := range o {
		if box, inside := object.Box.Moved(m, width, height); inside {
			moved = append(moved, Object{object.Label, box})
		}
	}
	return moved
}

// Relabelled implements Labelled.
func (o Objects) Relabelled(labels []int) Annotation {
	other := make(Objects, len(o))
	for n, object := range o {
		other[n] = Object{labels[object.Label], object.Box}
	}
	return other
}

// AppendBinary implements Annotation: the word objects, and label, x, y, width and
// height of each as four little-endian bytes.
func (o Objects) AppendBinary(b []byte) []byte {
	b = append(b, "objects"...)
	for _, object := range o {
		for _, n := range []int{object.Label, object.Box.X, object.Box.Y, object.Box.W, object.Box.H} {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(n)))
		}
	}
	return b
}
