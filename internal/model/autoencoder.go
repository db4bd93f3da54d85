package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// autoencoder learns to make an image again from a few numbers (Hinton and
// Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, 2006): two
// convolutions with stride 2, fully connected layers down to the bottleneck and up
// again, and two convolutions behind upsampling to the nearest neighbour, instead of
// transposed ones, whose overlaps leave a pattern (Odena, Dumoulin and Olah:
// Deconvolution and Checkerboard Artifacts, 2016). The last one has a sigmoid, whose
// output is the image with values from 0 to 1.
type autoencoder struct{ width, bottleneck int }

func newAutoencoder(o *config.Options) (Model, error) {
	m := &autoencoder{}
	o.Int(&m.width, "width", 16, "channels of the outer convolutions; the inner ones have twice as many", config.Between(1, 1024))
	o.Int(&m.bottleneck, "bottleneck", 32, "values that an image is made again from", config.Between(1, 65536))
	return m, nil
}

// Target implements Targeted.
func (*autoencoder) Target() string { return "image" }

// Build implements Model. The output has the shape of the input; the number of
// classes does not matter.
func (m *autoencoder) Build(input nn.Shape, _ int) (*nn.Graph, error) {
	if input.H < 8 || input.W < 8 {
		return nil, fmt.Errorf("images of %v do not suit this model: want at least 8x8 pixels", input)
	}
	g, outer := begin(input)
	inner := relu.add(g, convNorm(g, "down1", nn.Conv2D{Out: m.width, Kernel: 3, Stride: 2, Padding: 1}, outer))
	x := relu.add(g, convNorm(g, "down2", nn.Conv2D{Out: 2 * m.width, Kernel: 3, Stride: 2, Padding: 1}, inner))
	small := x.Shape
	x = g.Add("bottleneck", nn.Linear{Out: m.bottleneck}, g.Add("flatten", nn.Flatten{}, x))
	x = g.Add("reshape", nn.Reshape{To: small}, g.Add("expand", nn.Linear{Out: small.Elements(), NoBias: true}, x))
	x = relu.add(g, g.Add("expand.norm", nn.BatchNorm{}, x))
	x = relu.add(g, convNorm(g, "up1", nn.Conv2D{Out: m.width, Kernel: 3, Padding: 1}, enlarge(g, "enlarge1", x, inner.Shape)))
	x = g.Add("up2", nn.Conv2D{Out: input.C, Kernel: 3, Padding: 1}, enlarge(g, "enlarge2", x, input))
	g.Add("reconstruction", nn.Activation{Function: nn.Sigmoid}, x)
	return suited(g)
}

// enlarge doubles an image to a size, of which it has half, rounded up.
func enlarge(g *nn.Graph, name string, x *nn.Node, to nn.Shape) *nn.Node {
	return g.Add(name, nn.Upsample{Factor: 2, H: to.H, W: to.W}, x)
}
