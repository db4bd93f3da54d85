package nn

import (
	"slices"
	"strings"
	"testing"
)

func TestServeRefuses(t *testing.T) {
	other := testGraph(t, 3)
	for _, test := range []struct {
		serve func(g *Graph)
		want  string
	}{
		{func(g *Graph) { g.Serve("", g.Output()) }, "the name is empty or taken"},
		{func(g *Graph) { g.Serve("y", g.Output()); g.Serve("y", g.Input()) }, `output "y", layer image: the name is empty or taken`},
		{func(g *Graph) { g.Serve("y", other.Output()) }, "layer head is not part of this graph"},
	} {
		g := testGraph(t, 3)
		test.serve(g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

func TestResults(t *testing.T) {
	g := testGraph(t, 3)
	if got := g.Results(); len(got) != 1 || got[0] != g.Output() {
		t.Errorf("a graph without named outputs gives %v, want its last node", got)
	}
	g.Serve("logits", g.Output())
	g.Serve("features", g.Nodes[2])
	if got := g.Results(); !slices.Equal(got, []*Node{g.Output(), g.Nodes[2]}) {
		t.Errorf("the results are %v, want those that are served, in order", got)
	}
}

// TestWithSoftmax checks that a Softmax is added once, that it never takes a name that
// is taken, and that the graph itself stays as it is.
func TestWithSoftmax(t *testing.T) {
	g := testGraph(t, 3)
	nodes := len(g.Nodes)
	longer := WithSoftmax(g)
	if err := longer.Err(); err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != nodes || len(g.Outputs) != 0 || len(longer.Nodes) != nodes+1 {
		t.Errorf("%d nodes and %d outputs, with a Softmax %d nodes", len(g.Nodes), len(g.Outputs), len(longer.Nodes))
	}
	if again := WithSoftmax(longer); len(again.Nodes) != nodes+1 || again.Outputs[0] != (Output{Probabilities, longer.Output()}) {
		t.Errorf("done again it gives %d nodes and outputs %v", len(again.Nodes), again.Outputs)
	}
	taken := NewGraph(Shape{1, 1, 3})
	taken.Add(Probabilities, Linear{Out: 2}, taken.Input())
	if got := WithSoftmax(taken); got.Err() != nil || got.Output().Name != "probabilities_2" {
		t.Errorf("beside a layer of that name it is called %s, error %v", got.Output().Name, got.Err())
	}
}

// pooledGraph is a network that takes images of any size.
func pooledGraph(input Shape, classes int) *Graph {
	g := NewGraph(input)
	x := g.Add("norm", BatchNorm{}, g.Add("conv", Conv2D{Out: 4, Kernel: 3}, g.Input()))
	g.Add("head", Linear{Out: classes}, g.Add("pool", GlobalAvgPool{}, x))
	return g
}

func TestFor(t *testing.T) {
	p := pooledGraph(Shape{8, 8, 1}, 3).NewParameters(1)
	other := pooledGraph(Shape{20, 9, 1}, 3)
	if err := p.For(other); err != nil {
		t.Fatal(err)
	}
	for i, param := range other.Params {
		if own := p.All()[i]; &p.Of(param)[0] != &p.Of(own)[0] {
			t.Errorf("%s has other values", param.Name)
		}
	}
	longer := pooledGraph(Shape{8, 8, 1}, 3)
	longer.Add("more", Linear{Out: 2}, longer.Output())
	shorter := NewGraph(Shape{8, 8, 1})
	shorter.Add("conv", Conv2D{Out: 4, Kernel: 3}, shorter.Input())
	for _, test := range []struct {
		graph *Graph
		want  string
	}{
		{pooledGraph(Shape{8, 8, 1}, 5), "parameter head.weight has shape [4 5] in the graph for 8x8x1 and values of shape [4 3]"},
		{pooledGraph(Shape{8, 8, 2}, 3), "parameter conv.weight has shape"},
		{testGraph(t, 3), "parameter head.weight has shape"},
		{longer, "parameter more.weight of the graph for 8x8x1 has no values here"},
		{shorter, "parameter norm.weight is not part of the graph"},
	} {
		if err := p.For(test.graph); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

func TestFrozen(t *testing.T) {
	for name, want := range map[string]bool{"conv1.weight": true, "conv10.weight": false, "head.bias": true, "head.weight": false} {
		if got := Frozen([]string{"conv1.", "head.bias"}, name); got != want {
			t.Errorf("%s is frozen: %v", name, got)
		}
	}
}
