package nn

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Param is one tensor of a graph: weights that training changes, or statistics
// that it keeps (a running mean, the constants of the input's normalisation).
type Param struct {
	Name      string // unique in the graph: "conv1.weight"
	Shape     []int
	Trainable bool
	Decay     bool // weight decay applies: weights, but not biases and norms
	Init      Init

	Offset int // of its first value in Parameters.Values
}

// Elements is the number of values.
func (p *Param) Elements() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// IsWeight says whether the parameter is what a layer multiplies its input with, and
// not a bias, a scale or a statistic.
func (p *Param) IsWeight() bool { return p.Trainable && p.Decay }

// CountWeights counts the values of the weights that satisfy a condition.
func (g *Graph) CountWeights(count func(*Param) bool) (values int) {
	for _, p := range g.Params {
		if p.IsWeight() && count(p) {
			values += p.Elements()
		}
	}
	return values
}

// Depths gives for each of g.Params how many layers come after its own, where a layer is
// what learning rates are lowered by: the tensors of nodes whose names are equal up to the
// last dot, as those of a block are, and normalisations with what they follow. That of the
// last layer is 0.
func (g *Graph) Depths() []int {
	depths := make([]int, len(g.Params))
	layer, block := 0, ""
	for _, n := range g.Nodes {
		own := n.Name
		if dot := strings.LastIndexByte(own, '.'); dot >= 0 {
			own = own[:dot]
		}
		if own != block && slices.ContainsFunc(n.Params, (*Param).IsWeight) {
			layer, block = layer+1, own
		}
		for _, p := range n.Params {
			depths[slices.Index(g.Params, p)] = layer
		}
	}
	for k := range depths {
		depths[k] = layer - depths[k]
	}
	return depths
}

// Init says how a parameter's first values are made: uniform in
// [-Bound, Bound], or Constant where Bound is 0.
type Init struct{ Bound, Constant float32 }

// heUniform keeps the variance of activations through a rectifier: He et al.,
// Delving Deep into Rectifiers, 2015; bound = sqrt(6/fan-in).
func heUniform(fanIn int) Init { return Init{Bound: float32(math.Sqrt(6 / float64(fanIn)))} }

// paramAlign is the number of values to whose multiple each parameter's offset
// is rounded up: a 64-byte line.
const paramAlign = 16

func (g *Graph) addParam(n *Node, p Param) {
	p.Name = n.Name + "." + p.Name
	g.Params = append(g.Params, &p)
	n.Params = append(n.Params, &p)
}

// Parameters holds the values of all of a graph's tensors in one allocation:
// first the trainable ones, in order of definition, then the statistics. Gaps
// between tensors are zero.
type Parameters struct {
	Values    []float32
	Trainable int // Values[:Trainable] are the trainable tensors

	params []*Param
}

// NewParameters lays out the graph's tensors and gives them their first values,
// which depend on the seed and each tensor's own name and shape alone.
func (g *Graph) NewParameters(seed uint64) *Parameters {
	p := g.zeros()
	key := rng.NewKey(seed, rng.Init)
	for _, param := range g.Params {
		fill(p.Of(param), param, key)
	}
	return p
}

// zeros lays out the graph's tensors.
func (g *Graph) zeros() *Parameters {
	p := &Parameters{params: g.Params}
	size := 0
	place := func(trainable bool) {
		for _, param := range g.Params {
			if param.Trainable == trainable {
				param.Offset = size
				size += (param.Elements() + paramAlign - 1) / paramAlign * paramAlign
			}
		}
	}
	place(true)
	p.Trainable = size
	place(false)
	p.Values = make([]float32, size)
	return p
}

// ReadParameters reads the values of the graph's tensors from the file of weights at
// path. The file must have every tensor with its shape, and nothing else: what is
// allocated is no more than the file holds, whatever the graph declares.
func (g *Graph) ReadParameters(path string) (*Parameters, error) {
	var p *Parameters
	err := weights.ReadFileInto(path, func(tensors []weights.Tensor) error {
		if err := g.accepts(tensors); err != nil {
			return err
		}
		p = g.zeros()
		for i := range tensors {
			tensors[i].Data = p.Of(p.Lookup(tensors[i].Name))
		}
		return nil
	})
	return p, err
}

// accepts refuses tensors that are not those of the graph by name and shape.
func (g *Graph) accepts(tensors []weights.Tensor) error {
	shapes := make(map[string][]int, len(tensors))
	for _, t := range tensors {
		shapes[t.Name] = t.Shape
	}
	known := make(map[string]bool, len(g.Params))
	for _, param := range g.Params {
		known[param.Name] = true
	}
	for _, t := range tensors {
		if !known[t.Name] {
			return fmt.Errorf("tensor %s is not part of this model", t.Name)
		}
	}
	for _, param := range g.Params {
		switch shape, there := shapes[param.Name]; {
		case !there:
			return fmt.Errorf("tensor %s is missing", param.Name)
		case !slices.Equal(shape, param.Shape):
			return fmt.Errorf("tensor %s has shape %v, this model wants %v", param.Name, shape, param.Shape)
		}
	}
	return nil
}

