package onnx

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// testCase is a small network that brings a layer, or a meeting of layouts,
// into play. build goes on from x, the normalised image.
type testCase struct {
	name  string
	input nn.Shape
	build func(g *nn.Graph, x *nn.Node)
}

func shape(h, w, c int) nn.Shape { return nn.Shape{H: h, W: w, C: c} }

// between puts a layer between a convolution and a linear head.
func between(layer nn.Layer) func(g *nn.Graph, x *nn.Node) {
	return func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 4, Kernel: 3}, x)
		x = g.Add("tested", layer, x)
		head(g, x)
	}
}

func head(g *nn.Graph, x *nn.Node) {
	x = g.Add("flatten", nn.Flatten{}, x)
	g.Add("fc", nn.Linear{Out: 3}, x)
}

func activation(f nn.Function) func(g *nn.Graph, x *nn.Node) {
	return between(nn.Activation{Function: f})
}

var cases = []testCase{
	{"linear", shape(4, 3, 3), head},
	{"linear without bias", shape(4, 3, 1), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("flatten", nn.Flatten{}, x)
		g.Add("fc", nn.Linear{Out: 3, NoBias: true}, x)
	}},
	{"two pixel channels", shape(3, 3, 2), head},
	{"no normalisation", shape(1, 2, 3), func(g *nn.Graph, _ *nn.Node) {
		head(g, g.Add("smooth", nn.BatchNorm{Epsilon: 1e4}, g.Input()))
	}},
	{"mlp with softmax", shape(4, 4, 1), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("flatten", nn.Flatten{}, x)
		x = g.Add("fc1", nn.Linear{Out: 6}, x)
		x = g.Add("relu", nn.Activation{Function: nn.ReLU}, x)
		x = g.Add("fc2", nn.Linear{Out: 4}, x)
		g.Add("softmax", nn.Softmax{}, x)
	}},
	{"convolution", shape(7, 6, 3), between(nn.Conv2D{Out: 5, Kernel: 3})},
	{"convolution with stride and padding", shape(8, 9, 2), between(nn.Conv2D{Out: 5, Kernel: 3, Stride: 2, Padding: 1})},
	{"convolution in groups", shape(6, 6, 2), between(nn.Conv2D{Out: 6, Kernel: 3, Padding: 1, Groups: 2})},
	{"depthwise convolution", shape(6, 6, 2), between(nn.Conv2D{Out: 4, Kernel: 3, Padding: 1, Groups: 4, NoBias: true})},
	{"depthwise convolution with multiplier", shape(6, 6, 2), between(nn.Conv2D{Out: 8, Kernel: 3, Groups: 4})},
	{"pointwise convolution", shape(5, 5, 2), between(nn.Conv2D{Out: 3, Kernel: 1, Stride: 2})},
	{"convolution with same padding", shape(8, 9, 2), between(nn.Conv2D{Out: 5, Kernel: 3, Stride: 2, Same: true})},
	{"depthwise convolution 5x5 with same padding", shape(10, 9, 2), between(nn.Conv2D{Out: 4, Kernel: 5, Stride: 2, Same: true, Groups: 4, NoBias: true})},
	{"batch norm", shape(5, 5, 2), between(nn.BatchNorm{Epsilon: 1e-2})},
	{"relu", shape(5, 5, 2), activation(nn.ReLU)},
	{"relu6", shape(5, 5, 2), activation(nn.ReLU6)},
	{"gelu", shape(5, 5, 2), activation(nn.GELU)},
	{"silu", shape(5, 5, 2), activation(nn.SiLU)},
	{"hard swish", shape(5, 5, 2), activation(nn.HardSwish)},
	{"max pool", shape(7, 6, 2), between(nn.MaxPool{Kernel: 2})},
	{"max pool with padding", shape(8, 8, 2), between(nn.MaxPool{Kernel: 3, Stride: 2, Padding: 1})},
	{"max pool with same padding", shape(8, 7, 2), between(nn.MaxPool{Kernel: 3, Stride: 2, Same: true})},
	{"average pool", shape(7, 6, 2), between(nn.AvgPool{Kernel: 2})},
	{"average pool with padding", shape(8, 8, 2), between(nn.AvgPool{Kernel: 3, Stride: 2, Padding: 1})},
	{"average pool with same padding", shape(8, 7, 2), between(nn.AvgPool{Kernel: 3, Stride: 2, Same: true})},
	{"dropout", shape(5, 5, 2), between(nn.Dropout{Rate: 0.5})},
	{"global average pool", shape(6, 5, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 4, Kernel: 3}, x)
		x = g.Add("pool", nn.GlobalAvgPool{}, x)
		g.Add("fc", nn.Linear{Out: 3}, x)
	}},
	{"fully convolutional", shape(6, 5, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		g.Add("pool", nn.GlobalAvgPool{}, x)
	}},
	{"residual sum of three", shape(5, 5, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("a", nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, x)
		b := g.Add("b", nn.Conv2D{Out: 4, Kernel: 1}, x)
		c := g.Add("c", nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, a)
		head(g, g.Add("sum", nn.Add{}, a, b, c))
	}},
	{"sum with the pixels themselves", shape(5, 5, 3), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3, Padding: 1}, x)
		head(g, g.Add("sum", nn.Add{}, x, a))
	}},
	{"concatenation", shape(5, 4, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("a", nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, x)
		b := g.Add("b", nn.Conv2D{Out: 3, Kernel: 1}, x)
		head(g, g.Add("joined", nn.Concat{}, a, x, b))
	}},
	{"concatenation of vectors", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		flat := g.Add("flat", nn.Flatten{}, a)
		pooled := g.Add("pooled", nn.GlobalAvgPool{}, a)
		g.Add("fc", nn.Linear{Out: 3}, g.Add("joined", nn.Concat{}, flat, pooled))
	}},
	{"flattened image straight to the output", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		g.Add("flatten", nn.Flatten{}, x)
	}},
	{"flattened image to two linear layers", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		x = g.Add("flatten", nn.Flatten{}, x)
		x = g.Add("relu", nn.Activation{Function: nn.ReLU}, x)
		a, b := g.Add("a", nn.Linear{Out: 3}, x), g.Add("b", nn.Linear{Out: 3}, x)
		g.Add("sum", nn.Add{}, a, b)
	}},
	{"per-channel layers after flatten", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		x = g.Add("flatten", nn.Flatten{}, x)
		x = g.Add("norm", nn.BatchNorm{}, x)
		x = g.Add("scale", nn.Normalize{}, x)
		g.Add("fc", nn.Linear{Out: 3}, x)
	}},
	{"per-channel layers on image and flattened sum", shape(4, 4, 3), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("norm", nn.BatchNorm{}, x)
		x = g.Add("normalize again", nn.Normalize{}, x)
		a := g.Add("fa", nn.Flatten{}, g.Add("a", nn.Conv2D{Out: 3, Kernel: 3}, x))
		b := g.Add("fb", nn.Flatten{}, g.Add("b", nn.Conv2D{Out: 12, Kernel: 4}, x))
		c := g.Add("fc", nn.Flatten{}, g.Add("c", nn.Conv2D{Out: 3, Kernel: 3}, x))
		x = g.Add("sum", nn.Add{}, a, b, c)
		x = g.Add("sum2", nn.Add{}, a, c, x)
		x = g.Add("flat again", nn.Flatten{}, x)
		g.Add("head", nn.Linear{Out: 3}, x)
	}},
	{"sum of vectors flattened from two shapes", shape(6, 5, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("fa", nn.Flatten{}, g.Add("a", nn.Conv2D{Out: 2, Kernel: 4}, x))
		b := g.Add("fb", nn.Flatten{}, g.Add("b", nn.Conv2D{Out: 6, Kernel: 5}, x))
		g.Add("fc", nn.Linear{Out: 3}, g.Add("sum", nn.Add{}, a, b))
	}},
	{"image again after a linear layer", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 3}, x)
		x = g.Add("flatten", nn.Flatten{}, x)
		y := g.Add("mix", nn.Conv2D{Out: 5, Kernel: 1}, x)
		z := g.Add("fc", nn.Linear{Out: 5}, x)
		x = g.Add("sum", nn.Add{}, y, z)
		x = g.Add("mix2", nn.Conv2D{Out: 4, Kernel: 1}, x)
		g.Add("fc2", nn.Linear{Out: 3}, x)
	}},
	{"softmax in the middle", shape(4, 4, 1), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("flatten", nn.Flatten{}, x)
		x = g.Add("fc", nn.Linear{Out: 5}, g.Add("soft", nn.Softmax{}, g.Add("fc1", nn.Linear{Out: 4}, x)))
		g.Add("softmax", nn.Softmax{}, x)
	}},
	{"names that are taken", shape(4, 4, 1), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("probabilities", nn.Conv2D{Out: 3, Kernel: 3}, x)
		x = g.Add("image/Cast", nn.Flatten{}, x)
		g.Add("probabilities.weight", nn.Linear{Out: 3}, x)
	}},
	{"one pixel", shape(1, 1, 3), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("conv", nn.Conv2D{Out: 3, Kernel: 1}, x)
		x = g.Add("fc", nn.Linear{Out: 3}, x)
		g.Add("relu", nn.Activation{Function: nn.ReLU}, x)
	}},
	{"sigmoid", shape(5, 5, 2), activation(nn.Sigmoid)},
	{"upsampling", shape(5, 4, 2), between(nn.Upsample{Factor: 2})},
	{"upsampling, cropped", shape(5, 4, 2), between(nn.Upsample{Factor: 3, H: 7, W: 6})},
	{"scale", shape(5, 5, 2), between(nn.Scale{Factor: -1.5})},
	{"scale of pixels", shape(3, 3, 2), func(g *nn.Graph, _ *nn.Node) {
		head(g, g.Add("scale", nn.Scale{Factor: 1.0 / 255}, g.Input()))
	}},
	{"image made of a vector", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("fc1", nn.Linear{Out: 24}, g.Add("flat", nn.Flatten{}, x))
		x = g.Add("image made", nn.Reshape{To: shape(3, 2, 4)}, x)
		head(g, g.Add("conv", nn.Conv2D{Out: 3, Kernel: 2}, x))
	}},
	{"image of one channel made of a vector", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		x = g.Add("image made", nn.Reshape{To: shape(4, 8, 1)}, g.Add("flat", nn.Flatten{}, g.Add("conv1", nn.Conv2D{Out: 2, Kernel: 1}, x)))
		head(g, g.Add("conv", nn.Conv2D{Out: 3, Kernel: 2}, x))
	}},
	{"flattened image back and in another shape", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		flat := g.Add("flat", nn.Flatten{}, g.Add("conv1", nn.Conv2D{Out: 3, Kernel: 2}, x))
		back := g.Add("back", nn.Reshape{To: shape(3, 3, 3)}, g.Add("silu", nn.Activation{Function: nn.SiLU}, flat))
		other := g.Add("other", nn.Reshape{To: shape(1, 9, 3)}, flat)
		g.Add("joined", nn.Concat{}, g.Add("a", nn.GlobalAvgPool{}, g.Add("conv2", nn.Conv2D{Out: 2, Kernel: 2}, back)),
			g.Add("b", nn.GlobalAvgPool{}, g.Add("conv3", nn.Conv2D{Out: 2, Kernel: 3, Padding: 1}, other)))
	}},
	{"mean squared errors", shape(4, 4, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("conv", nn.Conv2D{Out: 2, Kernel: 3, Padding: 1}, x)
		b := g.Add("fa", nn.Flatten{}, a)
		g.Add("joined", nn.Concat{}, g.Add("images", nn.MeanSquaredError{}, x, a),
			g.Add("vectors", nn.MeanSquaredError{}, b, g.Add("relu", nn.Activation{Function: nn.ReLU}, b)))
	}},
	{"image as output", shape(5, 4, 2), func(g *nn.Graph, x *nn.Node) {
		g.Serve("image of three", g.Add("conv", nn.Conv2D{Out: 3, Kernel: 2}, x))
	}},
	{"several outputs", shape(5, 4, 2), func(g *nn.Graph, x *nn.Node) {
		a := g.Add("a", nn.Conv2D{Out: 3, Kernel: 2}, x)
		r := g.Add("relu", nn.Activation{Function: nn.ReLU}, a)
		flat := g.Add("flat", nn.Flatten{}, r)
		g.Add("fc", nn.Linear{Out: 2}, flat)
		g.Serve("fc", g.Output())
		g.Serve("r", r)
		g.Serve("flattened", flat)
		g.Serve("r again", g.Add("dropout", nn.Dropout{Rate: 0.5}, r))
		g.Serve("pixels", g.Input())
		g.Serve("a/Transpose", a)
	}},
	{"outputs that are used", shape(4, 4, 1), func(g *nn.Graph, x *nn.Node) {
		flat := g.Add("flat", nn.Flatten{}, x)
		soft := g.Add("soft", nn.Softmax{}, g.Add("fc1", nn.Linear{Out: 4}, flat))
		made := g.Add("made", nn.Reshape{To: shape(2, 4, 2)}, flat)
		g.Add("fc", nn.Linear{Out: 3}, g.Add("joined", nn.Concat{}, soft, g.Add("pool", nn.GlobalAvgPool{}, made)))
		g.Serve("made", made)
		g.Serve("probabilities", soft)
		g.Serve("relu", g.Add("relu", nn.Activation{Function: nn.ReLU}, g.Output()))
	}},
	{"auto-encoder", shape(6, 7, 3), autoencoder},
	{"lenet", shape(28, 28, 1), lenet},
	{"inverted residual", shape(8, 8, 3), invertedResidual},
}

