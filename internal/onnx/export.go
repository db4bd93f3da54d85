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
	inputName   = "image"         // UINT8 [N,H,W,C]
	outputName  = "probabilities" // FLOAT [N,classes]
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
	Metadata        map[string]string // further metadata_props
}

// Export returns the graph with its parameters as a serialised ModelProto. Its
// input is "image", UINT8 [N,H,W,C], its output "probabilities", FLOAT
// [N,classes]; the batch size N is symbolic. Dropout is left out, and a Softmax
// is added where the graph does not end with one. Equal arguments give equal
// bytes.
func Export(g *nn.Graph, p *nn.Parameters, o Options) ([]byte, error) {
	if err := checkExport(g, &o); err != nil {
		return nil, err
	}
	b := newBuilder(o.Name, o.Opset, p)
	if err := b.lower(g); err != nil {
		return nil, err
	}
	in, classes := g.Input().Shape, g.Output().Shape.C
	b.graph.inputs = []valueInfo{{inputName, elemUint8, []dimension{{symbol: batchSymbol}, fixed(in.H), fixed(in.W), fixed(in.C)}}}
	b.graph.outputs = []valueInfo{{outputName, elemFloat, []dimension{{symbol: batchSymbol}, fixed(classes)}}}
	encoded := encodeModel(model{
		irVersion: irVersion, producerName: producer, producerVersion: o.ProducerVersion,
		graph: b.graph, opset: int64(o.Opset), metadata: metadata(o.Metadata, in),
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
	out := g.Output().Shape
	switch {
	case g.Err() != nil:
		return g.Err()
	case o.Name == "":
		return errors.New("an ONNX graph needs a name")
	case o.Opset < MinOpset || o.Opset > MaxOpset:
		return fmt.Errorf("opset %d: want %d to %d", o.Opset, MinOpset, MaxOpset)
	case out.H != 1 || out.W != 1:
		return fmt.Errorf("the graph's output is %v: want a vector with one value per class", out)
	}
	return nil
}

// lower adds the operators of the whole graph.
func (b *builder) lower(g *nn.Graph) error {
	nodes, last := g.Nodes, g.Output()
	if _, ok := last.Layer.(nn.Softmax); ok {
		// The one added below stands for it.
		nodes, last = nodes[:last.Index], last.Inputs[0]
	}
	values := make([]value, len(nodes))
	for i, n := range nodes {
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
	b.softmaxOutput(values[last.Index])
	return nil
}

// metadata returns metadata_props in order of keys: the caller's, and what
// ONNX's docs/MetadataProps.md defines for an image input.
func metadata(own map[string]string, in nn.Shape) []keyValue {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	switch in.C {
	case 1:
		all["Image.BitmapPixelFormat"] = "Gray8"
	case 3:
		all["Image.BitmapPixelFormat"] = "Rgb8"
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
