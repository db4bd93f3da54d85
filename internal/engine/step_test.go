package engine

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// counting is an optimizer that adds 1 to every parameter it is given, and 2
// where weight decay applies. Its slot counts the visits.
type counting struct{}

func (counting) Slots() []string             { return []string{"visits"} }
func (counting) Begin(int, float32, float32) {}

func (counting) Apply(parameters, _ []float32, slots [][]float32, decay bool) {
	for i := range parameters {
		parameters[i]++
		if decay {
			parameters[i]++
		}
		slots[0][i]++
	}
}

// normedNetwork is a network with normalisation, a wide and a small linear layer.
func normedNetwork(t *testing.T) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	return layerCase{"", nn.Shape{H: 4, W: 4, C: 3}, func(g *nn.Graph, x *nn.Node) *nn.Node {
		x = g.Add("norm", nn.BatchNorm{}, g.Add("conv", nn.Conv2D{Out: 5, Kernel: 3, NoBias: true}, x))
		return g.Add("wide", nn.Linear{Out: 3300}, g.Add("flat", nn.Flatten{}, x))
	}}.network(t)
}

func newTrainer(t *testing.T, g *nn.Graph, params *nn.Parameters, o TrainerOptions) *Trainer {
	t.Helper()
	if o.Loss == nil {
		o.Loss = testLoss{}
	}
	o.BatchSize, o.ShardSize, o.Workers = 8, 3, 2
	trainer, err := NewTrainer(g, params, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

// TestUpdateCoversEveryValueOnce also checks which values decay, and that gaps
// between tensors and frozen tensors stay.
func TestUpdateCoversEveryValueOnce(t *testing.T) {
	g, params := normedNetwork(t)
	before := params.Clone()
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}, Frozen: []string{"head.", "norm.b"}})
	if _, err := trainer.Step(testStep(g, 8)); err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(before.Values[:params.Trainable])
	visits := make([]float32, params.Trainable)
	for _, p := range g.Params {
		if !p.Trainable || strings.HasPrefix(p.Name, "head.") || p.Name == "norm.bias" {
			continue
		}
		for i := p.Offset; i < p.Offset+p.Elements(); i++ {
			want[i]++
			if strings.HasSuffix(p.Name, ".weight") && p.Name != "norm.weight" {
				want[i]++
			}
			visits[i]++
		}
	}
	if !slices.Equal(params.Values[:params.Trainable], want) {
		t.Error("the update did not reach each trainable value once, with decay for weights alone")
	}
	if !slices.Equal(trainer.State()[0], visits) {
		t.Error("the optimizer's state is not parallel to the parameters")
	}
}

// TestRunningAverages computes the statistics of each shard apart.
func TestRunningAverages(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 2, W: 1, C: 1})
	x := g.Add("norm", nn.BatchNorm{Momentum: 0.5}, g.Input())
	g.Add("head", nn.Linear{Out: 2}, g.Add("flatten", nn.Flatten{}, x))
	params := g.NewParameters(1)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: still{}})
	images := []uint8{1, 2, 3, 4, 5, 6, 10, 20, 30, 40} // shards of 3 and 2 examples
	if _, err := trainer.Step(Step{Number: 1, Images: images, Targets: make([]float32, 5*2)}); err != nil {
		t.Fatal(err)
	}
	mean := params.Of(params.Lookup("norm.running_mean"))[0]
	variance := params.Of(params.Lookup("norm.running_variance"))[0]
	if want := 0.5 * (3.5 + 25) / 2; math.Abs(float64(mean)-want) > 1e-5 {
		t.Errorf("running mean %v, want %v", mean, want)
	}
	if want := 0.5 + 0.5*(3.5+500.0/3)/2; math.Abs(float64(variance)-want) > 1e-4 {
		t.Errorf("running variance %v, want %v", variance, want)
	}
}

// TestOnePixelHasNoVariance trains on a batch of one example and one pixel.
func TestOnePixelHasNoVariance(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 1, W: 1, C: 2})
	g.Add("head", nn.Linear{Out: 2}, g.Add("norm", nn.BatchNorm{}, g.Input()))
	params := g.NewParameters(1)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: still{}})
	if _, err := trainer.Step(Step{Number: 1, Images: []uint8{7, 9}, Targets: []float32{1, 0}}); err != nil {
		t.Fatal(err)
	}
	if got := params.Of(params.Lookup("norm.running_variance")); got[0] != 1 || got[1] != 1 {
		t.Errorf("running variance %v, want it unchanged", got)
	}
}

// spoilt is a loss whose value or gradient is not finite in one example.
type spoilt struct {
	testLoss
	value, gradient float32
}

func (l *spoilt) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	l.testLoss.Evaluate(values, gradient, outputs, targets, width, scale)
	values[0] += l.value
	gradient[0] += l.gradient
}

