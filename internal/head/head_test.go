package head

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// options are those of the tests.
func options(classes int, penalties ...float64) Options {
	return Options{Classes: classes, Penalties: penalties, Tolerance: 1e-4, Workers: 2}
}

func trained(t *testing.T, train, validation *Examples, o Options) *Result {
	t.Helper()
	r, err := Train(t.Context(), train, validation, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Fits {
		if !f.Converged {
			t.Errorf("has not converged: %+v", f)
		}
	}
	return r
}

// TestSeparable trains on classes that a plane parts, with penalties so weak that weights
// would grow without end if they were 0.
func TestSeparable(t *testing.T) {
	e := &Examples{}
	for i := range 40 {
		side := i % 2
		e.Labels = append(e.Labels, side)
		e.Features = append(e.Features, float32(side)+float32(uniform(i)*0.5), float32(uniform(i, 1)))
	}
	r := trained(t, e, e, options(2, 1, 1e-3, 1e-6))
	if f := r.Fits[2]; f.TrainAccuracy != 1 || f.TrainLoss > 0.01 {
		t.Errorf("%+v, want every example right and a loss near 0", f)
	}
	// All three are right, so that the loss decides, which is the lowest for the weakest.
	if r.Fits[1].TrainAccuracy != 1 || r.Chosen != 2 {
		t.Errorf("penalty %d of %+v was chosen, want the last", r.Chosen, r.Fits)
	}
}

// TestOneExample has a class of one example, which a weak penalty learns.
func TestOneExample(t *testing.T) {
	e := made(41, 12, 3, false)
	e.Labels[40] = 3
	for d := range 12 {
		e.Features[40*12+d] += 3
	}
	r := trained(t, e, e, options(4, 0.01))
	if f := r.Fits[0]; f.TrainAccuracy < 0.9 {
		t.Errorf("%+v, want most of the examples right", f)
	}
	logits := make([]float32, 4)
	r.Logits(logits, e.Features, []int32{40 * 12})
	if logits[3] <= logits[0] || logits[3] <= logits[1] || logits[3] <= logits[2] {
		t.Errorf("logits %v of the one example of class 3", logits)
	}
}

// TestConstantFeatures: what never varies gets weight 0 and changes nothing else.
func TestConstantFeatures(t *testing.T) {
	plain := made(60, 4, 3, false)
	more := &Examples{Labels: plain.Labels}
	for i := range 60 {
		more.Features = append(more.Features, 0.1)
		more.Features = append(more.Features, plain.Features[i*4:][:4]...)
		more.Features = append(more.Features, 0, 12345.678)
	}
	r := trained(t, more, more, options(3, 0.1))
	for _, d := range []int{0, 5, 6} {
		for class, w := range r.Weights[d*3:][:3] {
			if w != 0 {
				t.Errorf("constant feature %d has weight %v for class %d", d, w, class)
			}
		}
	}
	if want := trained(t, plain, plain, options(3, 0.1*4/7)); math.Abs(want.Fits[0].TrainLoss-r.Fits[0].TrainLoss) > 1e-4 {
		t.Errorf("loss %v with constant features, %v without, at the penalty that is the same for theirs", r.Fits[0].TrainLoss, want.Fits[0].TrainLoss)
	}
}

// TestAllConstant: without any feature that varies, a head gives the shares of the classes.
func TestAllConstant(t *testing.T) {
	e := &Examples{Features: make([]float32, 8*3), Labels: []int{0, 0, 0, 1, 0, 0, 0, 1}}
	r := trained(t, e, e, options(2, 1))
	want := math.Log(3)
	if got := float64(r.Bias[0] - r.Bias[1]); math.Abs(got-want) > 1e-3 {
		t.Errorf("biases differ by %v, want %v", got, want)
	}
	e.Labels = []int{0, 1, 0, 1, 0, 1, 0, 1} // the gradient is 0 from the beginning
	if r := trained(t, e, e, options(2, 1)); r.Fits[0].Iterations != 0 || r.Fits[0].GradientNorm != 0 {
		t.Errorf("%+v, want nothing to do", r.Fits[0])
	}
}

// TestDuplicates: rows that come twice, or count twice, are one problem, since the loss is a
// mean.
func TestDuplicates(t *testing.T) {
	once := made(45, 6, 3, false)
	twice := &Examples{Features: append(append([]float32(nil), once.Features...), once.Features...), Labels: append(append([]int(nil), once.Labels...), once.Labels...)}
	counted := &Examples{Features: once.Features, Labels: once.Labels, Weights: make([]float32, 45)}
	for i := range counted.Weights {
		counted.Weights[i] = 2
	}
	want := trained(t, once, once, options(3, 0.05))
	for name, e := range map[string]*Examples{"twice": twice, "counted": counted} {
		got := trained(t, e, once, options(3, 0.05))
		if d := between(got.Weights, want.Weights); d > 1e-3 {
			t.Errorf("%s: weights differ by %v", name, d)
		}
	}
}

// TestContradictions: the same rows with every label leave nothing to learn.
func TestContradictions(t *testing.T) {
	e := &Examples{}
	for i := range 60 {
		e.Labels = append(e.Labels, i%3)
		for d := range 5 {
			e.Features = append(e.Features, float32(uniform(i/3, d)))
		}
	}
	r := trained(t, e, e, options(3, 1e-4))
	if f := r.Fits[0]; math.Abs(f.TrainLoss-math.Log(3)) > 1e-5 {
		t.Errorf("%+v, want a loss of log 3", f)
	}
}

// TestScaleOfFeatures: the unit of the features does not change what a penalty means.
func TestScaleOfFeatures(t *testing.T) {
	e := made(90, 6, 3, false)
	want := trained(t, e, e, options(3, 0.05))
	for _, factor := range []float32{0x1p-20, 0x1p30} {
		other := &Examples{Labels: e.Labels}
		for _, v := range e.Features {
			other.Features = append(other.Features, v*factor)
		}
		if got := trained(t, other, other, options(3, 0.05)); got.Fits[0] != want.Fits[0] {
			t.Errorf("features times %v: %+v, want %+v", factor, got.Fits[0], want.Fits[0])
		}
	}
}

// TestCap: a training that is stopped says so, and goes on from there for the next penalty.
func TestCap(t *testing.T) {
	e := made(90, 6, 3, false)
	o := options(3, 0.05, 0.01)
	o.MaxIterations = 2
	r, err := Train(t.Context(), e, e, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Fits {
		if f.Converged || f.Iterations != 2 || !(f.GradientNorm > 1e-4) {
			t.Errorf("%+v, want two steps and no convergence", f)
		}
	}
}

// TestChoose checks the order of the criteria.
func TestChoose(t *testing.T) {
	fit := func(accuracy, loss float64) Fit { return Fit{ValidationAccuracy: accuracy, ValidationLoss: loss} }
	for _, c := range []struct {
		name string
		fits []Fit
		want int
	}{
		{"none", nil, -1},
		{"the most accurate, whatever the loss", []Fit{fit(0.8, 1), fit(0.9, 2), fit(0.7, 0)}, 1},
		{"of the most accurate the lowest loss", []Fit{fit(0.9, 3), fit(0.9, 1), fit(0.9, 2), fit(0.8, 0)}, 1},
		{"of equal ones the strongest penalty", []Fit{fit(0.8, 1), fit(0.9, 1), fit(0.9, 1)}, 1},
	} {
		if got := Choose(c.fits); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestPenaltiesInOrder: penalties are sorted, and the same one is tried once.
func TestPenaltiesInOrder(t *testing.T) {
	e := made(60, 4, 3, false)
	o := options(3, 0.1, 1, 0.1, 10)
	var told []Fit
	o.Fitted = func(f Fit) { told = append(told, f) }
	r := trained(t, e, e, o)
	if !slices.Equal(told, r.Fits) {
		t.Errorf("%+v were told, want all of %+v", told, r.Fits)
	}
	if len(r.Fits) != 3 || r.Fits[0].Penalty != 10 || r.Fits[2].Penalty != 0.1 {
		t.Errorf("%+v, want penalties 10, 1, 0.1", r.Fits)
	}
}

// TestRefused checks that bad input is an error that says what is wrong.
func TestRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		change func(e *Examples, o *Options)
		want   string
	}{
		{"NaN", func(e *Examples, _ *Options) { e.Features[13] = nan }, "feature 1 of row 3 is NaN"},
		{"infinity", func(e *Examples, _ *Options) { e.Features[0] = inf }, "feature 0 of row 0 is +Inf"},
		{"label", func(e *Examples, _ *Options) { e.Labels[2] = 3 }, "row 2 has label 3: want 0 to 2"},
		{"negative label", func(e *Examples, _ *Options) { e.Labels[2] = -1 }, "row 2 has label -1"},
		{"features missing", func(e *Examples, _ *Options) { e.Features = e.Features[1:] }, "want 3 in each"},
		{"no rows", func(e *Examples, _ *Options) { *e = Examples{} }, "the training part has no examples"},
		{"one class", func(e *Examples, _ *Options) { clear(e.Labels) }, "all 30 training examples are of class 0"},
		{"weights missing", func(e *Examples, _ *Options) { e.Weights = make([]float32, 3) }, "3 weights for 30 rows"},
		{"negative weight", func(e *Examples, _ *Options) { e.Weights = make([]float32, 30); e.Weights[4] = -1 }, "row 4 has weight -1"},
		{"no weight", func(e *Examples, _ *Options) { e.Weights = make([]float32, 30) }, "all rows have weight 0"},
		{"images missing", func(e *Examples, _ *Options) { e.Images = make([]int, 3) }, "images for 3 of 30 rows"},
		{"negative image", func(e *Examples, _ *Options) { e.Images = make([]int, 30); e.Images[9] = -1 }, "row 9 is of image -1"},
		{"one class asked for", func(_ *Examples, o *Options) { o.Classes = 1 }, "a head for 1 classes"},
		{"penalty 0", func(_ *Examples, o *Options) { o.Penalties = []float64{0} }, "penalty 0"},
		{"penalty NaN", func(_ *Examples, o *Options) { o.Penalties = []float64{1, math.NaN()} }, "penalty NaN"},
		{"penalty infinite", func(_ *Examples, o *Options) { o.Penalties = []float64{math.Inf(1)} }, "penalty +Inf"},
		{"no penalty", func(_ *Examples, o *Options) { o.Penalties = []float64{} }, "no penalty"},
		{"tolerance", func(_ *Examples, o *Options) { o.Tolerance = -1 }, "tolerance -1"},
	} {
		e, o := made(30, 4, 3, false), options(3, 0.1)
		c.change(e, &o)
		if _, err := Train(t.Context(), e, made(30, 4, 3, false), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	validation := made(30, 4, 3, false)
	validation.Features[5] = nan
	if _, err := Train(t.Context(), made(30, 4, 3, false), validation, options(3, 0.1)); err == nil || !strings.Contains(err.Error(), "the validation part: feature 1 of row 1 is NaN") {
		t.Errorf("NaN in the validation part: error %v", err)
	}
	if _, err := Train(t.Context(), made(30, 4, 3, false), made(30, 5, 3, false), options(3, 0.1)); err == nil {
		t.Error("other features in the validation part are no error")
	}
}

// TestCancelled: the cause is returned.
func TestCancelled(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	e := made(30, 4, 3, false)
	if _, err := Train(ctx, e, e, options(3, 0.1)); !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
}

// TestLearningCurve checks shares: nested, stratified, by images, and that the last is Train.
func TestLearningCurve(t *testing.T) {
	train, validation := made(240, 12, 3, false), made(90, 12, 3, false)
	train.Labels[0] = 3 // a class of one image, which every share has
	for i := range train.Labels {
		train.Images = append(train.Images, 1000+i%120) // two views of each
	}
	train.Labels[120] = 3
	images, err := imagesOf(train)
	if err != nil {
		t.Fatal(err)
	}
	before := map[int32]bool{}
	for _, percent := range []int{5, 25, 50, 75, 100} {
		rows, count := images.share(train, percent, 7)
		have, perClass := map[int32]bool{}, make([]int, 4)
		for _, row := range rows {
			have[row] = true
			perClass[train.Labels[row]]++
		}
		for row := range before {
			if !have[row] {
				t.Errorf("%d %%: row %d of the share before is missing", percent, row)
			}
		}
		for _, row := range rows {
			if !have[(row+120)%240] {
				t.Errorf("%d %%: row %d is there without the other view", percent, row)
			}
		}
		if want := 2 * ((40*percent + 50) / 100); perClass[1] != want || perClass[3] != 2 || len(rows) != 2*count {
			t.Errorf("%d %%: rows of classes %v, want %d of class 1 and 2 of class 3", percent, perClass, want)
		}
		before = have
	}
	o := options(4, 0.1, 0.01)
	full := trained(t, train, validation, o)
	points, err := LearningCurve(t.Context(), train, validation, o, Curve{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 3 || points[0].Images != 31 || points[2].Rows != 240 {
		t.Fatalf("%+v, want 25, 50 and 100 percent of 120 images", points)
	}
	if points[2].Fit != full.Fits[full.Chosen] {
		t.Errorf("%+v at 100 percent, want what Train gives: %+v", points[2].Fit, full.Fits[full.Chosen])
	}
	if other, err := LearningCurve(t.Context(), train, validation, o, Curve{Seed: 8}); err != nil || other[0] == points[0] {
		t.Errorf("another seed gives the same share: %v, %v", other, err)
	}
	train.Labels[121] = 2
	if _, err := LearningCurve(t.Context(), train, validation, o, Curve{}); err == nil || !strings.Contains(err.Error(), "of image 1001 has label") {
		t.Errorf("an image with two labels: error %v", err)
	}
}

// TestLearningCurveOfFew: shares that are all of the images, because every class has one, are
// not trained on again, and have the fit that they would have.
func TestLearningCurveOfFew(t *testing.T) {
	train, validation, o := made(4, 12, 4, false), made(90, 12, 4, false), options(4, 0.1, 0.01)
	for i := range train.Labels {
		train.Labels[i] = i
	}
	steps := 0
	o.Stepped = func(Step) { steps++ }
	full := trained(t, train, validation, o)
	once := steps
	points, err := LearningCurve(t.Context(), train, validation, o, Curve{Full: full})
	if err != nil || steps != once {
		t.Errorf("%d steps more than for the whole, want none; error %v", steps-once, err)
	}
	alone, err := LearningCurve(t.Context(), train, validation, o, Curve{})
	if err != nil || !slices.Equal(alone, points) || steps != 2*once {
		t.Errorf("without the whole %+v in %d steps, with it %+v; error %v", alone, steps-once, points, err)
	}
	for _, point := range points {
		if point.Images != 4 || point.Rows != 4 || point.Fit != full.Fits[full.Chosen] {
			t.Errorf("%+v, want the fit of all images, %+v", point, full.Fits[full.Chosen])
		}
	}
}

// between is the norm of the difference, relative to that of b.
func between(a, b []float32) float64 {
	wide := make([]float64, len(b))
	for i, v := range b {
		wide[i] = float64(v)
	}
	return distance(a, wide, 0)
}

// TestStepped wants each step to be told, to the end of each penalty, with the same bits as
// where nobody listens.
func TestStepped(t *testing.T) {
	e := made(60, 12, 3, false)
	o := options(3, 1, 0.1)
	want := trained(t, e, e, o)
	var steps []Step
	o.Stepped = func(s Step) { steps = append(steps, s) }
	got := trained(t, e, e, o)
	if !slices.Equal(got.Weights, want.Weights) || !slices.Equal(got.Bias, want.Bias) || !slices.Equal(got.Fits, want.Fits) {
		t.Error("who listens to steps gets another head")
	}
	last := map[int]Step{}
	for _, s := range steps {
		if before, has := last[s.Number]; has && s.Iterations < before.Iterations {
			t.Errorf("step %+v comes after %+v", s, before)
		}
		last[s.Number] = s
	}
	for i, f := range got.Fits {
		end := last[i+1]
		if end.Penalty != f.Penalty || end.Of != 2 || end.Iterations != f.Iterations || end.GradientNorm != f.GradientNorm || end.GradientNorm > end.Target {
			t.Errorf("the last step is %+v, the fit %+v", end, f)
		}
	}
}
