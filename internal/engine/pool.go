package engine

import (
	"sync"
	"sync/atomic"
)

// worker is one goroutine's memory.
type worker struct {
	plan    *plan
	arena   arena
	scratch []float32 // for the length of one operation
}

// pool runs tasks on a fixed set of workers. Which worker takes which task is
// left to chance; no result may depend on it.
type pool struct {
	workers []*worker
	wake    []chan struct{}
	done    sync.WaitGroup

	next  atomic.Int64
	tasks int
	task  func(w *worker, i int)
}

// newPool starts n-1 goroutines; the caller of run is the n-th worker.
func newPool(n int) *pool {
	p := &pool{}
	for i := range n {
		w := &worker{}
		p.workers = append(p.workers, w)
		if i == 0 {
			continue
		}
		wake := make(chan struct{}, 1)
		p.wake = append(p.wake, wake)
		go func() {
			for range wake {
				p.drain(w)
				p.done.Done()
			}
		}()
	}
	return p
}

// close ends the goroutines.
func (p *pool) close() {
	for _, wake := range p.wake {
		close(wake)
	}
	p.wake = nil
}

// run calls task(w, i) for every i < tasks and returns when all are done.
func (p *pool) run(tasks int, task func(w *worker, i int)) {
	p.task, p.tasks = task, tasks
	p.next.Store(0)
	helpers := p.wake[:min(len(p.wake), max(tasks-1, 0))]
	p.done.Add(len(helpers))
	for _, wake := range helpers {
		wake <- struct{}{}
	}
	p.drain(p.workers[0])
	p.done.Wait()
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
