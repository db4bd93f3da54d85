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
	memory  Batch   // the same slices at full length
	staged  []uint8 // with mixup: the images before mixing
	size    int     // bytes of an image
	pending atomic.Int32
	ready   chan struct{}

	mu    sync.Mutex
	err   error // of the example at errAt, the first that failed
	errAt int
}

func (s *slot) allocate(batchSize, size int, mixing bool) {
	s.size = size
	s.ready = make(chan struct{}, 1)
	s.memory = Batch{
		Images: make([]uint8, batchSize*size),
		Labels: make([]int, batchSize),
	}
	if mixing {
		s.staged = make([]uint8, batchSize*size)
		s.memory.Partners = make([]int, batchSize)
		s.memory.Shares = make([]float32, batchSize)
	}
}

// reset prepares the slot for a batch of the examples at indexes.
func (s *slot) reset(position int, indexes []int) {
	n := len(indexes)
	s.batch = Batch{
		N: n, Position: position, Indexes: indexes,
		Images: s.memory.Images[:n*s.size],
		Labels: s.memory.Labels[:n],
	}
	if s.staged != nil {
		s.batch.Partners, s.batch.Shares = s.memory.Partners[:n], s.memory.Shares[:n]
	}
}

// image is where example at is put.
func (s *slot) image(at int) []uint8 {
	if s.staged != nil {
		return s.staged[at*s.size : (at+1)*s.size]
	}
	return s.batch.Images[at*s.size : (at+1)*s.size]
}

// mix writes image at, blended with that of its partner.
func (s *slot) mix(at, partner, share int) {
	flat := func(pix []uint8) imaging.Image {
		return imaging.Image{Width: s.size, Height: 1, Channels: 1, Pix: pix}
	}
	augment.Mix(flat(s.batch.Images[at*s.size:(at+1)*s.size]), flat(s.image(at)), flat(s.image(partner)), share)
	s.batch.Partners[at], s.batch.Shares[at] = partner, float32(share)/augment.WholeShare
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
