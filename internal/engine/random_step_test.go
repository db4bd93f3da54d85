package engine

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// randomCase is a step on a random network.
type randomCase struct {
	seed   uint32
	layers int
}

// randomCases calls test for networks, small ones first.
func randomCases(t *testing.T, test func(t *testing.T, c randomCase)) {
	t.Helper()
	for seed := range uint32(600) {
		c := randomCase{seed, 1 + int(seed)/60}
		if testing.Short() && seed%20 > 0 {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			test(t, c)
			if t.Failed() {
				g := newRandomGraph(seed, c.layers, false)
				t.Logf("%v are frozen of the network\n%s", frozenIn(g, seed), describe(g))
			}
		})
	}
}

// stepResult is what a step leaves.
type stepResult struct {
	loss      uint64
	gradients map[string][]float32
	digest    string // of parameters and running statistics
}

// graph is the network, with a Softmax behind it in every second case.
func (c randomCase) graph(apart bool) *nn.Graph {
	g := newRandomGraph(c.seed, c.layers, apart)
	if c.seed%2 == 0 {
		return nn.WithSoftmax(g)
	}
	return g
}

// parameters are away from zero and from each other.
func (c randomCase) parameters(g *nn.Graph) *nn.Parameters {
	params := g.NewParameters(uint64(c.seed))
	s := rng.NewKey(5, rng.TestPurpose).Stream(c.seed, 0, 0)
	for _, p := range g.Params {
		if strings.HasSuffix(p.Name, ".running_variance") || strings.HasSuffix(p.Name, ".scale") {
			continue
		}
		for i, v := range params.Of(p) {
			params.Of(p)[i] = v + s.Uniform(-0.2, 0.2)
		}
	}
	return params
}

// stepWay is how a step is taken, which no bit may depend on.
type stepWay struct {
	workers, portionBytes int
	keepNothing           bool
	joinAnyway            bool
}

// step compiles the network and takes a step; ok is false where there is nothing
// to train.
func (c randomCase) step(t *testing.T, apart bool, way stepWay) (result stepResult, ok bool) {
	t.Helper()
	g := c.graph(apart)
	params := c.parameters(g)
	trainer, err := NewTrainer(g, params, TrainerOptions{
		BatchSize: 8, ShardSize: 3, Workers: way.workers, Seed: 1, Frozen: frozenIn(g, c.seed), FixedNorms: c.seed%3 == 0,
		Loss: testLoss{}, Optimizer: still{}, portionBytes: way.portionBytes, keepNothing: way.keepNothing, joinAnyway: way.joinAnyway,
	})
	if err != nil {
		if strings.Contains(err.Error(), "nothing to train") {
			return result, false
		}
		t.Fatal(err)
	}
	defer trainer.Close()
	checkSharing(t, trainer.plan)
	var r Result
	for range 2 { // the second finds what the first left in memory
		if r, err = trainer.Step(testStep(g, 8)); err != nil {
			t.Fatal(err)
		}
	}
	result = stepResult{loss: math.Float64bits(r.LossSum), gradients: map[string][]float32{}, digest: params.Digest()}
	for _, block := range trainer.blocks {
		for _, p := range g.Params {
			if p.Offset == block.first {
				result.gradients[p.Name] = slices.Clone(trainer.Gradient(p))
			}
		}
	}
	return result, true
}

// TestRandomGraphs takes steps on random networks: whatever the number of workers
// and of examples at a time, and what is computed again, the bits must be the same; and loss and gradients must
// be those of the same network with identities between its layers, in which nothing
// is shared or done together.
func TestRandomGraphs(t *testing.T) {
	randomCases(t, func(t *testing.T, c randomCase) {
		want, ok := c.step(t, false, stepWay{workers: 1, portionBytes: 1})
		if !ok {
			return
		}
		for _, other := range []stepWay{
			{workers: 3, portionBytes: 1 << 30}, {workers: 2, portionBytes: 600, keepNothing: true},
			{workers: 1, portionBytes: 1, keepNothing: true}, {workers: 5, portionBytes: 1 << 30, joinAnyway: true},
		} {
			if got, _ := c.step(t, false, other); !got.equal(want) {
				t.Errorf("%+v gives other bits", other)
			}
		}
		apart, _ := c.step(t, true, stepWay{workers: 1, portionBytes: 1 << 30})
		if apart.loss != want.loss {
			t.Errorf("loss %v, with identities between the layers %v", math.Float64frombits(want.loss), math.Float64frombits(apart.loss))
		}
		want.near(t, apart)
	})
}

func (r stepResult) equal(other stepResult) bool {
	if r.loss != other.loss || r.digest != other.digest || len(r.gradients) != len(other.gradients) {
		return false
	}
	for name, g := range r.gradients {
		if !slices.Equal(bitsOf(g), bitsOf(other.gradients[name])) {
			return false
		}
	}
	return true
}

// near compares gradients that differ in the order of additions alone. In networks
// whose gradients are zero but for rounding, these are of any size.
func (r stepResult) near(t *testing.T, other stepResult) {
	t.Helper()
	norm := 1.0
	for _, g := range other.gradients {
		for _, v := range g {
			norm = max(norm, math.Abs(float64(v)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.gradients)) {
		for i, v := range r.gradients[name] {
			if want := other.gradients[name][i]; !(math.Abs(float64(v)-float64(want)) <= 1e-4*norm) {
				t.Errorf("%s[%d]: gradient %v, with identities between the layers %v", name, i, v, want)
				return
			}
		}
	}
}
