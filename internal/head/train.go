package head

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// DefaultPenalties are tried where no others are given, from strong to weak. Of 3,018
// photographs of clothing in ten classes (features of EfficientNet-Lite0, means of five
// folds), 0.1 was the most accurate with 240 of each class, 0.3 with 100 and 30, and 3 with
// 8; where each feature was divided by its own deviation, all were less accurate.
func DefaultPenalties() []float64 { return []float64{3, 1, 0.3, 0.1, 0.03, 0.01, 0.003} }

const (
	// DefaultTolerance is the norm of the gradient, relative to the first, at which a
	// head is trained. A tenth of it changes accuracies by an image or two in thousands,
	// takes twice as long, and is near what rounding leaves.
	DefaultTolerance = 1e-4
	// DefaultMaxIterations is the number of steps for one penalty. Features of networks
	// take a tenth of it.
	DefaultMaxIterations = 1000
	// MaxClasses is the most classes that a head may have.
	MaxClasses = 1000
)

// roundingNorm is what rounding leaves of a gradient, for each root of a parameter: features
// have variance 1, and what is multiplied with them is at most 1.
const roundingNorm = 0x1p-24

// Options say how heads are trained.
type Options struct {
	Classes       int        // K, from 2
	Penalties     []float64  // above 0, in any order; nil for DefaultPenalties
	Tolerance     float64    // 0 for DefaultTolerance
	MaxIterations int        // for each penalty; 0 for DefaultMaxIterations
	Workers       int        // 0 for 1; changes no bit
	Fitted        func(Fit)  // if not nil, is called as each penalty is done
	Stepped       func(Step) // if not nil, is called after each step; changes no bit
}

// Step says how far the training with a penalty is.
type Step struct {
	Penalty      float64
	Number       int     // of the penalty, from 1
	Of           int     // penalties
	Iterations   int     // for this penalty so far
	GradientNorm float64 // relative to that at zero weights
	Target       float64 // of it
}

// Fit is how the training with one penalty went.
type Fit struct {
	Penalty      float64 `json:"penalty"`
	Iterations   int     `json:"iterations"`
	Converged    bool    `json:"converged"`     // if not, the caller warns
	GradientNorm float64 `json:"gradient_norm"` // relative to that at zero weights
	Objective    float64 `json:"objective"`     // mean loss and penalty, of the training part

	TrainLoss          float64 `json:"train_loss"` // without the penalty
	TrainAccuracy      float64 `json:"train_accuracy"`
	ValidationLoss     float64 `json:"validation_loss"`
	ValidationAccuracy float64 `json:"validation_accuracy"`
}

// Result is the head of the penalty that was chosen.
type Result struct {
	Head
	Chosen int   // index of its fit
	Fits   []Fit // from the strongest penalty to the weakest
}

// Train trains a head with each penalty on the training examples, and takes the one that
// [Choose] chooses by the validation examples. It fails on examples or options that cannot
// be used, and with the cause of ctx if that has ended.
func Train(ctx context.Context, train, validation *Examples, o Options) (*Result, error) {
	p, v, err := o.prepare(train, validation)
	if err != nil {
		return nil, err
	}
	return o.train(ctx, p, v)
}

// prepare fills in the defaults, and checks options and examples.
func (o *Options) prepare(train, validation *Examples) (p, v part, err error) {
	o.setDefaults()
	if err = o.check(); err != nil {
		return p, v, err
	}
	d := 0
	if n := train.Len(); n > 0 {
		d = len(train.Features) / n
	}
	if err = train.check("the training part", d, o.Classes); err == nil {
		err = validation.check("the validation part", d, o.Classes)
	}
	if err != nil {
		return p, v, err
	}
	seen := slices.Sorted(slices.Values(train.Labels))
	if seen[0] == seen[len(seen)-1] {
		return p, v, fmt.Errorf("all %d training examples are of class %d: a head needs at least two classes", len(seen), seen[0])
	}
	return part{Examples: train, d: d}, part{Examples: validation, d: d}, nil
}

