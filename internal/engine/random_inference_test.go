package engine

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// served is the network of the case with a Softmax behind it or, in most cases, with
// some of its nodes as outputs: inner ones, and one more than once.
func (c randomCase) served() *nn.Graph {
	g := newRandomGraph(c.seed, c.layers, false)
	if c.seed%4 == 0 {
		return nn.WithSoftmax(g)
	}
	s := rng.NewKey(25, rng.TestPurpose).Stream(c.seed, 0, 0)
	for i := range 1 + s.Uint32()%4 {
		g.Serve(fmt.Sprint(i), g.Nodes[s.Uint32()%uint32(len(g.Nodes))])
	}
	return g
}

// room makes the outputs of n images.
func (p *Inference) room(n int) [][]float32 {
	outputs := make([][]float32, len(p.sizes))
	for k, size := range p.sizes {
		outputs[k] = make([]float32, n*size)
	}
	return outputs
}

func newInference(t *testing.T, g *nn.Graph, params *nn.Parameters, batch, workers int) *Inference {
	t.Helper()
	p, err := NewInference(g, params, batch, workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// inferred is what the graph makes of images, in batches of some size.
func inferred(t *testing.T, g *nn.Graph, params *nn.Parameters, images []uint8, batch, workers int) [][]float32 {
	t.Helper()
	p := newInference(t, g, params, batch, workers)
	all := make([][]float32, len(p.sizes))
	for part := range slices.Chunk(images, batch*g.Input().Shape.Elements()) {
		outputs := p.room(len(part) / g.Input().Shape.Elements())
		p.Run(outputs, part)
		for k := range outputs {
			all[k] = append(all[k], outputs[k]...)
		}
	}
	return all
}

func sameOutputs(a, b [][]float32) bool {
	return slices.EqualFunc(a, b, func(x, y []float32) bool { return slices.Equal(bitsOf(x), bitsOf(y)) })
}

// TestRandomGraphsServed compares every output, of inner nodes too, with that of the
// network with identities between its layers, of which nothing is done in place or
// together with anything else. They are equal, unless a normalisation is folded.
func TestRandomGraphsServed(t *testing.T) {
	randomCases(t, func(t *testing.T, c randomCase) {
		g := c.served()
		images := testStep(g, 7).Images
		got := inferred(t, g, c.parameters(g), images, 7, 2)
		if other := inferred(t, g, c.parameters(g), images, 2, 1); !sameOutputs(got, other) {
			t.Error("other batches give other bits")
		}
		apart := newRandomGraph(c.seed, c.layers, true)
		if c.seed%4 == 0 {
			apart = nn.WithSoftmax(apart)
		} else {
			serveAlike(apart, g)
		}
		want := inferred(t, apart, c.parameters(apart), images, 7, 1)
		for k := range want {
			if i := differsAt(got[k], want[k], hasNorm(g)); i >= 0 {
				t.Errorf("output %d, of %s: value %d is %v, with identities between the layers %v", k, g.Outputs[k].Node.Name, i, got[k][i], want[k][i])
			}
		}
	})
}

// serveAlike serves the nodes of the names that g serves.
func serveAlike(apart, g *nn.Graph) {
	for _, o := range g.Outputs {
		i := slices.IndexFunc(apart.Nodes, func(n *nn.Node) bool { return n.Name == o.Node.Name })
		apart.Serve(o.Name, apart.Nodes[i])
	}
}

func hasNorm(g *nn.Graph) bool {
	return slices.ContainsFunc(g.Nodes, func(n *nn.Node) bool {
		_, is := n.Layer.(nn.BatchNorm)
		return is
	})
}

// differsAt is the first value that differs, by more than rounding where that may be;
// -1 if there is none. An identity makes 0 of -0.
func differsAt(got, want []float32, rounded bool) int {
	tolerance := 0.0
	if rounded {
		largest := 1.0
		for _, v := range want {
			largest = max(largest, math.Abs(float64(v)))
		}
		tolerance = 1e-4 * largest
	}
	for i := range want {
		if !(math.Abs(float64(got[i])-float64(want[i])) <= tolerance) {
			return i
		}
	}
	return -1
}

// TestRandomGraphsDivided computes results with operations divided among workers,
// one after the other in both orders, which finds a worker that needs what another
// one has not computed or has overwritten.
func TestRandomGraphsDivided(t *testing.T) {
	randomCases(t, func(t *testing.T, c randomCase) {
		g := c.served()
		params := c.parameters(g)
		p := newInference(t, g, params, 2, 3)
		images := testStep(g, 2).Images
		want := inferred(t, g, params, images, 1, 1)
		for _, s := range p.plan.segments {
			for _, group := range s.groups {
				for _, o := range group.ops {
					o.worth = o.divided != nil
				}
			}
		}
		p.divider = newDivider(p.plan)
		for _, shares := range [][]int{{0, 1, 2}, {2, 1, 0}} {
			got := p.room(2)
			p.runShares(got, images, shares)
			if !sameOutputs(got, want) {
				t.Errorf("shares in the order %v give %v, want %v", shares, got, want)
			}
		}
		for _, budget := range []int{1, 100} {
			for _, g := range p.divider.groups {
				g.stageBudget = budget
			}
			p.begin(p.room(2), images)
			p.plan.shards = cutBatch(p.plan.shards, 2, 2)
			p.plan.execute()
			if got := p.outputs; !sameOutputs(got, want) {
				t.Errorf("stages in shares of %d bytes give %v, want %v", budget, got, want)
			}
		}
	})
}

// runShares is Run with one share of an operation after the other.
func (p *Inference) runShares(outputs [][]float32, images []uint8, order []int) {
	n := p.begin(outputs, images)
	d := p.divider
	for _, g := range d.groups {
		g.portions(span{count: n}, func(s span) {
			d.span = s
			for _, d.stage = range g.stages {
				if !d.stage.divided() {
					d.stage[0].run(p.plan.pool.workers[0], s)
					continue
				}
				for _, index := range order {
					d.task(nil, index)
				}
			}
		})
	}
}
