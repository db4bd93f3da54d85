package head

import (
	"runtime"
	"testing"
)

// TestMemory compares what is foreseen with what a training allocates.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ rows, features, classes, workers int }{{300, 256, 20, 1}, {1200, 128, 10, 2}} {
		e := made(c.rows, c.features, c.classes, false)
		o := options(c.classes, 0.01)
		o.Workers = c.workers
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		trained(t, e, e, o)
		runtime.ReadMemStats(&after)
		took := float64(after.TotalAlloc - before.TotalAlloc)
		if ratio := float64(Memory(c.rows, c.features, c.classes, c.workers)) / took; ratio < 0.7 || ratio > 1.3 {
			t.Errorf("%+v: %.2f of the %.0f bytes that were allocated are foreseen", c, ratio, took)
		}
	}
}
