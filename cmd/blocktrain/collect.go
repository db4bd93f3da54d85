package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// growth is how much memory may grow, in bytes, before garbage is looked for. Nearly all memory
// is large arrays without pointers, which cost nothing to look through, so that the usual
// doubling would waste as much as is in use.
const growth = 16 << 20

// Go's least heap, before the first collection, is 4 MiB at 100 %.
const leastHeap = 4 << 20

// collectSparingly sets how much memory may grow, now and again after each collection.
func collectSparingly() {
	percent := growth * 100 / leastHeap
	debug.SetGCPercent(percent)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterCollection(func() {
		metrics.Read(live)
		inUse := max(live[0].Value.Uint64(), leastHeap)
		wanted := max(1, int(growth*100/inUse))
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
