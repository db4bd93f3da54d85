package classifier

import (
	"strconv"
	"time"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// CalibrationNetwork names the network that inference times are compared with. Whoever changes
// the network, or how it is timed, changes the number: thresholds are of one version.
const CalibrationNetwork = "calibration-1"

// calibrationGraph is the network for an image [32,32,3]: conv 3x3 32 twice, max-pool, conv 3x3 64
// twice, max-pool, conv 3x3 64, linear 10. It is no module, so that no change of the models changes
// it. It does 27 million multiplications, in half a millisecond or so: networks that take less
// are slowed down several times by where their memory happens to lie.
func calibrationGraph() *nn.Graph {
	g := nn.NewGraph(nn.Shape{H: 32, W: 32, C: 3})
	x := g.Input()
	for i, channels := range []int{32, 32, 64, 64, 64} {
		number := strconv.Itoa(i + 1)
		x = g.Add("conv"+number, nn.Conv2D{Out: channels, Kernel: 3, Padding: 1}, x)
		x = g.Add("relu"+number, nn.Activation{Function: nn.ReLU}, x)
		if i == 1 || i == 3 {
			x = g.Add("pool"+number, nn.MaxPool{Kernel: 2}, x)
		}
	}
	g.Add("linear", nn.Linear{Out: 10}, g.Add("flatten", nn.Flatten{}, x))
	return g
}

// calibration runs the calibration network on one image, on one worker.
type calibration struct {
	inference *engine.Inference
	image     []uint8
	outputs   [][]float32
}

func newCalibration() (*calibration, error) {
	g := calibrationGraph()
	if err := g.Err(); err != nil {
		return nil, err
	}
	inference, err := engine.NewInference(g, g.NewParameters(1), 1, 1)
	if err != nil {
		return nil, err
	}
	c := &calibration{inference: inference, image: make([]uint8, g.Input().Shape.Elements())}
	for i := range c.image {
		c.image[i] = uint8(i) //nolint:gosec // any image will do: the time does not depend on it
	}
	for _, size := range inference.Sizes() {
		c.outputs = append(c.outputs, make([]float32, size))
	}
	return c, nil
}

// time is how long the network takes; 0 of none. It runs once before, so that what the model left
// in the processor's cache does not count.
func (c *calibration) time() time.Duration {
	if c == nil {
		return 0
	}
	c.inference.Run(c.outputs, c.image)
	started := time.Now()
	c.inference.Run(c.outputs, c.image)
	return time.Since(started)
}

func (c *calibration) close() { c.inference.Close() }
