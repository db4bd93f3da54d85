package dataset

import "github.com/blocktrain/blocktrain/internal/imaging"

// How many different images a dataset of made-up ones has: more than the caches near a
// core hold, and soon drawn.
const (
	madeUpImages = 64
	madeUpBytes  = 16 << 20 // of all, unless a single one takes more
)

// MadeUp is d with noise for its images, of the size that the rule makes and in as many
// channels, to measure how long work on such images takes. Labels, groups and parts are
// those of d.
func MadeUp(d Dataset, rule imaging.Rule) Dataset {
	m := &madeUp{Dataset: d}
	state := uint32(1)
	bytes := rule.Width * rule.Height * rule.Channels
	for range max(1, min(madeUpImages, madeUpBytes/bytes)) {
		pix := make([]uint8, bytes)
		for at := range pix {
			state = state*1664525 + 1013904223 // Numerical Recipes' generator; its upper bits will do
			pix[at] = uint8(state >> 24)
		}
		m.images = append(m.images, imaging.Image{
			Width: rule.Width, Height: rule.Height, Channels: rule.Channels, Pix: pix, Frames: rule.FrameCount(),
			Levelled: rule.Levels != nil, Cropped: rule.CropFraction != 0,
		})
	}
	return m
}

type madeUp struct {
	Dataset
	images []imaging.Image
}

// Image implements Dataset.
func (m *madeUp) Image(i int) (imaging.Image, error) { return m.images[i%len(m.images)], nil }
