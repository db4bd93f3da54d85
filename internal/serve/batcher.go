package serve

import (
	"context"
	"runtime"
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
	batch int // images of a run at most: the model's batch, or what a request can have if that is less
	stats *statistics
	delay time.Duration
	queue chan *job
	// arriving counts the requests that are complete and being read. Only while there are
	// some does a batch wait for more.
	arriving atomic.Int64
	waiting  atomic.Int64 // jobs
	idle     atomic.Int64 // instances
	ended    sync.WaitGroup
}

// instance is a copy of the network with its workers, which runs one batch at a time.
type instance struct {
	*batcher
	plan   *classifier.Plan
	images []uint8
}

// newBatcher compiles the network and runs it on black images, as the package says. As many
// jobs may wait as there may be requests. close ends it.
//
// Workers that share a batch wait for each other at every layer, which costs a small network
// more than it gains: such a one has an instance for each worker instead.
func newBatcher(m *Model, o Options, stats *statistics) (*batcher, error) {
	workers := max(1, o.Workers)
	b := &batcher{
		model: m, batch: int(min(int64(m.Batch), max(1, o.Body/int64(m.Classifier.ImageBytes())))),
		stats: stats, delay: time.Duration(m.DelayUS) * time.Microsecond, queue: make(chan *job, o.Requests),
	}
	first, err := b.newInstance(1)
	if err != nil {
		return nil, err
	}
	instances := []*instance{first}
	if small := first.quickest() < smallNetwork; workers > 1 && !small {
		first.plan.Close()
		instances[0], err = b.newInstance(workers)
	} else {
		for len(instances) < workers && err == nil {
			var i *instance
			i, err = b.newInstance(1)
			instances = append(instances, i)
		}
	}
	if err != nil {
		for _, i := range instances {
			if i != nil {
				i.plan.Close()
			}
		}
		return nil, err
	}
	b.start(instances)
	return b, nil
}

// smallNetwork is the time for an image below which workers do not share it.
const smallNetwork = 2 * time.Millisecond

func (b *batcher) newInstance(workers int) (*instance, error) {
	plan, err := b.model.Classifier.NewPlan(b.batch, workers)
	if err != nil {
		return nil, err
	}
	return &instance{b, plan, make([]uint8, b.batch*b.model.Classifier.ImageBytes())}, nil
}

// quickest is the shortest of a few times that the network takes for a black image.
func (i *instance) quickest() time.Duration {
	const times = 5
	shortest := time.Hour
	for range times {
		began := time.Now()
		i.plan.Run(1, i.images[:i.model.Classifier.ImageBytes()])
		if shortest = min(shortest, time.Since(began)); shortest > 10*smallNetwork {
			break
		}
	}
	return shortest
}

// start runs the black images, of which those of one instance are counted, and begins to work.
func (b *batcher) start(instances []*instance) {
	for k, i := range instances {
		for _, size := range b.model.Warmup {
			size = min(size, b.batch)
			if k == 0 {
				i.warm(size)
			} else {
				i.outputs(size, &execution{})
			}
		}
		b.ended.Go(func() {
			defer i.plan.Close()
			i.work()
		})
	}
}

// close ends the work when all jobs are done. None may be given after that.
func (b *batcher) close() {
	close(b.queue)
	b.ended.Wait()
}

// warm runs so many black images, each of which counts as a request, as with Triton.
func (i *instance) warm(size int) {
	var jobs []*job
	for range size {
		jobs = append(jobs, &job{ctx: context.Background(), n: 1, images: i.images[:i.model.Classifier.ImageBytes()], queued: time.Now(), done: make(chan struct{})})
	}
	i.run(jobs)
}

// do waits for the outputs of n images, and calls arrived once they are queued. An error is the context's.
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
func (i *instance) work() {
	defer logging.ExitOnPanic()
	var next *job
	for {
		if next == nil {
			i.idle.Add(1)
			next = <-i.queue
			i.idle.Add(-1)
			if next == nil {
				return
			}
		}
		// First what else can run: answers are written, and requests that have come join the batch.
		runtime.Gosched()
		var jobs []*job
		jobs, next = i.collect(next)
		i.run(jobs)
	}
}

// collect returns the first job with those that fit into its batch, and a job that came and
// does not fit. Instances that have nothing to do are left their part.
func (b *batcher) collect(first *job) (jobs []*job, next *job) {
	jobs = []*job{first}
	n := first.n
	var late <-chan time.Time
	takers := 1 + int(b.idle.Load())
	most := (1 + len(b.queue) + takers - 1) / takers
	for n < b.batch && (takers == 1 || len(jobs) < most) {
		j, open := b.take(&late)
		switch {
		case !open:
			return jobs, nil
		case n+j.n > b.batch:
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
func (i *instance) run(jobs []*job) {
	began := time.Now()
	e := execution{}
	size := i.model.Classifier.ImageBytes()
	var live []*job
	for _, j := range jobs {
		if j.err = context.Cause(j.ctx); j.err != nil {
			close(j.done)
			continue
		}
		copy(i.images[e.images*size:], j.images)
		e.images += j.n
		e.queued = append(e.queued, began.Sub(j.queued))
		live = append(live, j)
	}
	if e.requests = len(live); e.requests == 0 {
		return
	}
	e.input = time.Since(began)
	outputs := i.outputs(e.images, &e)
	first := 0
	for _, j := range live {
		for _, o := range outputs {
			row := len(o) / e.images
			j.outputs = append(j.outputs, o[first*row:(first+j.n)*row:(first+j.n)*row])
		}
		first += j.n
	}
	i.stats.executed(e)
	for _, j := range live {
		close(j.done)
	}
}

// outputs runs the network on the first n images, by parts where the plan takes fewer.
func (i *instance) outputs(n int, e *execution) [][]float32 {
	size := i.model.Classifier.ImageBytes()
	all := make([][]float32, len(i.model.Classifier.Graph.Outputs))
	for first := 0; first < n; first += i.plan.BatchSize() {
		part := min(i.plan.BatchSize(), n-first)
		began := time.Now()
		outputs := i.plan.Run(part, i.images[first*size:(first+part)*size])
		ran := time.Now()
		e.infer += ran.Sub(began)
		for k, o := range outputs {
			all[k] = append(all[k], o...)
		}
		e.output += time.Since(ran)
	}
	return all
}
