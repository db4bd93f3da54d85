package classifier

import (
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestCalibrationNetwork pins the network: thresholds are of one version of it. One that
// differs needs another name.
func TestCalibrationNetwork(t *testing.T) {
	g := calibrationGraph()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	digest := g.NewParameters(1).Digest()
	if CalibrationNetwork != "calibration-1" || g.MultiplyAdds() != 26_877_952 || len(g.Nodes) != 15 || digest != "6838f23b3fc4174e704ac2eaa705fae929e3cd44d005fd89442d28e6906e98cb" {
		t.Errorf("%s has %d layers, %d multiplications and the weights %s", CalibrationNetwork, len(g.Nodes), g.MultiplyAdds(), digest)
	}
	c, err := newCalibration()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if took := c.time(); took <= 0 || took > time.Minute {
		t.Errorf("it takes %v", took)
	}
	if none := (*calibration)(nil).time(); none != 0 {
		t.Errorf("none takes %v", none)
	}
}

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
