package pretrained

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestBounds reads the files that make the reader take the most memory beside the values,
// and watches how much is held at once.
func TestBounds(t *testing.T) {
	const most = 192 << 20
	if testing.Short() {
		t.Skip("some hundred milliseconds for each file")
	}
	var entries, metadata strings.Builder
	shape := "1" + strings.Repeat(",1", 31)
	for i := 0; entries.Len() < 14<<20 && i < 1<<16; i++ {
		fmt.Fprintf(&entries, `"%05d":{"dtype":"F16","shape":[%s],"data_offsets":[%d,%d]},`, i, shape, 2*i, 2*i+2)
	}
	n := strings.Count(entries.String(), "dtype")
	for i := 0; metadata.Len() < 15<<20; i++ {
		fmt.Fprintf(&metadata, `"%05d":"%s",`, i, strings.Repeat("a", 240))
	}
	var files []zipped
	for i := range 60000 {
		files = append(files, zipped{name: fmt.Sprintf("%05d.pth", i)})
	}
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"many tensors", safe("{"+strings.TrimSuffix(entries.String(), ",")+"}", 2*n)},
		{"long metadata", safe(`{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"__metadata__":{`+strings.TrimSuffix(metadata.String(), ",")+"}}", 2)},
		{"many members", craft(files, nil)},
		{"a deep pickle", legacy("\x80\x02]"+strings.Repeat("}K\x01Nsa", 50000)+".", "\x80\x02].", nil)},
	} {
		began := time.Now()
		held, err := peak(func() error {
			_, err := readBytes(c.b)
			return err
		})
		t.Logf("%s: %d bytes, %d held, %v (%.100v)", c.name, len(c.b), held, time.Since(began), err)
		if held > most {
			t.Errorf("%s: %d bytes were held at once, expected at most %d", c.name, held, most)
		}
	}
}

// peak is how many bytes more are held at once while work is done, as far as looking
// every millisecond shows.
func peak(work func() error) (uint64, error) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before, highest := stats.HeapAlloc, uint64(0)
	done := make(chan error, 1)
	go func() { done <- work() }()
	for {
		select {
		case err := <-done:
			return highest, err
		case <-time.After(time.Millisecond):
			runtime.ReadMemStats(&stats)
			if stats.HeapAlloc > before {
				highest = max(highest, stats.HeapAlloc-before)
			}
		}
	}
}
