package engine

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestMemoryIsNotSharedTooEarly compiles networks and looks for two tensors in
// one place of which one may still be read when the other is written: by another
// shard, which may be at any operation of the same segment, or by the next
// portion of the same shard, which may be at any operation of the same group.
func TestMemoryIsNotSharedTooEarly(t *testing.T) {
	twoWide := layerCase{"two wide", nn.Shape{H: 2, W: 2, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
		x = g.Add("first", nn.Linear{Out: 300}, g.Add("flat", nn.Flatten{}, x))
		x = g.Add("relu1", nn.Activation{Function: nn.ReLU}, g.Add("wide1", nn.Linear{Out: 500}, x))
		x = g.Add("dropout", nn.Dropout{Rate: 0.5}, x)
		return g.Add("relu2", nn.Activation{Function: nn.ReLU}, g.Add("wide2", nn.Linear{Out: 150}, x))
	}}
	norms := layerCase{"norms", nn.Shape{H: 8, W: 8, C: 3}, func(g *nn.Graph, x *nn.Node) *nn.Node {
		for _, name := range []string{"1", "2", "3"} {
			x = g.Add("norm"+name, nn.BatchNorm{}, g.Add("conv"+name, nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, x))
			x = g.Add("relu"+name, nn.Activation{Function: nn.ReLU}, x)
		}
		return x
	}}
	for _, lc := range append(layerCases(), twoWide, norms) {
		t.Run(lc.name, func(t *testing.T) {
			g, params := lc.network(t)
			trainer, err := NewTrainer(nn.WithSoftmax(g), params, TrainerOptions{
				BatchSize: 12, ShardSize: 4, Workers: 2, Loss: testLoss{}, Optimizer: still{}, portionBytes: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			checkSharing(t, trainer.plan)
		})
	}
}

// interval is a range of positions, both ends included.
type interval struct{ first, last int }

func (a interval) meets(b interval) bool { return a.first <= b.last && b.first <= a.last }

// checkSharing works out from the schedule alone when each tensor may be in use.
func checkSharing(t *testing.T, p *plan) {
	t.Helper()
	busy := map[*tensor]interval{} // in the units of the tensor's place: operations, groups or segments
	var all []*tensor
	operation, group := 0, 0
	for s := range p.segments {
		for g := range p.segments[s].groups {
			for _, o := range p.segments[s].groups[g].ops {
				for _, u := range o.uses {
					at := map[place]int{inGroup: operation, inShard: group, inBatch: s}[u.place]
					i, seen := busy[u]
					if !seen {
						i = interval{at, at}
						all = append(all, u)
					}
					busy[u] = interval{min(i.first, at), max(i.last, at)}
				}
				operation++
			}
			group++
		}
	}
	for i, a := range all {
		for _, b := range all[:i] {
			overlap := a.offset < b.offset+b.size*b.room && b.offset < a.offset+a.size*a.room
			if a.bytes == b.bytes && a.place == b.place && overlap && busy[a].meets(busy[b]) {
				t.Errorf("two tensors of place %d share memory: %+v, %+v", a.place, *a, *b)
			}
		}
	}
}
