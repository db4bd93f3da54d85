package imaging

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Images whose decoding takes more than largeImage bytes share memoryBudget, so that
// workers that decode large ones wait for each other. One that takes more than the budget is
// decoded alone. What an image takes when it is decoded counts until [Image.Release].
const (
	largeImage   = 32 << 20
	memoryBudget = 1 << 30
	// hugeImage is from where on what former images took is collected first, since else it
	// may be as much as the budget once more, or twice. Decoding takes far longer.
	hugeImage = memoryBudget / 8
)

// memory is a number of bytes that several users share.
type memory struct {
	total    int64
	free     *semaphore.Weighted
	decoding atomic.Int64  // users that decode
	changes  atomic.Int64  // how often some was taken or given back
	patience time.Duration // how long to wait for images that nobody releases
}

func newMemory(total int64) *memory {
	return &memory{total: total, free: semaphore.NewWeighted(total), patience: time.Minute}
}

var budget = newMemory(memoryBudget)

// taken is a part of a memory; nil is none.
type taken struct {
	memory *memory
	bytes  int64
}

// take waits until so many bytes are free. Where only images that are decoded hold them, and
// nothing changes for a while, it gives none rather than wait for ever: somebody may keep them.
func (m *memory) take(bytes int) *taken {
	if bytes < largeImage {
		return nil
	}
	n := min(int64(bytes), m.total)
	for {
		before := m.changes.Load()
		ctx, cancel := context.WithTimeout(context.Background(), m.patience)
		err := m.free.Acquire(ctx, n)
		cancel()
		if err == nil {
			m.decoding.Add(1)
			m.changes.Add(1)
			if n >= hugeImage {
				runtime.GC()
			}
			return &taken{m, n}
		}
		if m.decoding.Load() == 0 && m.changes.Load() == before {
			return nil
		}
	}
}

// decoded ends the decoding. It gives back all but the given number of bytes, and returns
// what gives these back, which may be called again.
func (t *taken) decoded(bytes int) (release func()) {
	if t == nil {
		return nil
	}
	left := min(int64(bytes), t.bytes)
	t.memory.decoding.Add(-1)
	t.memory.giveBack(t.bytes - left)
	if left == 0 {
		return nil
	}
	return sync.OnceFunc(func() { t.memory.giveBack(left) })
}

func (m *memory) giveBack(bytes int64) {
	m.changes.Add(1)
	m.free.Release(bytes)
}