// autoencoder is served with what it makes of the image, and how far that is from it.
func autoencoder(g *nn.Graph, x *nn.Node) {
	y := g.Add("down", nn.Conv2D{Out: 4, Kernel: 3, Stride: 2, Padding: 1}, x)
	to := y.Shape
	y = g.Add("code", nn.Linear{Out: 5}, g.Add("flatten", nn.Flatten{}, y))
	y = g.Add("reshape", nn.Reshape{To: to}, g.Add("decode", nn.Linear{Out: to.Elements()}, y))
	y = g.Add("up", nn.Upsample{Factor: 2, H: x.Shape.H, W: x.Shape.W}, g.Add("norm", nn.BatchNorm{}, y))
	y = g.Add("sigmoid", nn.Activation{Function: nn.Sigmoid}, g.Add("last", nn.Conv2D{Out: 3, Kernel: 3, Padding: 1}, y))
	image := g.Add("unit", nn.Scale{Factor: 1.0 / 255}, g.Input())
	g.Serve("reconstruction", y)
	g.Serve("score", g.Add("error", nn.MeanSquaredError{}, y, image))
}

func lenet(g *nn.Graph, x *nn.Node) {
	relu := nn.Activation{Function: nn.ReLU}
	x = g.Add("relu1", relu, g.Add("conv1", nn.Conv2D{Out: 6, Kernel: 5, Padding: 2}, x))
	x = g.Add("pool1", nn.MaxPool{Kernel: 2}, x)
	x = g.Add("relu2", relu, g.Add("conv2", nn.Conv2D{Out: 16, Kernel: 5}, x))
	x = g.Add("pool2", nn.MaxPool{Kernel: 2}, x)
	x = g.Add("flatten", nn.Flatten{}, x)
	x = g.Add("dropout", nn.Dropout{Rate: 0.5}, x)
	x = g.Add("relu3", relu, g.Add("fc1", nn.Linear{Out: 120}, x))
	x = g.Add("relu4", relu, g.Add("fc2", nn.Linear{Out: 84}, x))
	g.Add("fc3", nn.Linear{Out: 10}, x)
}

