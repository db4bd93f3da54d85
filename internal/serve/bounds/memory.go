// Package bounds limits what the clients of a server can take of it at a time: memory and
// connections.
package bounds

import "sync/atomic"

// Memory bounds the bytes that all requests hold at a time.
type Memory struct {
	free atomic.Int64
}

// NewMemory has so many bytes.
func NewMemory(bytes int64) *Memory {
	m := &Memory{}
	m.free.Store(bytes)
	return m
}

// Free is how many bytes nobody holds.
func (m *Memory) Free() int64 { return m.free.Load() }

// Holding is a part of the memory, empty at first.
func (m *Memory) Holding() *Holding { return &Holding{of: m} }

// Holding is the part of a memory that a request has. It is used by one goroutine at a time.
type Holding struct {
	of    *Memory
	bytes int64
}

// Take takes so many bytes more; false where there are not so many.
func (h *Holding) Take(n int64) bool {
	if h.of.free.Add(-n) < 0 {
		h.of.free.Add(n)
		return false
	}
	h.bytes += n
	return true
}

// Release gives all of it back.
func (h *Holding) Release() {
	h.of.free.Add(h.bytes)
	h.bytes = 0
}
