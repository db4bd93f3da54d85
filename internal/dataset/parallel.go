package dataset

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// blocks calls f for consecutive ranges of at most size that together cover
// 0 to n-1, on all processors. It stops early, with the context's error, when
// ctx is cancelled.
func blocks(ctx context.Context, n, size int, f func(low, high int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+size-1)/size) {
		group.Go(func() {
			defer logging.ExitOnPanic()
			for ctx.Err() == nil {
				high := int(next.Add(int64(size)))
				if high-size >= n {
					return
				}
				f(high-size, min(high, n))
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// maxListed is how many failures an error spells out.
const maxListed = 10

// eachImage calls f for every index below n, on all processors, and goes on
// past failures, so that one error names every bad image (the first ten by
// index, and how many there are).
func eachImage(ctx context.Context, n int, f func(i int) error) error {
	type failure struct {
		index int
		err   error
	}
	var mu sync.Mutex
	var failures []failure
	err := blocks(ctx, n, 16, func(low, high int) {
		for i := low; i < high && ctx.Err() == nil; i++ {
			if err := f(i); err != nil {
				mu.Lock()
				failures = append(failures, failure{i, err})
				mu.Unlock()
			}
		}
	})
	if err != nil || len(failures) == 0 {
		return err
	}
	slices.SortFunc(failures, func(a, b failure) int { return a.index - b.index })
	var listed []error
	for _, failure := range failures[:min(maxListed, len(failures))] {
		listed = append(listed, failure.err)
	}
	if more := len(failures) - maxListed; more > 0 {
		listed = append(listed, fmt.Errorf("and %d more", more))
	}
	return fmt.Errorf("%d of %d images cannot be read:\n%w", len(failures), n, errors.Join(listed...))
}
