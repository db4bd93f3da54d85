package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// randomGraph draws networks of every kind of layer in which outputs have any
// number of uses, none included.
type randomGraph struct {
	random *rng.Stream
	graph  *nn.Graph
	open   []*nn.Node // that the next layer may take

	// apart puts an identity in front of every input of a layer, so that the compiler
	// finds nothing that several layers may share or that it may do together.
	apart bool
}

// newRandomGraph draws the network of a seed: layers of them and a head.
func newRandomGraph(seed uint32, layers int, apart bool) *nn.Graph {
	r := &randomGraph{random: rng.NewKey(21, rng.TestPurpose).Stream(seed, 0, 0), apart: apart}
	r.graph = nn.NewGraph(nn.Shape{H: r.one(1, 2, 3, 4, 5, 6, 6), W: r.one(1, 2, 3, 4, 5, 6, planarWidth+1), C: 1 + r.below(3)})
	r.open = []*nn.Node{r.graph.Input()}
	if r.below(4) > 0 {
		r.add(nn.Normalize{}, r.graph.Input())
	}
	if r.below(3) > 0 { // else some layers have no parameters before them
		r.add(nn.Conv2D{Out: 1 + r.below(5), Kernel: 1}, r.last())
	}
	for range layers {
		r.layer()
	}
	r.head()
	return r.graph
}

// below draws a number from 0 to n-1.
func (r *randomGraph) below(n int) int { return int(r.random.Uint32() % uint32(n)) }

// one draws one of several numbers.
func (r *randomGraph) one(of ...int) int { return of[r.below(len(of))] }

func (r *randomGraph) last() *nn.Node { return r.open[len(r.open)-1] }

// pick draws a layer's input: the last output in half of the cases, else any.
func (r *randomGraph) pick() *nn.Node {
	if r.below(2) > 0 {
		return r.last()
	}
	return r.open[r.below(len(r.open))]
}

// add appends a layer. Its name is independent of apart, since first weights depend
// on it.
func (r *randomGraph) add(l nn.Layer, inputs ...*nn.Node) {
	name := fmt.Sprintf("%s%d", l.Kind(), len(r.open))
	if r.apart {
		for i, in := range inputs {
			inputs[i] = r.graph.Add(fmt.Sprintf("%s input %d", name, i), nn.AvgPool{Kernel: 1}, in)
		}
	}
	r.open = append(r.open, r.graph.Add(name, l, inputs...))
}

// layer appends a layer, or some that the compiler may do together.
func (r *randomGraph) layer() {
	x := r.pick()
	switch r.below(11) {
	case 8:
		r.upsample(x)
		r.maybe(r.activation)
	case 9:
		r.add(nn.Scale{Factor: 0.25 + float32(r.below(5))/4}, x)
		r.maybe(r.activation)
	case 10:
		r.reshape(x)
	case 0:
		r.conv(x)
	case 1:
		r.add(nn.BatchNorm{}, x)
		r.maybe(r.activation)
	case 2, 3:
		r.activation(x)
		r.maybe(r.pool)
		r.maybe(r.join)
	case 4:
		r.add(nn.Dropout{Rate: float32(r.below(3)) / 4}, x)
	case 5:
		r.join(x)
	case 6:
		r.add(nn.Flatten{}, x)
		r.maybe(r.activation)
		r.maybe(r.linear)
	case 7:
		r.pool(x)
	}
}

// maybe appends to the last layer in half of the cases.
func (r *randomGraph) maybe(layer func(x *nn.Node)) {
	if r.below(2) == 0 {
		layer(r.last())
	}
}

// linear appends a fully connected layer, or two of which the second is wide, to a
// vector.
func (r *randomGraph) linear(x *nn.Node) {
	if x.Shape.H*x.Shape.W > 1 {
		return
	}
	if r.below(6) > 0 {
		r.add(nn.Linear{Out: 1 + r.below(9), NoBias: r.below(2) == 0}, x)
		return
	}
	r.add(nn.Linear{Out: 300}, x)
	r.add(nn.Linear{Out: wideWeights/300 + 1, NoBias: r.below(2) == 0}, r.last())
}

func (r *randomGraph) pool(x *nn.Node) {
	kernel := min(r.one(1, 2, 3, 3), x.Shape.H, x.Shape.W)
	stride, padding := r.one(0, 0, 1, 2), min(r.below(2), kernel-1)
	same := r.below(4) == 0
	if same {
		padding = 0
	}
	if r.below(3) > 0 {
		r.add(nn.MaxPool{Kernel: kernel, Stride: stride, Padding: padding, Same: same}, x)
	} else {
		r.add(nn.AvgPool{Kernel: kernel, Stride: stride, Padding: padding, Same: same}, x)
	}
}

