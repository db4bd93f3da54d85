package interpreter

import (
	"errors"
	"fmt"
	"slices"
)

// plan is a model made ready for one size of batch: every shape is known, and every value
// has its memory.
type plan struct {
	n       int
	input   *tensor
	outputs []*tensor
	steps   []func()
}

// planner makes a plan.
type planner struct {
	model  *Model
	shared *shared
	arena  arena
	values map[string]*tensor
	uses   map[string]int // how often a value is still read
	// scratch is memory that every step may use while it runs.
	scratch *[]float32
}

// shared is what the plans of a model have in common: constants in other forms, by the
// node that they are for. Plans are made one after the other.
type shared struct {
	packed map[packKey]*packed
	arena  arena
}

// packKey is a group of the weights of a node.
type packKey struct {
	node  *node
	group int
}

// newPlan checks all nodes on a batch of n examples and allocates no more than limit
// bytes, beside weights in the form in which they are multiplied.
func newPlan(m *Model, s *shared, n, limit int) (*plan, error) {
	p := &planner{model: m, shared: s, arena: arena{limit: limit}, values: map[string]*tensor{}, uses: map[string]int{}, scratch: new([]float32)}
	made := &plan{n: n}
	var err error
	if made.input, err = p.begin(n); err != nil {
		return nil, err
	}
	for _, node := range m.nodes {
		step, err := p.add(node)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", node, err)
		}
		if step != nil {
			made.steps = append(made.steps, step)
		}
	}
	for _, o := range m.Outputs {
		t, err := p.output(o)
		if err != nil {
			return nil, err
		}
		made.outputs = append(made.outputs, t)
	}
	return made, nil
}

// begin enters constants and the input, and counts how often each value is read.
func (p *planner) begin(n int) (*tensor, error) {
	v, err := p.model.input()
	if err != nil {
		return nil, err
	}
	in := &tensor{kind: Uint8, shape: []int{n}}
	for _, d := range v.Shape[1:] {
		in.shape = append(in.shape, int(d.Size))
	}
	if _, err := elements(in.shape); err != nil {
		return nil, fmt.Errorf("input %q: %w", v.Name, err)
	}
	for name, t := range p.model.constants {
		p.values[name] = t
	}
	p.values[v.Name] = in
	for _, node := range p.model.nodes {
		for _, name := range node.inputs {
			p.uses[name]++
		}
	}
	for _, o := range p.model.Outputs {
		p.uses[o.Name]++ // and is never put back
	}
	return in, nil
}

// add makes the step of a node and enters its value.
func (p *planner) add(n *node) (func(), error) {
	op, known := operators[n.op]
	switch {
	case !isStandard(n.domain):
		return nil, fmt.Errorf("it is of domain %q, of which nothing is known", n.domain)
	case !known:
		return nil, errors.New("it is not supported")
	case p.model.Opset < op.since:
		return nil, fmt.Errorf("opset %d does not have it yet", p.model.Opset)
	case len(n.outputs) != 1 || n.outputs[0] == "":
		return nil, fmt.Errorf("it has %d outputs, want 1", len(n.outputs))
	case p.values[n.outputs[0]] != nil:
		return nil, fmt.Errorf("%q was made before", n.outputs[0])
	}
	c := &call{planner: p, node: n}
	for _, name := range n.inputs {
		t := p.values[name]
		if t == nil && name != "" {
			return nil, fmt.Errorf("input %q is not made by any node before it", name)
		}
		c.in = append(c.in, t)
	}
	if err := c.checkInputs(op); err != nil {
		return nil, err
	}
	for _, a := range n.attributes {
		a.read = false
	}
	out, step, err := op.prepare(c)
	if err != nil {
		return nil, err
	}
	for _, a := range n.attributes {
		if !a.read {
			return nil, fmt.Errorf("attribute %s is not supported", a.name)
		}
	}
	p.values[n.outputs[0]] = out
	p.release(n)
	return step, nil
}

// release takes back what no later node reads.
func (p *planner) release(n *node) {
	for _, name := range n.inputs {
		if p.uses[name]--; p.uses[name] == 0 {
			p.giveBack(p.values[name])
		}
	}
	if made := n.outputs[0]; p.uses[made] == 0 {
		p.giveBack(p.values[made])
	}
}

func (p *planner) giveBack(t *tensor) {
	if t != nil && t.memory != nil {
		p.arena.put(t.memory)
	}
}

// output is the value of an output, which must have the declared type and shape.
func (p *planner) output(o Value) (*tensor, error) {
	t := p.values[o.Name]
	switch {
	case t == nil:
		return nil, fmt.Errorf("output %q is made by no node", o.Name)
	case t.kind != Float || o.Type != Float:
		return nil, fmt.Errorf("output %q has element type %d and is declared with %d, want FLOAT (1)", o.Name, t.kind, o.Type)
	case t.constant:
		return nil, fmt.Errorf("output %q is a constant", o.Name)
	case len(o.Shape) != len(t.shape) || len(t.shape) == 0:
		return nil, fmt.Errorf("output %q has shape %v, declared are %d dimensions", o.Name, t.shape, len(o.Shape))
	}
	for axis, d := range o.Shape {
		if axis == 0 && d.Symbol == "" && d.Size != 0 {
			return nil, fmt.Errorf("output %q is declared with a batch of %d, want a symbol", o.Name, d.Size)
		}
		if axis > 0 && d.Symbol == "" && d.Size != int64(t.shape[axis]) {
			return nil, fmt.Errorf("output %q has shape %v, declared is %d for dimension %d", o.Name, t.shape, d.Size, axis)
		}
	}
	return t, nil
}