// Penalties are those that are tried where some are given, from strong to weak and each once;
// DefaultPenalties where nil is.
func Penalties(given []float64) []float64 {
	if given == nil {
		given = DefaultPenalties()
	}
	given = slices.Clone(given)
	slices.SortFunc(given, func(a, b float64) int { return cmp.Compare(b, a) })
	return slices.Compact(given)
}

func (o *Options) setDefaults() {
	o.Penalties = Penalties(o.Penalties)
	if o.Tolerance == 0 {
		o.Tolerance = DefaultTolerance
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = DefaultMaxIterations
	}
	o.Workers = max(1, o.Workers)
}

func (o *Options) check() error {
	if o.Classes < 2 || o.Classes > MaxClasses {
		return fmt.Errorf("a head for %d classes: want 2 to %d", o.Classes, MaxClasses)
	}
	if len(o.Penalties) == 0 {
		return errors.New("no penalty for the head is given: want at least one number above 0")
	}
	for _, penalty := range o.Penalties {
		if !(penalty > 0) || math.IsInf(penalty, 1) {
			return fmt.Errorf("penalty %v for the head: want a number above 0", penalty)
		}
	}
	if !(o.Tolerance > 0) || o.MaxIterations < 1 {
		return fmt.Errorf("tolerance %v and %d iterations for the head: want both above 0", o.Tolerance, o.MaxIterations)
	}
	return nil
}

// train goes through the penalties.
func (o *Options) train(ctx context.Context, p, v part) (*Result, error) {
	scaling, err := measureScaling(ctx, p, o.Workers)
	if err != nil {
		return nil, err
	}
	m := newMinimizer(newObjective(p, o.Classes, scaling, o.Workers))
	if _, err := m.evaluate(ctx, m.w, m.gradient); err != nil { // at zero
		return nil, err
	}
	first := norm(m.gradient)
	target := max(o.Tolerance*first, roundingNorm*math.Sqrt(float64(m.parameters())))
	result := &Result{}
	for i, penalty := range o.Penalties {
		f := Fit{Penalty: penalty}
		if o.Stepped != nil && first > 0 {
			m.stepped = func(steps int, norm float64) {
				o.Stepped(Step{penalty, i + 1, len(o.Penalties), steps, norm / first, target / first})
			}
		}
		if f.Iterations, f.Converged, err = m.minimize(ctx, penalty, target, o.MaxIterations); err != nil {
			return nil, err
		}
		f.Objective = m.value
		if first > 0 {
			f.GradientNorm = norm(m.gradient) / first
		}
		h := scaling.unscaled(m.w, p.d, o.Classes)
		if err := o.judge(ctx, h, p, v, &f); err != nil {
			return nil, err
		}
		if o.Fitted != nil {
			o.Fitted(f)
		}
		result.Fits = append(result.Fits, f)
		if result.Chosen = Choose(result.Fits); result.Chosen == len(result.Fits)-1 {
			result.Head = *h
		}
	}
	return result, nil
}

// judge evaluates a head on both parts.
func (o *Options) judge(ctx context.Context, h *Head, p, v part, f *Fit) error {
	for _, w := range slices.Concat(h.Weights, h.Bias) {
		if !finite(w) {
			return fmt.Errorf("the head trained with penalty %v has weights that are not finite: the features are too small or too large", f.Penalty)
		}
	}
	trained, err := h.evaluate(ctx, p, o.Workers)
	if err != nil {
		return err
	}
	validated, err := h.evaluate(ctx, v, o.Workers)
	f.TrainLoss, f.TrainAccuracy = trained.Loss, trained.Accuracy
	f.ValidationLoss, f.ValidationAccuracy = validated.Loss, validated.Accuracy
	return err
}

// Choose returns the index of the fit with the highest accuracy on the validation part; of
// equal ones that with the lowest loss there, and of these the first, which has the
// strongest penalty. It is -1 without fits.
func Choose(fits []Fit) int {
	best := -1
	for i, f := range fits {
		if best < 0 || f.ValidationAccuracy > fits[best].ValidationAccuracy ||
			f.ValidationAccuracy == fits[best].ValidationAccuracy && f.ValidationLoss < fits[best].ValidationLoss {
			best = i
		}
	}
	return best
}
