package head

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/logging"
)

const (
	// blockRows is the number of rows of a block, which stays in the second-level cache
	// of a core between the two products that it takes part in.
	blockRows = 64
	// strands is the number of partial sums of blocks, as of the kernels' lanes.
	strands = 16
)

// blocks is the number of blocks of a size that n things make.
func blocks(n, size int) int { return (n + size - 1) / size }

// each calls do for 0 to n-1, each once, on so many workers, which have the numbers 0 on.
// It stops early, with the cause, when ctx is cancelled.
func each(ctx context.Context, workers, n int, do func(worker, i int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	work := func(worker int) {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			do(worker, i)
		}
	}
	for worker := 1; worker < min(workers, n); worker++ {
		group.Go(func() {
			defer logging.ExitOnPanic()
			work(worker)
		})
	}
	work(0)
	group.Wait()
	return context.Cause(ctx)
}
