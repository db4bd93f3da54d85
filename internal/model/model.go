// Package model holds the network architectures that can be chosen by name.
package model

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Model is an architecture with its options set.
type Model interface {
	// Build makes the graph for images of shape [H,W,C] as bytes and a number
	// of classes. Its output is a vector of logits, unless the model is Targeted. An
	// image that is too small for the architecture is an error.
	Build(input nn.Shape, classes int) (*nn.Graph, error)
}

// Targeted is implemented by models whose networks learn something else than a class
// for each image. Build then says of itself what the output is.
type Targeted interface {
	// Target is the name of a target of package target.
	Target() string
}

// TargetOf is the name of what the networks of m learn.
func TargetOf(m Model) string {
	if other, is := m.(Targeted); is {
		return other.Target()
	}
	return "class"
}

var modules = map[string]config.Module[Model]{
	"linear":          {Doc: "one fully connected layer: a baseline", New: newLinear},
	"mlp":             {Doc: "fully connected hidden layers", New: newMLP},
	"lenet5":          {Doc: "LeNet-5 with ReLU and max-pooling (LeCun et al. 1998)", New: newLeNet5},
	"cnn":             {Doc: "two 3x3 convolutions, max-pooling, two linear layers, dropout: the engine's reference network", New: newCNN},
	"fast":            {Doc: "three narrow convolutions with batch normalisation: small grey images in seconds", New: newFast},
	"resnet20":        {Doc: "ResNet-20 for small images, any input size (He et al. 2015)", New: newResNet20},
	"vgg-small":       {Doc: "four convolutions with batch normalisation, pooled twice (after Simonyan and Zisserman 2014)", New: newVGGSmall},
	"autoencoder":     {Doc: "images made again from a few values, to find those that are unlike (after Hinton and Salakhutdinov 2006)", New: newAutoencoder},
	"mobilenet-small": {Doc: "depthwise separable inverted residuals for small devices (after Sandler et al. 2018)", New: newMobileNetSmall},

	"efficientnet-lite0": {Doc: "EfficientNet-Lite0 as published, for photographs of 224 pixels (Google 2020)", New: newEfficientNetLite(0)},
	"efficientnet-lite1": {Doc: "EfficientNet-Lite1 as published, for photographs of 240 pixels (Google 2020)", New: newEfficientNetLite(1)},
	"efficientnet-lite2": {Doc: "EfficientNet-Lite2 as published, for photographs of 260 pixels (Google 2020)", New: newEfficientNetLite(2)},
	"mobilenetv2":        {Doc: "MobileNetV2 as published, for photographs of 224 pixels (Sandler et al. 2018)", New: newMobileNetV2},
	"resnet18":           {Doc: "ResNet-18 as published, for photographs of 224 pixels (He et al. 2015)", New: newResNet(false, 2, 2, 2, 2)},
	"resnet34":           {Doc: "ResNet-34 as published, for photographs of 224 pixels (He et al. 2015)", New: newResNet(false, 3, 4, 6, 3)},
	"resnet50":           {Doc: "ResNet-50 as published, for photographs of 224 pixels (He et al. 2015)", New: newResNet(true, 3, 4, 6, 3)},
}

// MakeModel builds the model called name; options are "key=value,key=value". The
// second result holds every option with its value.
func MakeModel(name, options string) (Model, map[string]string, error) {
	return config.Make("model", modules, name, options)
}

// AddForTest adds a model until the end of a test.
func AddForTest(t interface{ Cleanup(func()) }, name string, m config.Module[Model]) {
	config.AddForTest(t, modules, name, m)
}

// Modules documents every model.
func Modules() []config.Description { return config.Describe(modules) }

// begin starts a graph with the normalised image.
func begin(input nn.Shape) (*nn.Graph, *nn.Node) {
	g := nn.NewGraph(input)
	return g, g.Add("normalize", nn.Normalize{}, g.Input())
}

// headGain makes a network's first probabilities nearly even, so that training
// does not begin with unlearning confident guesses.
const headGain = 0.1

// finish adds the last layer and reports what did not fit.
func finish(g *nn.Graph, x *nn.Node, classes int) (*nn.Graph, error) {
	if classes < 2 {
		return nil, fmt.Errorf("%d classes: a classifier needs at least 2", classes)
	}
	g.Add("head", nn.Linear{Out: classes, Gain: headGain}, x)
	return suited(g)
}

// suited returns the graph, or reports what did not fit.
func suited(g *nn.Graph) (*nn.Graph, error) {
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("images of %v do not suit this model: %w", g.Input().Shape, err)
	}
	return g, nil
}

// convNorm adds a convolution without bias and its batch normalisation.
func convNorm(g *nn.Graph, name string, conv nn.Conv2D, x *nn.Node) *nn.Node {
	conv.NoBias = true
	return g.Add(name+".norm", nn.BatchNorm{}, g.Add(name, conv, x))
}

// convPoolNorm adds a convolution without bias, max-pooling of 2x2 and batch
// normalisation. Pooled first, a quarter of the pixels is left to be normalised.
func convPoolNorm(g *nn.Graph, name string, conv nn.Conv2D, x *nn.Node) *nn.Node {
	conv.NoBias = true
	x = g.Add(name+".pool", nn.MaxPool{Kernel: 2}, g.Add(name, conv, x))
	return g.Add(name+".norm", nn.BatchNorm{}, x)
}

// inside returns the convolution without padding, unless x is smaller than its
// kernel.
func inside(conv nn.Conv2D, x *nn.Node) nn.Conv2D {
	if min(x.Shape.H, x.Shape.W) < conv.Kernel {
		conv.Padding = conv.Kernel / 2
	}
	return conv
}