func fill(values []float32, param *Param, key rng.Key) {
	if param.Init.Bound == 0 {
		for i := range values {
			values[i] = param.Init.Constant
		}
		return
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(param.Name)) // a hash's Write cannot fail
	s := key.Stream(h.Sum32(), 0, 0)
	for i := range values {
		values[i] = s.Uniform(-param.Init.Bound, param.Init.Bound)
	}
}

// Of returns the values of one tensor, row-major.
func (p *Parameters) Of(param *Param) []float32 {
	end := param.Offset + param.Elements()
	return p.Values[param.Offset:end:end]
}

// Frozen says whether a parameter keeps its value in training: whether its name
// begins with one of the prefixes.
func Frozen(prefixes []string, name string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// For makes the values serve another graph, in place of any that the graph has had:
// that of the same network for another size of input, whose parameters have the same
// names and shapes. Otherwise it changes nothing, and its error names the first
// parameter that differs.
func (p *Parameters) For(g *Graph) error {
	for i, param := range g.Params {
		if i >= len(p.params) || p.params[i].Name != param.Name {
			return fmt.Errorf("parameter %s of the graph for %v has no values here", param.Name, g.Input().Shape)
		}
		if own := p.params[i]; !slices.Equal(own.Shape, param.Shape) || own.Trainable != param.Trainable {
			return fmt.Errorf("parameter %s has shape %v in the graph for %v and values of shape %v here: only layers that do not depend on the size of the image have the same parameters for every size",
				param.Name, param.Shape, g.Input().Shape, own.Shape)
		}
	}
	if len(p.params) > len(g.Params) {
		return fmt.Errorf("parameter %s is not part of the graph for %v", p.params[len(g.Params)].Name, g.Input().Shape)
	}
	for i, param := range g.Params {
		param.Offset = p.params[i].Offset
	}
	return nil
}

// Lookup finds a tensor by name; it is nil when there is none.
func (p *Parameters) Lookup(name string) *Param {
	for _, param := range p.params {
		if param.Name == name {
			return param
		}
	}
	return nil
}

// All returns the tensors in order of definition.
func (p *Parameters) All() []*Param { return p.params }

// Clone copies the values.
func (p *Parameters) Clone() *Parameters {
	q := *p
	q.Values = slices.Clone(p.Values)
	return &q
}

// Tensors views all tensors in name order. The data is shared, not copied.
func (p *Parameters) Tensors() []weights.Tensor {
	tensors := make([]weights.Tensor, len(p.params))
	for i, param := range p.params {
		tensors[i] = weights.Tensor{Name: param.Name, Shape: param.Shape, Data: p.Of(param)}
	}
	slices.SortFunc(tensors, func(a, b weights.Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return tensors
}

// Digest is the hexadecimal SHA-256 over all tensors in name order.
func (p *Parameters) Digest() string { return weights.Digest(p.Tensors()) }

// Load copies tensors into the parameters of the same name. Every parameter
// must be there with its shape, and nothing else.
func (p *Parameters) Load(tensors []weights.Tensor) error {
	if err := (&Graph{Params: p.params}).accepts(tensors); err != nil {
		return err
	}
	for _, t := range tensors {
		copy(p.Of(p.Lookup(t.Name)), t.Data)
	}
	return nil
}

// LoadMatching copies the tensors whose name and shape fit and returns the names
// of the parameters that kept their own values: a new head, for example. It is
// an error when nothing fits.
func (p *Parameters) LoadMatching(tensors []weights.Tensor) (kept []string, err error) {
	loaded := map[string]bool{}
	for _, t := range tensors {
		if param := p.Lookup(t.Name); param != nil && slices.Equal(t.Shape, param.Shape) {
			copy(p.Of(param), t.Data)
			loaded[t.Name] = true
		}
	}
	if len(loaded) == 0 {
		err := fmt.Errorf("none of its %d tensors has the name and shape of one of this model's %d", len(tensors), len(p.params))
		if len(tensors) > 0 && len(p.params) > 0 {
			file, own := tensors[0], p.params[0]
			err = fmt.Errorf("%w: its first is %.100q %v, the model's %q %v", err, file.Name, file.Shape, own.Name, own.Shape)
		}
		return nil, err
	}
	for _, param := range p.params {
		if !loaded[param.Name] {
			kept = append(kept, param.Name)
		}
	}
	return kept, nil
}

// Names lists the names of all tensors in order of definition.
func (p *Parameters) Names() []string {
	names := make([]string, len(p.params))
	for i, param := range p.params {
		names[i] = param.Name
	}
	return names
}