// upsample repeats pixels where there are not too many, and cuts some of them off.
func (r *randomGraph) upsample(x *nn.Node) {
	if x.Shape.H*x.Shape.W > 40 {
		return
	}
	l := nn.Upsample{Factor: 1 + r.below(3)}
	if r.below(2) == 0 {
		l.H, l.W = 1+r.below(l.Factor*x.Shape.H), 1+r.below(l.Factor*x.Shape.W)
	}
	r.add(l, x)
}

// reshape makes an image of another shape.
func (r *randomGraph) reshape(x *nn.Node) {
	to := nn.Shape{H: x.Shape.C, W: x.Shape.H, C: x.Shape.W}
	if to.C > 20 || to.H*to.W > 90 {
		return
	}
	r.add(nn.Flatten{}, x)
	r.maybe(r.activation)
	r.add(nn.Reshape{To: to}, r.last())
	r.maybe(r.activation)
}

// conv appends a convolution: dense, grouped or depthwise.
func (r *randomGraph) conv(x *nn.Node) {
	l := nn.Conv2D{Out: 1 + r.below(6), Kernel: 1 + r.below(min(3, x.Shape.H, x.Shape.W)), Stride: 1 + r.below(2), NoBias: r.below(2) == 0}
	switch r.below(8) {
	case 0, 1:
		l.Out, l.Groups = x.Shape.C, x.Shape.C
	case 2:
		l.Out = fewChannels + 1
	case 3, 4:
		if x.Shape.C%2 == 0 {
			l.Out, l.Groups = 2*l.Out, 2
		}
	}
	if l.Kernel > 1 {
		l.Padding = r.below(2)
	} else if r.below(2) == 0 {
		l.Kernel, l.Padding = 3, 1
	}
	if r.below(4) == 0 {
		l.Padding, l.Same, l.Kernel = 0, true, r.one(l.Kernel, 2, 4, 5)
	}
	r.add(l, x)
}

func (r *randomGraph) activation(x *nn.Node) {
	functions := append(nn.Functions(), nn.ReLU, nn.ReLU)
	r.add(nn.Activation{Function: functions[r.below(len(functions))]}, x)
}

// join appends the sum or concatenation of outputs that fit x: itself, and others
// if there are any.
func (r *randomGraph) join(x *nn.Node) {
	sum := r.below(3) > 0
	fitting := []*nn.Node{x}
	for _, n := range r.open {
		if n.Shape == x.Shape || !sum && n.Shape.H == x.Shape.H && n.Shape.W == x.Shape.W {
			fitting = append(fitting, n)
		}
	}
	inputs := []*nn.Node{x}
	for range 1 + r.below(2) {
		inputs = append(inputs, fitting[r.below(len(fitting))])
	}
	if r.below(2) == 0 {
		slices.Reverse(inputs)
	}
	if sum && len(inputs) == 2 && r.below(6) == 0 {
		r.add(nn.MeanSquaredError{}, inputs...)
	} else if sum {
		r.add(nn.Add{}, inputs...)
	} else if x.Shape.C < 20 {
		r.add(nn.Concat{}, inputs...)
	}
}

// head ends the network with a vector of three numbers, mostly. In most networks
// all outputs that nothing else uses lead to it.
func (r *randomGraph) head() {
	ends := []*nn.Node{r.last()}
	if r.below(4) > 0 {
		ends = r.ends()
	}
	var vectors []*nn.Node
	for _, n := range ends {
		if n.Shape.H*n.Shape.W == 1 {
			vectors = append(vectors, n)
			continue
		}
		r.add([]nn.Layer{nn.Flatten{}, nn.GlobalAvgPool{}}[r.below(2)], n)
		vectors = append(vectors, r.last())
	}
	if len(vectors) > 1 {
		r.add(nn.Concat{}, vectors...)
	}
	if r.below(5) > 0 {
		r.add(nn.Linear{Out: 3}, r.last())
	}
	if r.below(4) == 0 {
		r.activation(r.last())
	}
}

// ends lists the outputs without a use.
func (r *randomGraph) ends() []*nn.Node {
	users := r.graph.Users()
	var ends []*nn.Node
	for _, n := range r.open {
		if len(users[n.Index]) == 0 {
			ends = append(ends, n)
		}
	}
	return ends
}

// frozenIn draws names of parameters to freeze: of none, some, or whole layers.
func frozenIn(g *nn.Graph, seed uint32) []string {
	s := rng.NewKey(22, rng.TestPurpose).Stream(seed, 0, 0)
	var frozen []string
	for _, p := range g.Params {
		name := p.Name
		if s.Uint32()%2 == 0 {
			name, _, _ = strings.Cut(name, ".")
			name += "."
		}
		if seed%3 > 0 && s.Uint32()%4 == 0 {
			frozen = append(frozen, name)
		}
	}
	return frozen
}

// describe lists a graph's nodes with their inputs.
func describe(g *nn.Graph) string {
	var b strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "%s %+v %v", n.Name, n.Layer, n.Shape)
		for _, in := range n.Inputs {
			fmt.Fprintf(&b, " <- %s", in.Name)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
