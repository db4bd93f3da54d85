package eda

import (
	"cmp"
	"slices"
	"sync"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// meanSide bounds the longer side of mean images, in pixels, and maxMeans their number.
const (
	meanSide = 64
	maxMeans = 100
)

// means are the sums that mean images come from. It may be added to by several goroutines at
// once.
type means struct {
	rule    imaging.Rule // of an image as it is added, but for its levels
	classes []*meanSum   // by label; nil for classes that have none
}

// meanSum is the sum of the images of a class.
type meanSum struct {
	mu    sync.Mutex
	count int
	sum   []uint64 // [H,W,C]
}

// newMeans makes room for the means of the classes with the most examples.
func newMeans(d dataset.Dataset, indexes []int, sizes dataset.Sizes) *means {
	side := max(sizes.Width, sizes.Height)
	width, height := sizes.Width, sizes.Height
	if side > meanSide {
		width, height = max(1, width*meanSide/side), max(1, height*meanSide/side)
	}
	m := &means{rule: imaging.Rule{Width: width, Height: height, Channels: sizes.Channels, Mode: imaging.Stretch, Filter: imaging.PillowBilinear}}
	counts := dataset.Counts(d, indexes)
	order := make([]int, len(counts))
	for label := range order {
		order[label] = label
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	m.classes = make([]*meanSum, len(counts))
	for _, label := range order[:min(maxMeans, len(order))] {
		if counts[label] > 0 {
			m.classes[label] = &meanSum{sum: make([]uint64, width*height*sizes.Channels)}
		}
	}
	return m
}

func (m *means) add(label int, img imaging.Image, levels *imaging.Levels) error {
	of := m.classes[label]
	if of == nil {
		return nil
	}
	rule := m.rule
	if rule.Levels = levels; levels == nil && img.Wide != nil {
		rule.Levels = &wholeRange
	}
	small, err := rule.Apply(img.Picture())
	if err != nil {
		return err
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	of.count++
	for k, v := range small.Pix {
		of.sum[k] += uint64(v)
	}
	return nil
}

// image is the mean image of a class, rounded; false where there is none.
func (m *means) image(label int) (imaging.Image, bool) {
	of := m.classes[label]
	if of == nil || of.count == 0 {
		return imaging.Image{}, false
	}
	img := imaging.New(m.rule.Width, m.rule.Height, m.rule.Channels)
	n := uint64(of.count)
	for k, sum := range of.sum {
		img.Pix[k] = uint8((sum + n/2) / n)
	}
	return img, true
}
