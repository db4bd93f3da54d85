package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much memory may grow before garbage is looked for: by a part of what is in use, within
// bounds. Nearly all memory is large arrays without pointers, which cost nothing to look
// through, so that the usual doubling would waste as much as is in use. But a fifth of a small
// heap is used up by every few photographs, and a fifth of thousands of them is much.
const (
	growthPercent = 20
	leastGrowth   = 16 << 20 // bytes
	mostGrowth    = 48 << 20
)

// Go's least heap, before the first collection, is 4 MiB at 100 %.
const leastHeap = 4 << 20

// collectSparingly sets how much memory may grow, now and again after each collection.
func collectSparingly() {
	percent := leastGrowth * 100 / leastHeap
	debug.SetGCPercent(percent)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterCollection(func() {
		metrics.Read(live)
		inUse := max(live[0].Value.Uint64(), leastHeap)
		wanted := max(1, min(max(growthPercent, int(leastGrowth*100/inUse)), int(mostGrowth*100/inUse)))
		// Setting it stops the program for a moment.
		if 10*max(wanted-percent, percent-wanted) > percent {
			percent = wanted
			debug.SetGCPercent(percent)
		}
	})
}

// afterCollection calls f after each collection of garbage, once at a time.
func afterCollection(f func()) {
	type garbage struct{ _ [16]byte }
	runtime.AddCleanup(new(garbage), func(again func()) {
		again()
		afterCollection(again)
	}, f)
}