func TestNonFiniteStepChangesNothing(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tests := []struct {
		name  string
		loss  *spoilt
		scale float32 // of the pixels
		want  string
	}{
		{"infinite loss", &spoilt{value: inf}, 1, "the loss is not finite (+Inf)"},
		{"loss that is not a number", &spoilt{value: nan}, 1, "the loss is not finite (NaN)"},
		{"gradient", &spoilt{gradient: nan}, 1, "the gradient is not finite (NaN)"},
		{"statistics", &spoilt{}, 1e25, "the variance in norm is not finite (+Inf)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, params := normedNetwork(t)
			params.Of(params.Lookup("normalize.scale"))[0] = test.scale
			before := params.Clone()
			trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}, Loss: test.loss})
			_, err := trainer.Step(testStep(g, 8))
			var nonFinite *NonFiniteError
			if !errors.As(err, &nonFinite) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if params.Digest() != before.Digest() || slices.Max(trainer.State()[0]) != 0 {
				t.Error("the failed step changed parameters or the optimizer's state")
			}
		})
	}
}

func TestFrozen(t *testing.T) {
	tests := []struct {
		name   string
		frozen []string
		want   string
	}{
		{"everything", []string{""}, "every parameter is frozen"},
		{"everything by name", []string{"before", "conv.", "norm", "wide", "head"}, "every parameter is frozen"},
		{"unknown", []string{"convv"}, `cannot freeze "convv": no parameter's name begins so`},
	}
	for _, test := range tests {
		g, params := normedNetwork(t)
		_, err := NewTrainer(g, params, TrainerOptions{
			BatchSize: 8, ShardSize: 3, Workers: 2, Frozen: test.frozen, Loss: testLoss{}, Optimizer: still{},
		})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// TestFrozenNormKeepsItsStatistics freezes a normalisation wholly, and then all
// of it but the bias.
func TestFrozenNormKeepsItsStatistics(t *testing.T) {
	for _, test := range []struct {
		frozen string
		moves  bool
	}{{"norm.", false}, {"norm.weight", true}, {"norm.running", false}} {
		g, params := normedNetwork(t)
		before := slices.Clone(params.Of(params.Lookup("norm.running_mean")))
		trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}, Frozen: []string{test.frozen}})
		if _, err := trainer.Step(testStep(g, 8)); err != nil {
			t.Fatal(err)
		}
		if moved := !cmp.Equal(before, params.Of(params.Lookup("norm.running_mean"))); moved != test.moves {
			t.Errorf("with %q frozen the running mean moved: %v", test.frozen, moved)
		}
	}
}

// TestFixedNorm compares a step with running averages that normalise with an inference:
// the loss must be that of its outputs, and the averages must stay.
func TestFixedNorm(t *testing.T) {
	g, params := normedNetwork(t)
	for _, name := range []string{"norm.running_mean", "norm.running_variance"} {
		for i := range params.Of(params.Lookup(name)) {
			params.Of(params.Lookup(name))[i] = 0.5 + float32(i)/8
		}
	}
	step, before := testStep(g, 8), params.Clone()
	inference, err := NewInference(g, params, 8, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	outputs := make([]float32, 8*3)
	inference.Run([][]float32{outputs}, step.Images)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}, FixedNorms: true})
	r, err := trainer.Step(step)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, 8)
	testLoss{}.Evaluate(values, make([]float32, 8*3), outputs, step.Targets, 3, 1)
	want := 0.0
	for _, v := range values {
		want += float64(v)
	}
	if math.Abs(r.LossSum-want) > 1e-4*want {
		t.Errorf("loss %v, that of the inference's outputs is %v", r.LossSum, want)
	}
	for _, p := range g.Params {
		if moved := !cmp.Equal(before.Of(p), params.Of(p)); moved != p.Trainable {
			t.Errorf("%s moved: %v", p.Name, moved)
		}
	}
}

// rates is an optimizer that adds the learning rate, and the weight decay where it applies.
type rates struct{ rate, decay float32 }

func (*rates) Slots() []string                    { return nil }
func (r *rates) Begin(_ int, rate, decay float32) { r.rate, r.decay = rate, decay }

func (r *rates) Apply(parameters, _ []float32, _ [][]float32, _ bool) {
	for i := range parameters {
		parameters[i] = r.rate
	}
}

