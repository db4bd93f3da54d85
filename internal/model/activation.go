package model

import (
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// activation is the function after each hidden layer of a network, an option of its
// model. Its value is the function's word.
type activation string

// relu is the activation of networks that have no option for it.
const relu activation = "relu"

// declare declares the option. Networks were recorded before it existed, with the
// standard function.
func (a *activation) declare(o *config.Options, standard nn.Function) {
	var words []string
	for _, f := range nn.Functions() {
		words = append(words, functionWord(f))
	}
	o.Choice((*string)(a), "activation", functionWord(standard), "function after each hidden layer", words...)
	o.Later()
}

// add adds the activation, named after the layer before it and its function.
func (a activation) add(g *nn.Graph, x *nn.Node) *nn.Node {
	for _, f := range nn.Functions() {
		if word := functionWord(f); word == string(a) {
			return g.Add(x.Name+"."+word, nn.Activation{Function: f}, x)
		}
	}
	return x // not reached: the option takes no other word
}

// functionWord is what people call a function: "relu6", "hard-swish".
func functionWord(f nn.Function) string {
	if f == nn.HardSwish {
		return "hard-swish"
	}
	return strings.ToLower(string(f))
}
