// Package loss holds what training minimises: each loss turns the outputs for
// an example into one value and its gradient.
//
// A batch's loss is the plain mean of its examples' values. With class weights
// PyTorch divides by the sum of the examples' weights instead, which makes an
// example's gradient depend on the company it is in; here it does not, so that
// shards of a batch can be worked on alone.
package loss

import "github.com/blocktrain/blocktrain/internal/config"

// Loss is one loss function over classes. Outputs are logits or, where it wants
// them, probabilities. All methods but Prepare may be used from several
// goroutines at once.
type Loss interface {
	// WantsProbabilities is true for a loss of probabilities, the output of a
	// softmax, and false for one of logits.
	WantsProbabilities() bool
	// MixupAllowed is true where training on mixed examples makes sense.
	MixupAllowed() bool
	// Prepare is told, once and before the first Evaluate, how many training
	// examples each class has. Its error names class weights that do not fit.
	Prepare(counts []int) error
	// Evaluate sets values[i] to the loss of example i and gradient to scale
	// times its derivative by the outputs. Outputs, targets and gradient are
	// [len(values),classes]; the targets of an example are a distribution,
	// such as a single 1 among zeros. Gradient may be nil, and may not overlap
	// the others. Logits up to 1e30 and any probabilities give finite values.
	Evaluate(values, gradient, outputs, targets []float32, classes int, scale float32)
}

var modules = map[string]config.Module[Loss]{
	"cross-entropy": {Doc: "cross-entropy of the softmax of logits, with label smoothing and class weights", New: newCrossEntropy},
	"nll":           {Doc: "negative log-likelihood of probabilities, with class weights", New: newNLL},
	"mse":           {Doc: "mean over the classes of the squared difference between probabilities and targets", New: newMSE},
	"focal":         {Doc: "cross-entropy that counts well-classified examples less, with class weights", New: newFocal},
}

// MakeLoss makes the loss called name with options in the form
// "key=value,key=value", and returns the values they resolved to.
func MakeLoss(name, options string) (Loss, map[string]string, error) {
	return config.Make("loss", modules, name, options)
}

// Modules describes every loss.
func Modules() []config.Description { return config.Describe(modules) }

// row returns row i of x [n,classes], nil if x is nil.
func row(x []float32, i, classes int) []float32 {
	if x == nil {
		return nil
	}
	return x[i*classes:][:classes:classes]
}