// TestLayerDecay wants the learning rate of each layer.
func TestLayerDecay(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	x := g.Add("stem.norm", nn.BatchNorm{}, g.Add("stem.conv", nn.Conv2D{Out: 2, Kernel: 1}, g.Input()))
	x = g.Add("stage1.block1.b", nn.Conv2D{Out: 2, Kernel: 1}, g.Add("stage1.block1.a", nn.Conv2D{Out: 2, Kernel: 1}, x))
	x = g.Add("stage1.block2.a", nn.Conv2D{Out: 2, Kernel: 1}, x)
	x = g.Add("norm", nn.BatchNorm{}, g.Add("conv", nn.Conv2D{Out: 2, Kernel: 1}, x))
	g.Add("head", nn.Linear{Out: 2}, g.Add("flatten", nn.Flatten{}, x))
	params := g.NewParameters(1)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: &rates{}, LayerDecay: 0.5})
	step := testStep(g, 8)
	step.LearningRate = 2
	if _, err := trainer.Step(step); err != nil {
		t.Fatal(err)
	}
	want := map[string]float32{
		"head.weight": 2, "conv.weight": 1, "norm.bias": 1, "stage1.block2.a.weight": 0.5, "stage1.block1.b.weight": 0.25,
		"stage1.block1.a.bias": 0.25, "stem.norm.weight": 0.125, "stem.conv.weight": 0.125,
	}
	for name, rate := range want {
		if got := params.Of(params.Lookup(name))[0]; got != rate {
			t.Errorf("the learning rate of %s is %v, want %v", name, got, rate)
		}
	}
}

func TestAverage(t *testing.T) {
	g, params := normedNetwork(t)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: still{}})
	average := make([]float32, len(params.Values))
	trainer.Average(average, 0.25)
	for i, v := range params.Values {
		if average[i] != v/4 {
			t.Fatalf("average of value %d is %v, want %v", i, average[i], v/4)
		}
	}
}

// countingLoss wants targets of a size of their own: the value that all of an
// output's values should have, and one that is not used.
type countingLoss struct{}

func (countingLoss) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	for n := range values {
		values[n] = 0
		for i := n * width; i < (n+1)*width; i++ {
			d := outputs[i] - targets[2*n]
			values[n] += d * d / 2
			gradient[i] = scale * d
		}
	}
}

// TestImageOutput trains a network whose output is an image, with targets of another
// size and a figure of each example.
func TestImageOutput(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 3, W: 3, C: 1})
	g.Add("conv", nn.Conv2D{Out: 2, Kernel: 2}, g.Add("normalize", nn.Normalize{}, g.Input()))
	params := g.NewParameters(1)
	const width, size = 2 * 2 * 2, 2
	trainer := newTrainer(t, g, params, TrainerOptions{
		Optimizer: still{}, Loss: countingLoss{}, TargetSize: size,
		Figure: func(output, target []float32) float64 {
			return float64(len(output)*100+len(target)) + float64(target[1])
		},
	})
	targets := make([]float32, 8*size)
	for i := range 8 {
		targets[i*size], targets[i*size+1] = 0.5, float32(i)
	}
	step := Step{Number: 1, Images: randomBytes(8*9, 1), Targets: targets}
	loss := func() float64 {
		r, err := trainer.Step(step)
		if err != nil {
			t.Fatal(err)
		}
		if want := 8.0*(100*width+size) + 28; r.FigureSum != want {
			t.Errorf("the figures add up to %v, want %v", r.FigureSum, want)
		}
		return r.LossSum / 8
	}
	for _, p := range g.Params {
		if p.Trainable {
			checkGradient(t, trainer, params, p, loss)
		}
	}
}

// TestParametersForTwoSizes takes images of two sizes through one network: a constant
// image gives the same whatever its size, before and after the parameters change.
func TestParametersForTwoSizes(t *testing.T) {
	build := func(input nn.Shape) *nn.Graph {
		g := nn.NewGraph(input)
		x := g.Add("norm", nn.BatchNorm{}, g.Add("conv", nn.Conv2D{Out: 20, Kernel: 3}, g.Input()))
		x = g.Add("pool", nn.GlobalAvgPool{}, g.Add("relu", nn.Activation{Function: nn.ReLU}, x))
		g.Add("head", nn.Linear{Out: 3}, x)
		return g
	}
	small, large := build(nn.Shape{H: 6, W: 6, C: 1}), build(nn.Shape{H: 10, W: 18, C: 1})
	params := small.NewParameters(1)
	large.NewParameters(2) // which places parameters, as For does again
	if err := params.For(large); err != nil {
		t.Fatal(err)
	}
	plans := []*Inference{newInference(t, small, params, 1, 1), newInference(t, large, params, 1, 1)}
	constant := func(g *nn.Graph) []uint8 { return slices.Repeat([]uint8{9}, g.Input().Shape.Elements()) }
	trainer := newTrainer(t, large, params, TrainerOptions{Optimizer: counting{}})
	for range 2 {
		a, b := plans[0].room(1), plans[1].room(1)
		plans[0].Run(a, constant(small))
		plans[1].Run(b, constant(large))
		for i, v := range a[0] {
			if math.Abs(float64(v-b[0][i])) > 1e-4*math.Abs(float64(v)) {
				t.Errorf("the small image gives %v, the large one %v", a[0], b[0])
			}
		}
		before := slices.Clone(params.Values)
		if _, err := trainer.Step(testStep(large, 8)); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(before, params.Values) {
			t.Error("training for the large size did not change the parameters")
		}
		for _, p := range plans {
			p.Refresh()
		}
	}
}
