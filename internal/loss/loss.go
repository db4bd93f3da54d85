// Package loss holds what training minimises: each loss turns the outputs for
// an example into one value and its gradient.
//
// A batch's loss is the plain mean of its examples' values, or, where the examples have
// weights of their own, the mean over the sum of those. With class weights
// PyTorch divides by the sum of the examples' weights instead, which makes an
// example's gradient depend on the company it is in; here it does not, so that
// shards of a batch can be worked on alone.
package loss

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// Kind says what the targets of examples are.
type Kind string

// The kinds of targets.
const (
	// Distribution is one share for each class, which add up to 1. Outputs are logits
	// or, where the loss wants them, probabilities.
	Distribution Kind = "a distribution over classes"
	// Values are any finite numbers, one for each output, with which the outputs are
	// compared as they are.
	Values Kind = "values of any kind"
)

// Loss is one loss function. All methods but Prepare may be used from several
// goroutines at once.
type Loss interface {
	// Fits says whether targets may be of that kind.
	Fits(k Kind) bool
	// WantsProbabilities is true for a loss of probabilities, the output of a
	// softmax, and false for one of logits. It is of no interest where the targets
	// are no distributions.
	WantsProbabilities() bool
	// MixupAllowed is true where training on mixed examples makes sense.
	MixupAllowed() bool
	// Prepare is told, once and before the first Evaluate, how many training
	// examples each class has. Its error names class weights that do not fit. It need
	// not be called where the targets are no distributions.
	Prepare(counts []int) error
	// Evaluate sets values[i] to the loss of example i and gradient to scale
	// times its derivative by the outputs. Outputs, targets and gradient are
	// [len(values),width]: width is the number of classes for a distribution, such
	// as a single 1 among zeros. Gradient may be nil, and may not overlap
	// the others. Logits up to 1e30 and any probabilities give finite values.
	Evaluate(values, gradient, outputs, targets []float32, width int, scale float32)
}

// Weighted is a loss that classes have weights in.
type Weighted interface {
	// ClassWeights has a weight for each class, once Prepare was called; it is nil where all
	// are 1.
	ClassWeights() []float32
}

var modules = map[string]config.Module[Loss]{
	"cross-entropy": {Doc: "cross-entropy of the softmax of logits, with label smoothing and class weights", New: newCrossEntropy},
	"nll":           {Doc: "negative log-likelihood of probabilities, with class weights", New: newNLL},
	"mse":           {Doc: "mean of the squared differences between targets and outputs, which are probabilities for classes", New: newMSE},
	"focal":         {Doc: "cross-entropy that counts well-classified examples less, with class weights", New: newFocal},
}

// MakeLoss makes the loss called name with options in the form
// "key=value,key=value", and returns the values they resolved to.
func MakeLoss(name, options string) (Loss, map[string]string, error) {
	return config.Make("loss", modules, name, options)
}

// Modules describes every loss.
func Modules() []config.Description { return config.Describe(modules) }

// Fitting lists the losses that fit targets of a kind, sorted by name.
func Fitting(k Kind) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		// The error is of no interest: without options there is none.
		if l, _, err := MakeLoss(name, ""); err == nil && l.Fits(k) {
			names = append(names, name)
		}
	}
	return names
}

// CheckFit refuses the loss l of that name where the examples' targets are of a kind
// that it does not take. Target is the name of the target.
func CheckFit(name string, l Loss, target string, k Kind) error {
	if l.Fits(k) {
		return nil
	}
	fitting := Fitting(k)
	if len(fitting) == 0 {
		return fmt.Errorf("loss %s does not fit target %s, which has %s: no loss does", name, target, k)
	}
	return fmt.Errorf("loss %s does not fit target %s: want %s", name, target, strings.Join(fitting, " or "))
}

// row returns row i of x [n,width], nil if x is nil.
func row(x []float32, i, width int) []float32 {
	if x == nil {
		return nil
	}
	return x[i*width:][:width:width]
}
