package dataset

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// forgetful is a dataset that can give up what it keeps of an image, to decode it
// again when it is asked for.
type forgetful interface {
	forget(i int)
	complete() bool // every image that takes work to load is kept
}

// Fit returns d with its images as rule makes them, in memory, and lets d give up
// those that it keeps itself: photographs in full size take much more than what a
// network sees of them. Where that would save nothing, and d keeps all its images, it
// returns d. The rule changes nothing of what it has made, so that either serves with
// it, with the same bits; the digest is that of d.
func Fit(ctx context.Context, d Dataset, rule imaging.Rule) (Dataset, error) {
	known := detail(d)
	large, err := exceeds(known, rule)
	original, keeps := d.(forgetful)
	if err != nil || !large && (!keeps || original.complete()) {
		return d, err
	}
	kept := newKeeper(d.Len(), ramBudget, func(i int, buffer []uint8) (imaging.Image, error) {
		return loadImage(known, i, rule, buffer)
	})
	progress := newProgress("images brought to the size of the input", d.Len())
	err = eachImage(ctx, d.Len(), func(i int) error {
		defer progress.step(ctx)
		_, failure := kept.fill(i, nil)
		if keeps {
			original.forget(i)
		}
		return failure
	})
	if err != nil {
		return nil, err
	}
	kept.report(ctx)
	return ram{known, kept}, nil
}

// exceeds says whether the images of d take more memory than what rule makes of them.
func exceeds(d detailed, rule imaging.Rule) (bool, error) {
	var bytes int64
	for i := range d.Len() {
		s, err := d.shape(i)
		if err != nil {
			return false, err
		}
		bytes += s.bytes()
	}
	return bytes > int64(d.Len())*int64(rule.Width*rule.Height*rule.Channels), nil
}

func (s *set) forget(i int) {
	if s.kept != nil {
		s.kept.images[i] = nil
	}
}

func (s *set) complete() bool { return s.kept == nil || s.kept.count() == len(s.kept.images) }

func (c *concat) complete() bool {
	for _, member := range c.members {
		if m, keeps := member.(forgetful); keeps && !m.complete() {
			return false
		}
	}
	return true
}

func (c *concat) forget(i int) {
	member, index := c.locate(i)
	if m, keeps := c.members[member].(forgetful); keeps {
		m.forget(index)
	}
}
