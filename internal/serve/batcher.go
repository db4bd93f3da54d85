package serve

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/logging"
)

// job is a request that waits for the network.
type job struct {
	ctx     context.Context
	n       int         // images, from 1 to the model's batch
	images  []uint8     // [n,H,W,C]
	outputs [][]float32 // of each output [n,...], when done is closed without err
	err     error
	queued  time.Time
	done    chan struct{}
}

// batcher runs the network for jobs, several of them together where they come at the same
// time. The results do not depend on which are together.
type batcher struct {
	model *Model
	plan  *classifier.Plan
	stats *statistics
	delay time.Duration
	queue chan *job
	// arriving counts the requests that are complete and being read. Only while there are
	// some does a batch wait for more.
	arriving atomic.Int64
	waiting  atomic.Int64
	images   []uint8
	ended    sync.WaitGroup
}

// newBatcher compiles the network and runs it on black images, as the package says. At most
// so many jobs may wait at a time. close ends it.
func newBatcher(m *Model, workers, jobs int, stats *statistics) (*batcher, error) {
	plan, err := m.Classifier.NewPlan(m.Batch, workers)
	if err != nil {
		return nil, err
	}
	b := &batcher{
		model: m, plan: plan, stats: stats, delay: time.Duration(m.DelayUS) * time.Microsecond,
		queue: make(chan *job, jobs), images: make([]uint8, m.Batch*m.Classifier.ImageBytes()),
	}
	for _, size := range m.Warmup {
		b.warm(size)
	}
	b.ended.Go(b.work)
	return b, nil
}

// close ends the work when all jobs are done. None may be given after that.
func (b *batcher) close() {
	close(b.queue)
	b.ended.Wait()
	b.plan.Close()
}

// warm runs so many black images, each of which counts as a request, as with Triton.
func (b *batcher) warm(size int) {
	var jobs []*job
	for range size {
		jobs = append(jobs, &job{ctx: context.Background(), n: 1, images: b.images[:b.model.Classifier.ImageBytes()], queued: time.Now(), done: make(chan struct{})})
	}
	b.run(jobs)
}

// do waits for the outputs of n images, and calls arrived as soon as they are in the queue. An
// error says that the context ended before.
func (b *batcher) do(ctx context.Context, n int, images []uint8, arrived func()) ([][]float32, error) {
	j := &job{ctx: ctx, n: n, images: images, queued: time.Now(), done: make(chan struct{})}
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	select {
	case b.queue <- j:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	arrived()
	select {
	case <-j.done:
		return j.outputs, j.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// work runs jobs until the queue is closed.
func (b *batcher) work() {
	defer logging.ExitOnPanic()
	var next *job
	for {
		if next == nil {
			if next = <-b.queue; next == nil {
				return
			}
		}
		var jobs []*job
		jobs, next = b.collect(next)
		b.run(jobs)
	}
}

// collect returns the first job with those that fit into its batch, and a job that came and
// does not fit.
func (b *batcher) collect(first *job) (jobs []*job, next *job) {
	jobs = []*job{first}
	n := first.n
	var late <-chan time.Time
	for n < b.model.Batch {
		j, open := b.take(&late)
		switch {
		case !open:
			return jobs, nil
		case n+j.n > b.model.Batch:
			return jobs, j
		}
		jobs = append(jobs, j)
		n += j.n
	}
	return jobs, nil
}

// take is the next job, if there is one in time. late is when the batch is to begin.
func (b *batcher) take(late *<-chan time.Time) (*job, bool) {
	select {
	case j, open := <-b.queue:
		return j, open
	default:
	}
	if b.delay == 0 || b.arriving.Load() == 0 {
		return nil, false
	}
	if *late == nil {
		*late = time.After(b.delay)
	}
	select {
	case j, open := <-b.queue:
		return j, open
	case <-*late:
		return nil, false
	}
}

// run takes the images of jobs through the network and ends the jobs. Those whose clients
// wait no more are left out.
func (b *batcher) run(jobs []*job) {
	began := time.Now()
	e := execution{}
	size := b.model.Classifier.ImageBytes()
	var live []*job
	for _, j := range jobs {
		if j.err = context.Cause(j.ctx); j.err != nil {
			close(j.done)
			continue
		}
		copy(b.images[e.images*size:], j.images)
		e.images += j.n
		e.queued = append(e.queued, began.Sub(j.queued))
		live = append(live, j)
	}
	if e.requests = len(live); e.requests == 0 {
		return
	}
	e.input = time.Since(began)
	outputs := b.outputs(e.images, &e)
	first := 0
	for _, j := range live {
		for _, o := range outputs {
			row := len(o) / e.images
			j.outputs = append(j.outputs, o[first*row:(first+j.n)*row:(first+j.n)*row])
		}
		first += j.n
	}
	b.stats.executed(e)
	for _, j := range live {
		close(j.done)
	}
}

// outputs runs the network on the first n images, by parts where the plan takes fewer.
func (b *batcher) outputs(n int, e *execution) [][]float32 {
	size := b.model.Classifier.ImageBytes()
	all := make([][]float32, len(b.model.Classifier.Graph.Outputs))
	for first := 0; first < n; first += b.plan.BatchSize() {
		part := min(b.plan.BatchSize(), n-first)
		began := time.Now()
		outputs := b.plan.Run(part, b.images[first*size:(first+part)*size])
		ran := time.Now()
		e.infer += ran.Sub(began)
		for k, o := range outputs {
			all[k] = append(all[k], o...)
		}
		e.output += time.Since(ran)
	}
	return all
}