func invertedResidual(g *nn.Graph, x *nn.Node) {
	block := func(prefix string, layer nn.Conv2D, f nn.Function, x *nn.Node) *nn.Node {
		layer.NoBias = true
		x = g.Add(prefix+".conv", layer, x)
		x = g.Add(prefix+".norm", nn.BatchNorm{}, x)
		if f == "" {
			return x
		}
		return g.Add(prefix+".act", nn.Activation{Function: f}, x)
	}
	x = block("stem", nn.Conv2D{Out: 8, Kernel: 3, Stride: 2, Padding: 1}, nn.HardSwish, x)
	y := block("expand", nn.Conv2D{Out: 16, Kernel: 1}, nn.ReLU6, x)
	y = block("depthwise", nn.Conv2D{Out: 16, Kernel: 3, Padding: 1, Groups: 16}, nn.SiLU, y)
	y = block("project", nn.Conv2D{Out: 8, Kernel: 1}, "", y)
	x = g.Add("sum", nn.Add{}, x, y)
	x = g.Add("pool", nn.GlobalAvgPool{}, x)
	x = g.Add("dropout", nn.Dropout{Rate: 0.2}, x)
	g.Add("head", nn.Linear{Out: 5}, x)
}

// make builds the network, as a classifier unless the case serves something else.
// Parameters that begin as constants get random values,
// so that biases, norms and running averages count.
func (c testCase) make(t testing.TB) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	g := nn.NewGraph(c.input)
	c.build(g, g.Add("normalize", nn.Normalize{}, g.Input()))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p := g.NewParameters(1)
	key := rng.NewKey(1, rng.TestPurpose)
	for i, param := range g.Params {
		if param.Init.Bound != 0 {
			continue
		}
		s := key.Stream(uint32(i), 0, 0)
		for j, start := range p.Of(param) {
			p.Of(param)[j] = start + s.Uniform(-0.5, 0.5)
		}
	}
	for j := range p.Of(g.Params[0]) { // channels of about -1 to 1, each another
		p.Of(g.Params[0])[j] = (2 + float32(j)) / 255
		p.Of(g.Params[1])[j] = -1 - float32(j)/2
	}
	if len(g.Outputs) == 0 {
		g = nn.WithSoftmax(g)
	}
	return g, p
}

// pixels are batch random images, byte for byte.
func (c testCase) pixels(batch int) []uint8 {
	s := rng.NewKey(2, rng.TestPurpose).Stream(0, 0, 0)
	b := make([]uint8, batch*c.input.Elements())
	for i := range b {
		b[i] = uint8(s.Uniform(0, 256))
	}
	return b
}
