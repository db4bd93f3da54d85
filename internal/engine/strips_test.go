package engine

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// residualCase is a network of inverted residuals whose images have more rows than a
// window.
func residualCase() layerCase {
	return layerCase{"inverted residuals", nn.Shape{H: 13, W: 11, C: 3}, func(g *nn.Graph, x *nn.Node) *nn.Node {
		norm := func(name string, l nn.Conv2D, x *nn.Node) *nn.Node {
			return g.Add(name+".norm", nn.BatchNorm{}, g.Add(name, l, x))
		}
		relu6 := func(x *nn.Node) *nn.Node { return g.Add(x.Name+".relu6", nn.Activation{Function: nn.ReLU6}, x) }
		x = relu6(norm("stem", nn.Conv2D{Out: 9, Kernel: 3, Padding: 1}, x))
		for _, stride := range []int{1, 2} {
			name := string(rune('0' + stride))
			y := relu6(norm("expand"+name, nn.Conv2D{Out: 18, Kernel: 1}, x))
			y = relu6(norm("depthwise"+name, nn.Conv2D{Out: 18, Kernel: 3, Padding: 1, Stride: stride, Groups: 18}, y))
			y = norm("project"+name, nn.Conv2D{Out: 9, Kernel: 1}, y)
			if stride == 1 {
				y = g.Add("add", nn.Add{}, y, x)
			}
			x = y
		}
		x = g.Add("conv.relu", nn.Activation{Function: nn.SiLU}, g.Add("conv", nn.Conv2D{Out: 20, Kernel: 3, Padding: 2, Groups: 1}, x))
		return g.Add("pool", nn.MaxPool{Kernel: 3, Stride: 2, Padding: 1}, x)
	}}
}

// TestStripsDoNotMatter takes steps on images that are taken as a whole and in
// different numbers of strips, and wants one gradient, bit for bit.
func TestStripsDoNotMatter(t *testing.T) {
	lc := residualCase()
	want := lc.stepBits(t, 2, 1<<30)
	for _, portionBytes := range []int{1, 1000, 3000, 9000} {
		if got := lc.stepBits(t, 2, portionBytes); got != want {
			t.Errorf("with portions of %d bytes the bits are others", portionBytes)
		}
	}
}

// TestStreams wants operations that see neighbouring pixels in streams with those
// before and after them.
func TestStreams(t *testing.T) {
	lc := residualCase()
	g, params := lc.network(t)
	trainer, err := NewTrainer(g, params, TrainerOptions{
		BatchSize: 2, ShardSize: 2, Workers: 1, Loss: testLoss{true}, Optimizer: still{}, portionBytes: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	length := map[string]int{}
	for _, s := range trainer.plan.segments {
		for _, group := range s.groups {
			for _, st := range group.streams {
				for _, o := range st {
					length[o.name] = len(st)
				}
			}
		}
	}
	for _, name := range []string{
		"depthwise1", "depthwise2", "project1", "add", "conv", "conv weight gradient", "conv data gradient",
		"depthwise1 weight gradient", "depthwise2 data gradient", "expand1.norm sums", "project2 data gradient",
	} {
		if length[name] < 2 {
			t.Errorf("%s goes through images as a whole", name)
		}
	}
}

// TestStreamWaits lets an operation overwrite what another reads only behind it.
func TestStreamWaits(t *testing.T) {
	t1, t2 := &tensor{pixels: 12}, &tensor{pixels: 12}
	window := window{in: nn.Shape{H: 4, W: 3, C: 1}, out: nn.Shape{H: 4, W: 3, C: 1}, kernel: 3, stride: 1, padY: 1, padX: 1}
	makeOp := func(writes *tensor, reads ...read) *op {
		o := &op{}
		o.inStrips(12, access{writes: writes, reads: reads})
		return o
	}
	for _, c := range []struct {
		name          string
		before, after *op
		waits         int
		joins         bool
	}{
		{"independent", makeOp(nil, read{t1, 12, nil}), makeOp(nil, read{t1, 12, nil}), 0, true},
		{"reads what is written", makeOp(t1), makeOp(nil, read{t1, 12, window.ready}), 1, true},
		{"writes the same", makeOp(t1), makeOp(t1, read{t2, 12, nil}), 1, true},
		{"overwrites what is read", makeOp(t2, read{t1, 12, nil}), makeOp(t1), 1, true},
		{"overwrites neighbours", makeOp(t2, read{t1, 12, window.ready}), makeOp(t1), 0, false},
		{"another shape", makeOp(t1), makeOp(nil, read{t1, 3, nil}), 0, false},
	} {
		waits, joins := stream{{c.before, nil}}.waits(c.after)
		if len(waits) != c.waits || joins != c.joins {
			t.Errorf("%s: waits %v, joins %v, want %d and %v", c.name, waits, joins, c.waits, c.joins)
		}
	}
}
