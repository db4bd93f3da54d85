// Package optimizer holds the rules that turn gradients into new parameters and
// the schedules of the learning rate.
package optimizer

import "github.com/blocktrain/blocktrain/internal/config"

// Optimizer is one update rule. It works element by element on ranges of the
// parameters: any division into ranges gives the same bits.
type Optimizer interface {
	// Slots names the arrays of state that lie parallel to the parameters and
	// begin as zeros. Together with the step's number they are all its state.
	Slots() []string
	// Begin prepares a step, counted from 1. It is not called while Apply runs.
	Begin(step int, learningRate, weightDecay float32)
	// Apply updates one range of parameters and of the slots, in the order of
	// Slots. Without decay the range is spared weight decay, as biases and the
	// weights of normalisation are. Several ranges may be updated at once.
	Apply(parameters, gradient []float32, slots [][]float32, decay bool)
	// Defaults returns the learning rate (the highest one of the schedule) and
	// the weight decay to use where none is asked for.
	Defaults() (learningRate, weightDecay float64)
}

var modules = map[string]config.Module[Optimizer]{
	"sgd":   {Doc: "stochastic gradient descent with momentum", New: newSGD},
	"adam":  {Doc: "Adam; weight decay is added to the gradient (L2)", New: newAdam},
	"adamw": {Doc: "Adam with decoupled weight decay", New: newAdamW},
	"lion":  {Doc: "Lion: steps of equal size along the sign of an average", New: newLion},
}

// MakeOptimizer makes the optimizer called name with options in the form
// "key=value,key=value", and returns the values they resolved to.
func MakeOptimizer(name, options string) (Optimizer, map[string]string, error) {
	return config.Make("optimizer", modules, name, options)
}

// Modules describes every optimizer.
func Modules() []config.Description { return config.Describe(modules) }

// share accepts what an average may keep of its past: 0 to just below 1.
func share(v float64) error { return config.Between(0, 0.99999)(v) }
