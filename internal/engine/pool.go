package engine

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// worker is one goroutine's memory.
type worker struct {
	plan    *plan
	crew    *crew     // whose shard it works on
	arena   arena     // the tensors of its portion; those of the shard are the crew's
	scratch []float32 // for the length of one operation
}

// pool runs tasks on a fixed set of workers. Which worker takes which task is
// left to chance; no result may depend on it.
type pool struct {
	workers []*worker
	helpers []*helper // the goroutines of all workers but the first, which is the caller of run

	next  atomic.Int64
	tasks int
	task  func(w *worker, i int)

	busy   atomic.Int64 // helpers that have not finished
	caller sleeper
	closed bool // written before a round that it ends
}

// helper is the goroutine of a worker.
type helper struct {
	sleeper
	worker *worker
	rounds atomic.Int64 // how often it was asked to help
}

// newPool starts n-1 goroutines; the caller of run is the n-th worker.
func newPool(n int) *pool {
	p := &pool{caller: newSleeper()}
	for i := range n {
		w := &worker{}
		p.workers = append(p.workers, w)
		if i > 0 {
			h := &helper{sleeper: newSleeper(), worker: w}
			p.helpers = append(p.helpers, h)
			go p.help(h)
		}
	}
	return p
}

// close ends the goroutines.
func (p *pool) close() {
	p.closed = true
	for _, h := range p.helpers {
		h.rounds.Add(1)
		h.wakeUp()
	}
	p.helpers = nil
}

// run calls task(w, i) for every i < tasks and returns when all are done.
func (p *pool) run(tasks int, task func(w *worker, i int)) {
	p.task, p.tasks = task, tasks
	p.next.Store(0)
	helpers := p.helpers[:min(len(p.helpers), max(tasks-1, 0))]
	p.busy.Store(int64(len(helpers)))
	for _, h := range helpers {
		h.rounds.Add(1)
		h.wakeUp()
	}
	p.drain(p.workers[0])
	p.caller.waitUntil(&p.busy, 0)
}

// help is what the goroutine of a worker does.
func (p *pool) help(h *helper) {
	defer logging.ExitOnPanic()
	for round := int64(1); ; round++ {
		h.waitUntil(&h.rounds, round)
		if p.closed {
			return
		}
		p.drain(h.worker)
		if p.busy.Add(-1) == 0 {
			p.caller.wakeUp()
		}
	}
}

func (p *pool) drain(w *worker) {
	for {
		i := int(p.next.Add(1)) - 1
		if i >= p.tasks {
			return
		}
		p.task(w, i)
	}
}

// sleeper is a goroutine that waits for a short time without sleeping, because
// waking takes many times longer than the gaps between two operations are.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
}

// awakeFor is for how long a goroutine waits without sleeping: for most gaps
// within a step, and not for the next batch if that is late.
const awakeFor = 100 * time.Microsecond

func newSleeper() sleeper { return sleeper{wake: make(chan struct{}, 1)} }

// waitUntil returns when value is what it is wanted to be. Whoever changes it
// calls wakeUp afterwards.
func (s *sleeper) waitUntil(value *atomic.Int64, want int64) {
	if value.Load() == want {
		return
	}
	for began := time.Now(); value.Load() != want; {
		for range 16 {
			if value.Load() == want {
				return
			}
			runtime.Gosched() // to those who read and augment
		}
		if time.Since(began) < awakeFor {
			continue
		}
		s.asleep.Store(true)
		if value.Load() != want || !s.asleep.CompareAndSwap(true, false) {
			<-s.wake
		}
	}
}

// wakeUp wakes the goroutine if it sleeps.
func (s *sleeper) wakeUp() {
	if s.asleep.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}
