package interpreter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// DefaultMemory is how many bytes the values of a model may take.
const DefaultMemory = 1 << 30

// Options say how a model is run. They change no result.
type Options struct {
	Workers int // at least 1
	Batch   int // examples that a worker takes at a time, fewer where memory does not suffice; 0: 16
	Memory  int // bytes that values may take; 0: DefaultMemory
}

// Interpreter runs a model. It is used by one goroutine at a time.
type Interpreter struct {
	model   *Model
	options Options
	shared  *shared
	size    int             // of an example of the input
	workers []map[int]*plan // by the size of the batch
	sizes   []int           // of an example of each output
}

// New checks every node of a model and makes it ready. Its error names the operator that
// cannot be run.
func New(m *Model, o Options) (*Interpreter, error) {
	const batch = 16
	if o.Batch == 0 {
		o.Batch = batch
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	x := &Interpreter{model: m, options: o, shared: &shared{map[packKey]*packed{}, arena{limit: o.Memory}}}
	o.Workers = max(1, o.Workers)
	for {
		whole, err := newPlan(m, x.shared, o.Batch, o.Memory/o.Workers)
		if err == nil {
			x.workers = append(x.workers, map[int]*plan{o.Batch: whole})
			break
		}
		if !errors.Is(err, errMemory) || o.Batch == 1 && o.Workers == 1 {
			return nil, err
		}
		if o.Batch /= 2; o.Batch == 0 {
			o.Batch, o.Workers = 1, o.Workers/2
		}
	}
	x.options = o
	for len(x.workers) < o.Workers {
		x.workers = append(x.workers, map[int]*plan{})
	}
	p := x.workers[0][o.Batch]
	x.size = product(p.input.shape[1:])
	for k, t := range p.outputs {
		if t.shape[0] != o.Batch {
			return nil, fmt.Errorf("output %q has shape %v for %d examples", m.Outputs[k].Name, t.shape, o.Batch)
		}
		x.sizes = append(x.sizes, product(t.shape[1:]))
	}
	return x, nil
}

// Run computes the outputs of n examples of the input, one behind the other, in the order
// of the file: each [n, its size]. Every example is computed by itself.
func (x *Interpreter) Run(ctx context.Context, n int, input []uint8) ([][]float32, error) {
	if len(input) != n*x.size {
		return nil, fmt.Errorf("%d bytes for %d examples of %d", len(input), n, x.size)
	}
	outputs := make([][]float32, len(x.sizes))
	for k, size := range x.sizes {
		outputs[k] = make([]float32, n*size)
	}
	if err := x.makePlans(n); err != nil {
		return nil, err
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for _, plans := range x.workers {
		group.Go(func() {
			for ctx.Err() == nil {
				first := int(next.Add(1)-1) * x.options.Batch
				if first >= n {
					return
				}
				count := min(x.options.Batch, n-first)
				plans[count].run(input[first*x.size:(first+count)*x.size], func(k int, values []float32) {
					copy(outputs[k][first*x.sizes[k]:], values)
				})
			}
		})
	}
	group.Wait()
	return outputs, context.Cause(ctx)
}

// makePlans makes those that n examples need.
func (x *Interpreter) makePlans(n int) error {
	for _, plans := range x.workers {
		for _, size := range []int{min(n, x.options.Batch), n % x.options.Batch} {
			if size == 0 || plans[size] != nil {
				continue
			}
			made, err := newPlan(x.model, x.shared, size, x.options.Memory/x.options.Workers)
			if err != nil {
				return err
			}
			for other := range plans { // one for a rest is kept
				if other != x.options.Batch {
					delete(plans, other)
				}
			}
			plans[size] = made
		}
	}
	return nil
}

// run computes a batch and hands over its outputs.
func (p *plan) run(input []uint8, take func(k int, values []float32)) {
	p.input.u = input
	for _, step := range p.steps {
		step()
	}
	for k, t := range p.outputs {
		take(k, t.f)
	}
}
