package dataset

import (
	"fmt"
	"slices"
)

// Framed is implemented by datasets whose images hold several frames of a recording.
type Framed interface {
	// FrameOffsets are how many frames each picture of an image comes after the one that
	// the example is about, in the order of the channels: -4, 0, 4.
	FrameOffsets() []int
}

// FrameOffsets are those of a dataset's images, nil where each is a single picture.
// Joined datasets must have the same.
func FrameOffsets(d Dataset) ([]int, error) {
	switch d := d.(type) {
	case Framed:
		return d.FrameOffsets(), nil
	case *concat:
		return d.frameOffsets()
	case *remapped:
		return FrameOffsets(d.detailed)
	case *set:
		if framed, is := d.examples.(Framed); is {
			return framed.FrameOffsets(), nil
		}
	case ram:
		return FrameOffsets(d.detailed)
	case decoding:
		return FrameOffsets(d.Dataset)
	}
	return nil, nil
}

func (c *concat) frameOffsets() ([]int, error) {
	first, err := FrameOffsets(c.members[0])
	if err != nil {
		return nil, err
	}
	for i, member := range c.members[1:] {
		other, err := FrameOffsets(member)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(first, other) {
			return nil, fmt.Errorf("datasets 1 and %d have frames at %v and %v: join those that have the same", i+2, first, other)
		}
	}
	return first, nil
}
