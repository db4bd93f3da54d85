package dataset

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
)

// Sizes tells which sizes the images of a dataset have before any resizing.
type Sizes struct {
	Width, Height int    // the most frequent size; of equally frequent ones the smallest
	Frequent      int    // images that have it, whatever their channels
	Pixels        int    // of the middle image: half of all have as many, or fewer
	Channels      int    // 3 if any image has colour, otherwise 1, for each frame
	Frames        int    // of an image, the most that any has
	Wide          bool   // some image has 16 bits
	Uniform       bool   // all images have this width, height and channel count
	Range         string // for people: "28x28x1", or "20x14x1 to 640x480x3 (57 sizes)"
}

// MeasureSizes finds the sizes of all images of d. Datasets of this package know
// them without decoding.
func MeasureSizes(ctx context.Context, d Dataset) (Sizes, error) {
	return measureSizes(ctx, d, d.Len(), func(at int) int { return at })
}

// MeasureSizesOf is MeasureSizes for the images at indexes alone.
func MeasureSizesOf(ctx context.Context, d Dataset, indexes []int) (Sizes, error) {
	return measureSizes(ctx, d, len(indexes), func(at int) int { return indexes[at] })
}

func measureSizes(ctx context.Context, d Dataset, n int, index func(at int) int) (Sizes, error) {
	known := detail(d)
	var mu sync.Mutex
	counts := map[shape]int{}
	wide := false
	err := eachImage(ctx, n, func(at int) error {
		s, err := known.shape(index(at))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		wide, s.wide = wide || s.wide, false
		counts[s]++
		return nil
	})
	if err != nil || len(counts) == 0 {
		return Sizes{}, err
	}
	sizes := summarize(counts)
	sizes.Wide = wide
	return sizes, nil
}

func summarize(counts map[shape]int) Sizes {
	shapes := make([]shape, 0, len(counts))
	for s := range counts {
		shapes = append(shapes, s)
	}
	slices.SortFunc(shapes, shape.compare)
	sizes := Sizes{Uniform: len(shapes) == 1, Range: shapes[0].String()}
	frequent := shapes[0]
	for _, s := range shapes {
		if counts[s] > counts[frequent] {
			frequent = s
		}
		sizes.Channels = max(sizes.Channels, int(s.channels/s.frames))
		sizes.Frames = max(sizes.Frames, int(s.frames))
	}
	sizes.Width, sizes.Height = int(frequent.width), int(frequent.height)
	all, upTo := 0, 0
	for _, s := range shapes {
		all += counts[s]
	}
	for _, s := range shapes { // by area
		if upTo < (all+1)/2 {
			sizes.Pixels = int(s.width) * int(s.height)
		}
		upTo += counts[s]
		if s.width == frequent.width && s.height == frequent.height {
			sizes.Frequent += counts[s]
		}
	}
	if !sizes.Uniform {
		sizes.Range = fmt.Sprintf("%s to %s (%d sizes)", shapes[0], shapes[len(shapes)-1], len(shapes))
	}
	return sizes
}

// compare orders shapes by area, then width, channels and frames.
func (s shape) compare(other shape) int {
	return cmp.Or(
		cmp.Compare(int64(s.width)*int64(s.height), int64(other.width)*int64(other.height)),
		cmp.Compare(s.width, other.width),
		cmp.Compare(s.channels, other.channels),
		cmp.Compare(s.frames, other.frames),
	)
}
