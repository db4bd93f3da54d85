package classifier

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestBatchSize checks that images of any size that a model takes can be
// evaluated: fewer at a time where they are large.
func TestBatchSize(t *testing.T) {
	for _, test := range []struct{ side, want int }{{28, 128}, {256, 64}, {4096, 1}} {
		g := nn.NewGraph(nn.Shape{H: test.side, W: test.side, C: 1})
		g.Add("conv", nn.Conv2D{Out: 16, Kernel: 3, Padding: 1}, g.Input())
		if got := batchSize(g, 128); got != test.want {
			t.Errorf("%d images of %dx%d at a time, want %d", got, test.side, test.side, test.want)
		}
	}
}