// call is one node while its step is made.
type call struct {
	*planner
	node *node
	in   []*tensor // nil where an input is left out
}

func (c *call) checkInputs(op operator) error {
	if n := len(c.in); n < op.least || op.most > 0 && n > op.most {
		return fmt.Errorf("it has %d inputs, want %d to %d", n, op.least, op.most)
	}
	for i, t := range c.in {
		if t == nil && i < op.least {
			return fmt.Errorf("input %d is left out", i)
		}
	}
	return nil
}

// has says whether input i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i] != nil }

// floats is input i, which must be FLOAT and not empty.
func (c *call) floats(i int) (*tensor, error) {
	t := c.in[i]
	switch {
	case t.kind != Float:
		return nil, fmt.Errorf("input %d, %q, has element type %d, want FLOAT (1)", i, c.node.inputs[i], t.kind)
	case product(t.shape) == 0:
		return nil, fmt.Errorf("input %d, %q, is empty: its shape is %v", i, c.node.inputs[i], t.shape)
	}
	return t, nil
}

// fixed is input i, which must be a FLOAT constant with so many dimensions.
func (c *call) fixed(i, rank int) (*tensor, error) {
	t, err := c.floats(i)
	switch {
	case err != nil:
		return nil, err
	case !t.constant:
		return nil, fmt.Errorf("input %d, %q, is no constant, which is not supported", i, c.node.inputs[i])
	case len(t.shape) != rank:
		return nil, fmt.Errorf("input %d, %q, has shape %v, want %d dimensions", i, c.node.inputs[i], t.shape, rank)
	}
	return t, nil
}

// integers is input i, which must be an INT64 constant vector.
func (c *call) integers(i int) ([]int64, error) {
	t := c.in[i]
	if t.kind != Int64 || !t.constant || len(t.shape) != 1 {
		return nil, fmt.Errorf("input %d, %q, has element type %d and shape %v, want a constant vector of INT64 (7)", i, c.node.inputs[i], t.kind, t.shape)
	}
	return t.i, nil
}

// make returns a new value.
func (c *call) make(shape ...int) (*tensor, error) {
	n, err := elements(shape)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("its result is empty: shape %v", shape)
	}
	b, err := c.arena.get(n)
	if err != nil {
		return nil, err
	}
	return &tensor{kind: Float, shape: slices.Clone(shape), f: b.data[:n], memory: b}, nil
}

// same returns the values of t in another shape of as many elements.
func (c *call) same(t *tensor, shape []int) *tensor {
	other := *t
	other.shape = slices.Clone(shape)
	if t.memory != nil {
		t.memory.users++
	}
	return &other
}

// reserve makes sure that the scratch memory has room for n values.
func (c *call) reserve(n int) error {
	if n <= len(*c.scratch) {
		return nil
	}
	if err := c.arena.take(4 * (n - len(*c.scratch))); err != nil {
		return err
	}
	*c.scratch = make([]float32, n)
	return nil
}

func (c *call) attribute(name string, kind int64) (*attribute, error) {
	for _, a := range c.node.attributes {
		if a.name != name {
			continue
		}
		if a.kind != kind {
			return nil, fmt.Errorf("attribute %s has type %d, want %d", name, a.kind, kind)
		}
		a.read = true
		return a, nil
	}
	return nil, nil
}

// int is an attribute, or what it is where it is not given.
func (c *call) int(name string, otherwise int64) (int64, error) {
	a, err := c.attribute(name, 2)
	if a == nil {
		return otherwise, err
	}
	return a.i, err
}

func (c *call) float(name string, otherwise float32) (float32, error) {
	a, err := c.attribute(name, 1)
	if a == nil {
		return otherwise, err
	}
	return a.f, err
}

func (c *call) ints(name string) ([]int64, error) {
	a, err := c.attribute(name, 7)
	if a == nil {
		return nil, err
	}
	return a.ints, err
}

// only refuses an attribute with another value than the one that is supported.
func (c *call) only(name, value, otherwise string) error {
	a, err := c.attribute(name, 3)
	if err != nil {
		return err
	}
	found := otherwise
	if a != nil {
		found = a.s
	}
	if found != value {
		return fmt.Errorf("attribute %s is %q, supported is %q", name, found, value)
	}
	return nil
}

// axis is an attribute that counts from the end where it is negative.
func axisOf(value int64, rank int) (int, error) {
	if value < 0 {
		value += int64(rank)
	}
	if value < 0 || value >= int64(rank) {
		return 0, fmt.Errorf("axis %d of %d dimensions", value, rank)
	}
	return int(value), nil
}
