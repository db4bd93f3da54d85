package dataset

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/listing"
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

// failure is why the image at an index cannot be read.
type failure struct {
	index int
	err   error
}

// UnreadError lists images or clips that cannot be read, in the order of their indexes.
type UnreadError struct {
	failures  []failure
	of        int    // images or clips in all
	list      string // file with all failures, if they are more than the error names
	what      string // is read, such as "images"
	skippable bool   // all are of files that may be left out, if that is asked for
}

// Error implements error. It names the first ten images, the file that lists all, and what
// can be done.
func (e *UnreadError) Error() string {
	text := fmt.Sprintf("%d of %d %s cannot be read:", len(e.failures), e.of, e.what)
	for _, f := range e.failures[:min(listing.MostNamed, len(e.failures))] {
		text += "\n" + f.err.Error()
	}
	if more := len(e.failures) - listing.MostNamed; more > 0 {
		text += fmt.Sprintf("\nand %d more; all are listed in %s", more, e.list)
	}
	if e.skippable {
		text += "\nrepair or remove them, or give --on-corrupt skip, which leaves them out and records which they were"
	}
	return text
}

// Unwrap returns what is wrong with each image.
func (e *UnreadError) Unwrap() []error {
	var errs []error
	for _, f := range e.failures {
		errs = append(errs, f.err)
	}
	return errs
}

// eachImage calls f for every index below n, on all processors, and goes on
// past failures, so that one error, an [UnreadError], names every bad image.
func eachImage(ctx context.Context, n int, f func(i int) error) error {
	failures, err := failuresOf(ctx, n, f)
	if err == nil && len(failures) > 0 {
		return newUnreadError(failures, n)
	}
	return err
}

// newUnreadError writes the list of failures if they are many.
func newUnreadError(failures []failure, of int) *UnreadError {
	e := &UnreadError{failures: failures, of: of, what: "images"}
	if len(failures) > listing.MostNamed {
		lines := make([]string, len(failures))
		for i, f := range failures {
			lines[i] = f.err.Error()
		}
		e.list = listing.WriteList("unread", lines)
	}
	return e
}

// failuresOf calls f for every index below n, on all processors, and returns what failed
// by index.
func failuresOf(ctx context.Context, n int, f func(i int) error) ([]failure, error) {
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
	slices.SortFunc(failures, func(a, b failure) int { return a.index - b.index })
	return failures, err
}

// EachClip calls do for n clips, so many at a time, and returns the first error, at which the
// others are stopped; the cause of ctx if that has ended.
func EachClip(ctx context.Context, n, workers int, do func(within context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(max(1, workers))
	for i := range n {
		group.Go(func() error {
			defer logging.ExitOnPanic()
			return do(within, i)
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
