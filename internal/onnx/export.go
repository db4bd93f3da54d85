package onnx

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// The interface of every exported model.
const (
	inputName   = "image" // UINT8 [N,H,W,C]
	batchSymbol = "N"
)

// The operator sets that can be written. Servers in use read them: with
// irVersion 8, opset 17 loads in ONNX Runtime 1.12 and later, opset 13 in 1.10.
const (
	MinOpset     = 13
	MaxOpset     = 17
	DefaultOpset = 17
)

const (
	irVersion = 8
	producer  = "blocktrain" // producer_name
)

// maxBytes is what a protobuf message can hold.
const maxBytes = math.MaxInt32

// Options are the settings of Export that the graph does not hold.
type Options struct {
	Name            string            // of the graph; not empty
	Opset           int               // MinOpset to MaxOpset; 0 means DefaultOpset
	ProducerVersion string            // of this program; may be empty
	PixelFormat     string            // Gray8 or Rgb8; empty where channels are neither
	Metadata        map[string]string // further metadata_props
}

// Export returns the graph with its parameters as a serialised ModelProto. Its input
// is "image", UINT8 [N,H,W,C]. Its outputs are those that the graph names, FLOAT
// [N,features] for vectors and [N,H,W,C] for images; the batch size N is symbolic.
// Dropout is left out. Equal arguments give equal bytes.
func Export(g *nn.Graph, p *nn.Parameters, o Options) ([]byte, error) {
	if err := checkExport(g, &o); err != nil {
		return nil, err
	}
	b := newBuilder(o.Name, o.Opset, p, g.Outputs)
	if err := b.lower(g); err != nil {
		return nil, err
	}
	in := g.Input().Shape
	b.graph.inputs = []valueInfo{{inputName, elemUint8, []dimension{{symbol: batchSymbol}, fixed(in.H), fixed(in.W), fixed(in.C)}}}
	encoded := encodeModel(model{
		irVersion: irVersion, producerName: producer, producerVersion: o.ProducerVersion,
		graph: b.graph, opset: int64(o.Opset), metadata: metadata(o.Metadata, o.PixelFormat),
	})
	if len(encoded) > maxBytes {
		return nil, fmt.Errorf("the model takes %d bytes as ONNX, more than the %d that one file can hold", len(encoded), maxBytes)
	}
	return encoded, nil
}

// checkExport validates the arguments and fills in the default opset.
func checkExport(g *nn.Graph, o *Options) error {
	if o.Opset == 0 {
		o.Opset = DefaultOpset
	}
	isInput := func(out nn.Output) bool { return out.Name == inputName }
	switch {
	case g.Err() != nil:
		return g.Err()
	case o.Name == "":
		return errors.New("an ONNX graph needs a name")
	case o.Opset < MinOpset || o.Opset > MaxOpset:
		return fmt.Errorf("opset %d: want %d to %d", o.Opset, MinOpset, MaxOpset)
	case len(g.Outputs) == 0:
		return errors.New("the graph names no outputs: serve at least one of its layers")
	case slices.ContainsFunc(g.Outputs, isInput):
		return fmt.Errorf("an output is called %q, which is the name of the input: give it another", inputName)
	}
	return nil
}

// lower adds the operators of the whole graph.
func (b *builder) lower(g *nn.Graph) error {
	values := make([]value, len(g.Nodes))
	for i, n := range g.Nodes {
		lowering, ok := lowerings[n.Layer.Kind()]
		if !ok {
			return fmt.Errorf("layer %s: a %s has no form in ONNX here: add one to the table in package onnx", n.Name, n.Layer.Kind())
		}
		in := make([]value, len(n.Inputs))
		for j, input := range n.Inputs {
			in[j] = values[input.Index]
		}
		values[i] = lowering(b, n, in)
	}
	b.serve(g.Outputs, values)
	return nil
}

// serve declares the outputs, and gives the values that they are their names: vectors
// are [N,features], images [N,H,W,C].
func (b *builder) serve(outputs []nn.Output, values []value) {
	served := map[string]string{} // name of a value -> of the output that it is
	for _, o := range outputs {
		v, s := values[o.Node.Index], o.Node.Shape
		shape := []dimension{{symbol: batchSymbol}, fixed(s.H), fixed(s.W), fixed(s.C)}
		if s.H*s.W == 1 {
			v, shape = b.vector(v), []dimension{{symbol: batchSymbol}, fixed(s.C)}
		} else {
			v = b.pixels(v)
		}
		b.graph.outputs = append(b.graph.outputs, valueInfo{o.Name, elemFloat, shape})
		if _, again := served[v.name]; again {
			b.graph.nodes = append(b.graph.nodes, node{name: o.Name, opType: "Identity", inputs: []string{v.name}, outputs: []string{o.Name}})
			continue
		}
		served[v.name] = o.Name
	}
	b.rename(served)
}

// rename gives values, and the nodes that are called like them, other names.
func (b *builder) rename(names map[string]string) {
	change := func(name *string) {
		if other, has := names[*name]; has {
			*name = other
		}
	}
	for i := range b.graph.nodes {
		n := &b.graph.nodes[i]
		change(&n.name)
		for j := range n.inputs {
			change(&n.inputs[j])
		}
		for j := range n.outputs {
			change(&n.outputs[j])
		}
	}
}

// metadata returns metadata_props in order of keys: the caller's, and what
// ONNX's docs/MetadataProps.md defines for an image input.
func metadata(own map[string]string, pixelFormat string) []keyValue {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	if pixelFormat != "" {
		all["Image.BitmapPixelFormat"] = pixelFormat
	}
	all["Image.ColorSpaceGamma"] = "SRGB"
	all["Image.NominalPixelRange"] = "NominalRange_0_255"
	var list []keyValue
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, keyValue{key, all[key]})
	}
	return list
}

func fixed(v int) dimension { return dimension{value: int64(v)} }
