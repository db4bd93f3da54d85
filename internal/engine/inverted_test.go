package engine

import (
	"fmt"
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// apartAll has no inverted residual computed in bands.
var apartAll = invertedBudgets{small: math.MaxInt}

// randomInverted draws a network with inverted residuals, some without one of their parts,
// with a part that something else uses too, or with a sum.
func randomInverted(seed uint32) *nn.Graph {
	s := rng.NewKey(31, rng.TestPurpose).Stream(seed, 0, 0)
	below := func(n int) int { return int(s.Uint32() % uint32(n)) }
	g := nn.NewGraph(nn.Shape{H: 1 + below(12), W: 1 + below(12), C: 1 + below(3)})
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	finish := func(x *nn.Node) *nn.Node {
		if below(3) > 0 {
			x = g.Add(x.Name+".bn", nn.BatchNorm{}, x)
		}
		if below(4) > 0 {
			functions := append(nn.Functions(), nn.ReLU6, nn.ReLU6)
			x = g.Add(x.Name+".act", nn.Activation{Function: functions[below(len(functions))]}, x)
		}
		return x
	}
	for i := range 2 {
		in, name := x, fmt.Sprintf("block%d.", i)
		if below(4) > 0 {
			x = finish(g.Add(name+"expand", nn.Conv2D{Out: 1 + below(40), Kernel: 1, NoBias: below(2) == 0}, x))
		}
		if below(8) == 0 {
			g.Serve(fmt.Sprint(i), x)
		}
		l := nn.Conv2D{Out: x.Shape.C, Groups: x.Shape.C, Kernel: 1 + below(5), Stride: 1 + below(2), NoBias: below(2) == 0, Same: below(3) == 0}
		if !l.Same {
			l.Padding = max(below(l.Kernel), (l.Kernel-min(x.Shape.H, x.Shape.W)+1)/2)
		}
		x = finish(g.Add(name+"depthwise", l, x))
		if below(4) > 0 {
			x = g.Add(name+"project", nn.Conv2D{Out: 1 + below(9), Kernel: 1}, x)
			x = finish(x)
		}
		if x.Shape == in.Shape {
			x = g.Add(name+"add", nn.Add{}, x, in)
		}
	}
	g.Serve("last", x)
	return g
}

// TestInvertedResiduals computes inverted residuals in bands of many sizes, divided among
// workers or not, and wants the bits of their layers one after the other.
func TestInvertedResiduals(t *testing.T) {
	found := map[string]int{}
	for seed := range uint32(400) {
		g := randomInverted(seed)
		params := randomCase{seed: seed}.parameters(g)
		images := testStep(g, 3).Images
		infer := func(workers int, budgets invertedBudgets) [][]float32 {
			p, err := compileInference(g, params, 3, workers, budgets)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			outputs := p.room(3)
			p.Run(outputs, images)
			return outputs
		}
		want := infer(1, apartAll)
		for _, budgets := range []invertedBudgets{{band: 1}, {band: 2000, rows: 500}, {band: 1 << 30, rows: 1 << 30}} {
			for _, workers := range []int{1, 2, 5} {
				if got := infer(workers, budgets); !sameOutputs(got, want) {
					t.Fatalf("network %d, bands of %d bytes, %d workers: %v, layer by layer %v\n%s", seed, budgets.band, workers, got, want, describe(g))
				}
			}
		}
		countInverted(found, g, params)
	}
	for _, kind := range []string{"whole", "without expand", "without project", "depthwise alone"} {
		if found[kind] < 20 {
			t.Errorf("%d residuals are %s, want 20 at least: %v", found[kind], kind, found)
		}
	}
}

// countInverted counts the residuals of a network by what parts they have.
func countInverted(found map[string]int, g *nn.Graph, params *nn.Parameters) {
	users := usersOf(g)
	c := &compiler{params: params, users: users, foldInto: foldable(g, users), heavyFrom: len(g.Nodes)}
	for _, n := range g.Nodes {
		switch v := c.invertedAt(n); {
		case v == nil:
		case v.expand != nil && v.project != nil:
			found["whole"]++
		case v.expand != nil:
			found["without project"]++
		case v.project != nil:
			found["without expand"]++
		default:
			found["depthwise alone"]++
		}
	}
}

// BenchmarkInverted computes a block at the size of the largest of EfficientNet-Lite0, in bands
// and layer by layer.
func BenchmarkInverted(b *testing.B) {
	g := nn.NewGraph(nn.Shape{H: 112, W: 112, C: 16})
	relu6 := func(x *nn.Node) *nn.Node { return g.Add(x.Name+".act", nn.Activation{Function: nn.ReLU6}, x) }
	x := relu6(g.Add("expand", nn.Conv2D{Out: 96, Kernel: 1}, g.Add("normalize", nn.Normalize{}, g.Input())))
	x = relu6(g.Add("depthwise", nn.Conv2D{Out: 96, Groups: 96, Kernel: 3, Stride: 2, Same: true}, x))
	g.Serve("last", g.Add("project", nn.Conv2D{Out: 24, Kernel: 1}, x))
	params, images := g.NewParameters(1), randomBytes(16*g.Input().Shape.Elements(), 1)
	for name, budgets := range map[string]invertedBudgets{"bands": cacheOfInverted, "layers": apartAll} {
		b.Run(name, func(b *testing.B) {
			p, err := compileInference(g, params, 16, 2, budgets)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			outputs := p.room(16)
			for b.Loop() {
				p.Run(outputs, images)
			}
		})
	}
}
