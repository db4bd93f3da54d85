package dataset

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// slot is the memory of one batch at a time.
type slot struct {
	batch   Batch
	memory  Batch     // the same slices at full length
	staged  []uint8   // with mixup or cutmix: the images before mixing
	apart   []float32 // with mixup or cutmix: the targets before mixing
	own     []float32 // with mixup or cutmix: the weights before mixing
	size    int       // bytes of an image
	targets int       // values of a target; 0 without
	pending atomic.Int32
	ready   chan struct{}

	mu    sync.Mutex
	err   error // of the example at errAt, the first that failed
	errAt int
}

// slotSize says what a slot has room for.
type slotSize struct {
	image, target    int // bytes of an image, values of a target
	mixing, weighted bool
}

func (s *slot) allocate(batchSize int, size slotSize) {
	s.size, s.targets = size.image, size.target
	s.ready = make(chan struct{}, 1)
	s.memory = Batch{Images: make([]uint8, batchSize*s.size)}
	if s.targets > 0 {
		s.memory.Targets = make([]float32, batchSize*s.targets)
	}
	if size.weighted {
		s.memory.Weights = make([]float32, batchSize)
	}
	if !size.mixing {
		return
	}
	s.staged = make([]uint8, batchSize*s.size)
	s.apart = make([]float32, batchSize*s.targets)
	s.own = make([]float32, len(s.memory.Weights))
}

// reset prepares the slot for a batch of the examples at indexes.
func (s *slot) reset(position int, indexes []int) {
	n := len(indexes)
	s.batch = Batch{
		N: n, Position: position, Indexes: indexes,
		Images: s.memory.Images[:n*s.size],
	}
	if s.targets > 0 {
		s.batch.Targets = s.memory.Targets[:n*s.targets]
	}
	if s.memory.Weights != nil {
		s.batch.Weights = s.memory.Weights[:n]
	}
}

// image is where example at is put. Its capacity ends there: whoever makes a larger image must
// not write over other examples.
func (s *slot) image(at int) []uint8 {
	low, high := at*s.size, (at+1)*s.size
	if s.staged != nil {
		return s.staged[low:high:high]
	}
	return s.batch.Images[low:high:high]
}

// target is where the target of example at is put.
func (s *slot) target(at int) []float32 {
	if s.staged != nil {
		return s.apart[at*s.targets : (at+1)*s.targets]
	}
	return s.batch.Targets[at*s.targets : (at+1)*s.targets]
}

// weights is where the weight of example at is put.
func (s *slot) weights(at int) []float32 {
	if s.staged != nil {
		return s.own[at : at+1]
	}
	return s.batch.Weights[at : at+1]
}

// mix writes image, target and weight at, blended with those of its partner.
func (s *slot) mix(at, partner, share int) {
	flat := func(pix []uint8) imaging.Image {
		return imaging.Image{Width: s.size, Height: 1, Channels: 1, Pix: pix}
	}
	augment.Mix(flat(s.batch.Images[at*s.size:(at+1)*s.size]), flat(s.image(at)), flat(s.image(partner)), share)
	s.mixLabels(at, partner, share, augment.WholeShare)
}

// paste writes image at with a part of its partner, and target and weight blended by the
// share of the pixels.
func (s *slot) paste(at, partner int, part augment.Rectangle, rule imaging.Rule) {
	shaped := func(pix []uint8) imaging.Image {
		return imaging.Image{Width: rule.Width, Height: rule.Height, Channels: rule.Channels, Pix: pix}
	}
	own := s.batch.Images[at*s.size : (at+1)*s.size]
	copy(own, s.image(at))
	augment.Paste(shaped(own), shaped(s.image(partner)), part)
	s.mixLabels(at, partner, part.Width*part.Height, rule.Width*rule.Height)
}

// mixLabels writes target and weight at, blended with those of its partner, whose share is
// share/whole.
func (s *slot) mixLabels(at, partner, share, whole int) {
	mixTargets(s.batch.Targets[at*s.targets:(at+1)*s.targets], s.target(at), s.target(partner), share, whole)
	if s.batch.Weights != nil {
		mixTargets(s.batch.Weights[at:at+1], s.weights(at), s.weights(partner), share, whole)
	}
}

// mixTargets sets dst to own*(1-share/whole) + other*share/whole. Both shares are rounded
// once; they are exact where whole is a power of two.
func mixTargets(dst, own, other []float32, share, whole int) {
	rest, taken := float32(whole-share)/float32(whole), float32(share)/float32(whole)
	for i := range dst {
		dst[i] = float32(own[i]*rest) + float32(other[i]*taken)
	}
}

// fail remembers the error of the first example, so that it is the same one
// however the work was divided.
func (s *slot) fail(at int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || at < s.errAt {
		s.err, s.errAt = err, at
	}
}

// wait returns when the batch is there.
func (s *slot) wait(ctx context.Context) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.err
}
