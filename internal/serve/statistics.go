package serve

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// duration counts something that takes time.
type duration struct {
	Count int64 `json:"count"`
	NS    int64 `json:"ns"`
}

func (d *duration) add(n int, took time.Duration) {
	d.Count += int64(n)
	d.NS += int64(n) * took.Nanoseconds()
}

// phases are what a run of the network consists of.
type phases struct {
	Input  duration `json:"compute_input"`
	Infer  duration `json:"compute_infer"`
	Output duration `json:"compute_output"`
}

type batchStatistics struct {
	Size int `json:"batch_size"`
	phases
}

type inferenceStatistics struct {
	Success duration `json:"success"`
	Fail    duration `json:"fail"`
	Queue   duration `json:"queue"`
	phases
	Hit  duration `json:"cache_hit"`
	Miss duration `json:"cache_miss"`
}

// modelStatistics has the fields of Triton's statistics extension.
type modelStatistics struct {
	Name       string              `json:"name"`
	Version    string              `json:"version"`
	Last       int64               `json:"last_inference"` // milliseconds since 1970
	Inferences int64               `json:"inference_count"`
	Executions int64               `json:"execution_count"`
	Inference  inferenceStatistics `json:"inference_stats"`
	Responses  struct{}            `json:"response_stats"`
	Batches    []batchStatistics   `json:"batch_stats"`
	Memory     []string            `json:"memory_usage"`
}

// statistics counts what a server did. Requests that are refused for what they ask are in no
// counter, as with Triton; those that the server has no room or time for are rejected.
type statistics struct {
	lock     sync.Mutex
	all      modelStatistics
	batches  map[int]*phases // by size
	rejected int64
	canceled int64
}

func newStatistics(m *Model) *statistics {
	return &statistics{all: modelStatistics{Name: m.Name, Version: version, Memory: []string{}}, batches: map[int]*phases{}}
}

// execution is a run of the network.
type execution struct {
	images, requests     int
	input, infer, output time.Duration
	queued               []time.Duration // of each request, in the queue
}

// executed counts a run. Each of its requests took as long as the whole.
func (s *statistics) executed(e execution) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.all.Last = time.Now().UnixMilli()
	s.all.Inferences += int64(e.images)
	s.all.Executions++
	of := s.batches[e.images]
	if of == nil {
		of = &phases{}
		s.batches[e.images] = of
	}
	of.add(1, e)
	s.all.Inference.add(e.requests, e)
	for _, queued := range e.queued {
		s.all.Inference.Queue.add(1, queued)
		s.all.Inference.Success.add(1, queued+e.input+e.infer+e.output)
	}
}

func (p *phases) add(n int, e execution) {
	p.Input.add(n, e.input)
	p.Infer.add(n, e.infer)
	p.Output.add(n, e.output)
}

// reject counts a request that there was no room or time for.
func (s *statistics) reject() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.rejected++
}

// cancel counts a request whose client went away while it waited.
func (s *statistics) cancel() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.canceled++
}

// snapshot is what was counted until now.
func (s *statistics) snapshot() (all modelStatistics, rejected, canceled int64) {
	s.lock.Lock()
	defer s.lock.Unlock()
	all = s.all
	all.Batches = []batchStatistics{}
	for _, size := range slices.Sorted(maps.Keys(s.batches)) {
		all.Batches = append(all.Batches, batchStatistics{size, *s.batches[size]})
	}
	return all, s.rejected, s.canceled
}
