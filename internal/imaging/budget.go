package imaging

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Images whose decoding takes more than largeImage bytes share memoryBudget, so that
// workers that decode large ones wait for each other. One that takes more than the budget is
// decoded alone.
const (
	largeImage   = 32 << 20
	memoryBudget = 1 << 30
)

// memory is a number of bytes that several users share.
type memory struct {
	total int64
	free  *semaphore.Weighted
}

func newMemory(total int64) memory { return memory{total, semaphore.NewWeighted(total)} }

var budget = newMemory(memoryBudget)

// take waits until so many bytes are free, and returns what gives them back. Who has taken
// some must not take more.
func (m memory) take(bytes int) (giveBack func()) {
	if bytes < largeImage {
		return func() {}
	}
	n := min(int64(bytes), m.total)
	if err := m.free.Acquire(context.Background(), n); err != nil { // cannot happen: the context does not end
		return func() {}
	}
	return func() { m.free.Release(n) }
}
