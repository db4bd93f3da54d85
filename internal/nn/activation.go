package nn

// Activation applies one function to every element.
type Activation struct {
	elementwise
	Function Function
}

// Function is the function of an Activation.
type Function string

// The functions. ReLU is max(x, 0) and lets NaN through; ReLU6 is
// min(max(x, 0), 6); Sigmoid is 1/(1 + exp(-x)), whose gradient is formed from the
// output y as y (1-y) dy; GELU is x/2 (1 + erf(x/sqrt 2)); SiLU is x sigmoid(x);
// HardSwish is x relu6(x+3)/6.
const (
	ReLU      Function = "ReLU"
	ReLU6     Function = "ReLU6"
	Sigmoid   Function = "Sigmoid"
	GELU      Function = "GELU"
	SiLU      Function = "SiLU"
	HardSwish Function = "HardSwish"
)

// Functions lists every function, in order of complexity.
func Functions() []Function { return []Function{ReLU, ReLU6, HardSwish, Sigmoid, SiLU, GELU} }

// Kind implements Layer.
func (l Activation) Kind() string { return string(l.Function) }
