package onnxfile

import (
	"fmt"
	"slices"
)

// CheckNames returns ONNX Runtime's words about values of the main graph that nothing
// gives, that two nodes give, or that depend on themselves, and about names of nodes. The
// order of the nodes does not matter to it. Graphs within nodes have names of their own.
func (m *Model) CheckNames() []string {
	nodes := slices.DeleteFunc(slices.Clone(m.Graph.Nodes), func(n Node) bool { return n.Nested })
	given := map[string]bool{"": true}
	for name := range m.Graph.Initializers {
		given[name] = true
	}
	for _, t := range m.Graph.Inputs {
		given[t.Name] = true
	}
	fromOutside := make(map[string]bool, len(given))
	for name := range given {
		fromOutside[name] = true
	}
	problems := checkGiven(nodes, given)
	for _, n := range nodes {
		for _, name := range n.Inputs {
			if !given[name] {
				problems = append(problems, fmt.Sprintf("Invalid model. Node input '%s' is not a graph input, initializer, or output of a previous node.", name))
			}
		}
	}
	for _, t := range m.Graph.Outputs {
		if !given[t.Name] {
			problems = append(problems, fmt.Sprintf("This is an invalid model. Graph output (%s) does not exist in the graph.", t.Name))
		}
	}
	if len(problems) == 0 && !isAcyclic(nodes, fromOutside) {
		problems = append(problems, "This is an invalid model. Error: the graph is not acyclic.")
	}
	return problems
}

// checkGiven adds what nodes give, and says what is given twice.
func checkGiven(nodes []Node, given map[string]bool) []string {
	var problems []string
	called := map[string]bool{"": true}
	for _, n := range nodes {
		if called[n.Name] && n.Name != "" {
			problems = append(problems, fmt.Sprintf("This is an invalid model. Error: two nodes with same node name (%s).", n.Name))
		}
		called[n.Name] = true
		for _, name := range n.Outputs {
			if given[name] && name != "" {
				problems = append(problems, fmt.Sprintf("This is an invalid model. Error: Duplicate definition of name (%s).", name))
			}
			given[name] = true
		}
	}
	return problems
}

// isAcyclic says whether all nodes can run one after the other, each once its inputs are
// known.
func isAcyclic(nodes []Node, known map[string]bool) bool {
	waiting := map[string][]int{} // a value that is not known -> nodes that take it
	missing := make([]int, len(nodes))
	var ready []int
	for i, n := range nodes {
		for _, name := range n.Inputs {
			if !known[name] {
				waiting[name] = append(waiting[name], i)
				missing[i]++
			}
		}
		if missing[i] == 0 {
			ready = append(ready, i)
		}
	}
	ran := 0
	for ; len(ready) > 0; ran++ {
		n := nodes[ready[len(ready)-1]]
		ready = ready[:len(ready)-1]
		for _, name := range n.Outputs {
			for _, i := range waiting[name] {
				if missing[i]--; missing[i] == 0 {
					ready = append(ready, i)
				}
			}
			delete(waiting, name)
		}
	}
	return ran == len(nodes)
}
