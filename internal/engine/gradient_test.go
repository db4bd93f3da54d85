package engine

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// testLoss is a smooth loss whose gradient is simple: half the squared distance
// of outputs and targets.
type testLoss struct{}

func (testLoss) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	for n := range values {
		values[n] = 0
		for i := n * width; i < (n+1)*width; i++ {
			d := outputs[i] - targets[i]
			values[n] += d * d / 2
			gradient[i] = scale * d
		}
	}
}

// still is an optimizer that changes nothing.
type still struct{}

func (still) Slots() []string                             { return nil }
func (still) Begin(int, float32, float32)                 {}
func (still) Apply(_, _ []float32, _ [][]float32, _ bool) {}

// layerCase is a small network around one layer.
type layerCase struct {
	name  string
	input nn.Shape
	build func(g *nn.Graph, x *nn.Node) *nn.Node
}

// fixedNorms says that a case is trained with fixed normalisations.
func (lc layerCase) fixedNorms() bool { return strings.HasPrefix(lc.name, "fixed") }

// layerCases has every kind of layer with settings that matter to its gradient.
func layerCases() []layerCase {
	single := func(l nn.Layer) func(*nn.Graph, *nn.Node) *nn.Node {
		return func(g *nn.Graph, x *nn.Node) *nn.Node { return g.Add("layer", l, x) }
	}
	cases := []layerCase{
		{"Normalize", nn.Shape{H: 3, W: 3, C: 2}, single(nn.Normalize{})},
		{"Conv2D", nn.Shape{H: 5, W: 4, C: 2}, single(nn.Conv2D{Out: 3, Kernel: 3})},
		{"Conv2D padding", nn.Shape{H: 4, W: 4, C: 2}, single(nn.Conv2D{Out: 3, Kernel: 3, Padding: 1})},
		{"Conv2D stride", nn.Shape{H: 6, W: 5, C: 2}, single(nn.Conv2D{Out: 2, Kernel: 3, Stride: 2, Padding: 1})},
		{"Conv2D 1x1 stride 2", nn.Shape{H: 5, W: 5, C: 2}, single(nn.Conv2D{Out: 3, Kernel: 1, Stride: 2, NoBias: true})},
		{"Conv2D stride 3", nn.Shape{H: 7, W: 2, C: 1}, single(nn.Conv2D{Out: 2, Kernel: 2, Stride: 3, Padding: 1})},
		{"Conv2D groups", nn.Shape{H: 4, W: 4, C: 4}, single(nn.Conv2D{Out: 6, Kernel: 3, Padding: 1, Groups: 2})},
		{"Conv2D channels", nn.Shape{H: 4, W: 3, C: 17}, single(nn.Conv2D{Out: 18, Kernel: 3, Padding: 1})},
		{"Conv2D channels stride", nn.Shape{H: 5, W: 4, C: 17}, single(nn.Conv2D{Out: 17, Kernel: 3, Stride: 2, Padding: 1})},
		{"Conv2D depthwise", nn.Shape{H: 4, W: 4, C: 3}, single(nn.Conv2D{Out: 3, Kernel: 3, Padding: 1, Groups: 3})},
		{"Conv2D depthwise stride", nn.Shape{H: 5, W: 5, C: 3}, single(nn.Conv2D{Out: 3, Kernel: 3, Stride: 2, Padding: 1, Groups: 3})},
		{"Conv2D depth multiplier", nn.Shape{H: 4, W: 4, C: 2}, single(nn.Conv2D{Out: 4, Kernel: 3, Groups: 2})},
		{"Conv2D same", nn.Shape{H: 6, W: 5, C: 2}, single(nn.Conv2D{Out: 3, Kernel: 3, Stride: 2, Same: true})},
		{"Conv2D same, even kernel", nn.Shape{H: 5, W: 6, C: 2}, single(nn.Conv2D{Out: 3, Kernel: 4, Same: true})},
		{"Conv2D same, wide", nn.Shape{H: 3, W: 9, C: 2}, single(nn.Conv2D{Out: 2, Kernel: 2, Same: true})},
		{"Conv2D same, channels", nn.Shape{H: 4, W: 6, C: 17}, single(nn.Conv2D{Out: 17, Kernel: 5, Stride: 2, Same: true})},
		{"Conv2D same, even kernel, channels", nn.Shape{H: 4, W: 3, C: 17}, single(nn.Conv2D{Out: 17, Kernel: 2, Same: true})},
		{"Conv2D 7x7 stride 2", nn.Shape{H: 9, W: 8, C: 3}, single(nn.Conv2D{Out: 4, Kernel: 7, Stride: 2, Padding: 3, NoBias: true})},
		{"Conv2D depthwise 5x5", nn.Shape{H: 5, W: 4, C: 3}, single(nn.Conv2D{Out: 3, Kernel: 5, Padding: 2, Groups: 3})},
		{"Conv2D depthwise 5x5 same stride", nn.Shape{H: 6, W: 8, C: 3}, single(nn.Conv2D{Out: 3, Kernel: 5, Stride: 2, Same: true, Groups: 3})},
		{"Conv2D depthwise same stride", nn.Shape{H: 6, W: 7, C: 3}, single(nn.Conv2D{Out: 3, Kernel: 3, Stride: 2, Same: true, Groups: 3})},
		{"BatchNorm", nn.Shape{H: 3, W: 3, C: 3}, single(nn.BatchNorm{})},
		{"fixed BatchNorm", nn.Shape{H: 3, W: 3, C: 3}, single(nn.BatchNorm{Epsilon: 1e-3})},
		{"fixed BatchNorm, ReLU6, of a shared input", nn.Shape{H: 3, W: 4, C: 3}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			y := g.Add("relu6", nn.Activation{Function: nn.ReLU6}, g.Add("layer", nn.BatchNorm{}, x))
			return g.Add("add", nn.Add{}, y, x)
		}},
		{"MaxPool", nn.Shape{H: 4, W: 5, C: 2}, single(nn.MaxPool{Kernel: 2})},
		{"MaxPool overlapping", nn.Shape{H: 5, W: 5, C: 2}, single(nn.MaxPool{Kernel: 3, Stride: 2, Padding: 1})},
		{"MaxPool same", nn.Shape{H: 6, W: 5, C: 2}, single(nn.MaxPool{Kernel: 3, Stride: 2, Same: true})},
		{"MaxPool of ReLU6, Dropout", nn.Shape{H: 6, W: 6, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			x = g.Add("pool", nn.MaxPool{Kernel: 2}, g.Add("relu6", nn.Activation{Function: nn.ReLU6}, x))
			return g.Add("dropout", nn.Dropout{Rate: 0.3}, x)
		}},
		{"BatchNorm, ReLU, MaxPool", nn.Shape{H: 4, W: 4, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			x = g.Add("relu", nn.Activation{Function: nn.ReLU}, g.Add("layer", nn.BatchNorm{}, x))
			return g.Add("pool", nn.MaxPool{Kernel: 2}, x)
		}},
		{"AvgPool", nn.Shape{H: 4, W: 4, C: 2}, single(nn.AvgPool{Kernel: 2})},
		{"AvgPool padding", nn.Shape{H: 4, W: 4, C: 2}, single(nn.AvgPool{Kernel: 3, Stride: 2, Padding: 1})},
		{"AvgPool same", nn.Shape{H: 4, W: 5, C: 2}, single(nn.AvgPool{Kernel: 3, Stride: 2, Same: true})},
		{"GlobalAvgPool", nn.Shape{H: 4, W: 3, C: 3}, single(nn.GlobalAvgPool{})},
		{"Dropout", nn.Shape{H: 3, W: 3, C: 3}, single(nn.Dropout{Rate: 0.4})},
		{"Add", nn.Shape{H: 3, W: 3, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			return g.Add("layer", nn.Add{}, x, g.Add("other", nn.Conv2D{Out: 2, Kernel: 1}, x), x)
		}},
		{"Concat", nn.Shape{H: 3, W: 3, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			return g.Add("layer", nn.Concat{}, x, g.Add("other", nn.Conv2D{Out: 3, Kernel: 1}, x), x)
		}},
		{"Linear, Softmax", nn.Shape{H: 2, W: 2, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			return g.Add("softmax", nn.Softmax{}, g.Add("linear", nn.Linear{Out: 5}, g.Add("flat", nn.Flatten{}, x)))
		}},
		{"Upsample", nn.Shape{H: 2, W: 3, C: 2}, single(nn.Upsample{Factor: 2})},
		{"Upsample cropped", nn.Shape{H: 3, W: 2, C: 3}, single(nn.Upsample{Factor: 3, H: 5, W: 4})},
		{"Upsample of a shared input", nn.Shape{H: 2, W: 2, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			return g.Add("layer", nn.Add{}, g.Add("up", nn.Upsample{Factor: 2, H: 2, W: 2}, x), x)
		}},
		{"Linear, Reshape", nn.Shape{H: 2, W: 2, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			x = g.Add("reshape", nn.Reshape{To: nn.Shape{H: 3, W: 2, C: 2}}, g.Add("linear", nn.Linear{Out: 12}, g.Add("flat", nn.Flatten{}, x)))
			return g.Add("conv", nn.Conv2D{Out: 2, Kernel: 2}, x)
		}},
		{"Scale", nn.Shape{H: 3, W: 3, C: 2}, single(nn.Scale{Factor: -0.7})},
		{"MeanSquaredError", nn.Shape{H: 3, W: 3, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			return g.Add("layer", nn.MeanSquaredError{}, x, g.Add("other", nn.Conv2D{Out: 2, Kernel: 1}, x))
		}},
		{"wide Linear", nn.Shape{H: 2, W: 2, C: 2}, func(g *nn.Graph, x *nn.Node) *nn.Node {
			wide := g.Add("wide", nn.Linear{Out: 300}, g.Add("flat", nn.Flatten{}, x))
			return g.Add("wide2", nn.Linear{Out: 220}, wide)
		}},
	}
	for _, f := range nn.Functions() {
		cases = append(cases, layerCase{string(f), nn.Shape{H: 3, W: 3, C: 3}, single(nn.Activation{Function: f})})
	}
	return cases
}

// network builds a trainable layer, the case's layer and a head.
func (lc layerCase) network(t testing.TB) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	g := nn.NewGraph(lc.input)
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	x = g.Add("before", nn.Conv2D{Out: lc.input.C, Kernel: 1}, x)
	x = lc.build(g, x)
	x = g.Add("flatten", nn.Flatten{}, x)
	g.Add("head", nn.Linear{Out: 3}, x)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	params := g.NewParameters(3)
	s := rng.NewKey(5, rng.TestPurpose).Stream(0, 0, 0)
	for _, p := range g.Params { // away from zero and from each other
		for i, v := range params.Of(p) {
			params.Of(p)[i] = v + s.Uniform(-0.1, 0.1)
		}
	}
	return g, params
}

func randomBytes(n int, item uint32) []uint8 {
	s := rng.NewKey(9, rng.TestPurpose).Stream(item, 0, 0)
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(s.Uint32())
	}
	return b
}

func randomFloats(n int, item uint32) []float32 {
	s := rng.NewKey(9, rng.TestPurpose).Stream(item, 1, 0)
	x := make([]float32, n)
	for i := range x {
		x[i] = s.Uniform(-1, 1)
	}
	return x
}

func testStep(g *nn.Graph, examples int) Step {
	return Step{
		Number: 1, Images: randomBytes(examples*g.Input().Shape.Elements(), 1), Targets: randomFloats(examples*g.Output().Shape.Elements(), 2),
	}
}

// TestGradients compares every parameter's gradient with central differences of
// the loss, over two shards.
func TestGradients(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of steps are no small case")
	}
	for _, lc := range layerCases() {
		t.Run(lc.name, func(t *testing.T) {
			g, params := lc.network(t)
			const examples = 6
			trainer, err := NewTrainer(g, params, TrainerOptions{
				BatchSize: examples, ShardSize: 3, Workers: 2, Seed: 1, Loss: testLoss{}, Optimizer: still{}, FixedNorms: lc.fixedNorms(),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			step := testStep(g, examples)
			loss := func() float64 {
				r, err := trainer.Step(step)
				if err != nil {
					t.Fatal(err)
				}
				return r.LossSum / examples
			}
			for _, p := range g.Params {
				if p.Trainable {
					checkGradient(t, trainer, params, p, loss)
				}
			}
		})
	}
}

// checkGradient tries a few of a parameter's values.
func checkGradient(t *testing.T, trainer *Trainer, params *nn.Parameters, p *nn.Param, loss func() float64) {
	t.Helper()
	values := params.Of(p)
	stride := max(1, len(values)/7)
	for i := 0; i < len(values); i += stride {
		loss()
		got := float64(trainer.Gradient(p)[i])
		was := values[i]
		// Large steps meet the kinks of a function, small ones rounding errors.
		best := math.Inf(1)
		want := 0.0
		for _, step := range []float32{1.0 / 32, 1.0 / 256, 1.0 / 2048} {
			values[i] = was + step
			up := loss()
			values[i] = was - step
			down := loss()
			values[i] = was
			difference := (up - down) / (2 * float64(step))
			if distance := math.Abs(got - difference); distance < best {
				best, want = distance, difference
			}
		}
		if best > 2e-3+0.02*math.Abs(want) {
			t.Errorf("%s[%d]: gradient %v, differences give %v", p.Name, i, got, want)
		}
	}
}

// TestWorkersAndPortionsDoNotMatter takes steps with several numbers of workers and
// of examples that a group takes at a time, and wants one gradient, bit for bit.
func TestWorkersAndPortionsDoNotMatter(t *testing.T) {
	for _, lc := range layerCases() {
		t.Run(lc.name, func(t *testing.T) {
			want := ""
			for _, workers := range []int{1, 2, 3, 5} {
				for _, portionBytes := range []int{1, 600, 1 << 30} {
					got := lc.stepBits(t, workers, portionBytes)
					if want == "" {
						want = got
					} else if got != want {
						t.Fatalf("%d workers and portions of %d bytes give other bits", workers, portionBytes)
					}
				}
			}
		})
	}
}

// stepBits is what a step leaves behind.
func (lc layerCase) stepBits(t *testing.T, workers, portionBytes int) string {
	t.Helper()
	g, params := lc.network(t)
	trainer, err := NewTrainer(nn.WithSoftmax(g), params, TrainerOptions{
		BatchSize: 11, ShardSize: 3, Workers: workers, Seed: 1, Loss: testLoss{}, Optimizer: still{}, portionBytes: portionBytes, keepNothing: portionBytes == 600,
		FixedNorms: lc.fixedNorms(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Step(testStep(g, 11)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x %s", bitsOf(trainer.gradient), params.Digest())
}

// TestFixedNorms checks that fixed normalisations do not move their running averages,
// that shards do not matter, and that the function is that of inference.
func TestFixedNorms(t *testing.T) {
	lc := layerCase{"", nn.Shape{H: 5, W: 4, C: 3}, func(g *nn.Graph, x *nn.Node) *nn.Node {
		x = g.Add("relu", nn.Activation{Function: nn.ReLU}, g.Add("norm", nn.BatchNorm{}, x))
		return g.Add("norm2", nn.BatchNorm{}, g.Add("conv", nn.Conv2D{Out: 4, Kernel: 3}, x))
	}}
	const examples = 6
	losses := map[int]float64{}
	for _, shard := range []int{1, 3, 6} {
		g, params := lc.network(t)
		before := params.Digest()
		trainer, err := NewTrainer(g, params, TrainerOptions{
			BatchSize: examples, ShardSize: shard, Workers: 2, Loss: testLoss{}, Optimizer: still{}, FixedNorms: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		step := testStep(g, examples)
		r, err := trainer.Step(step)
		if err != nil {
			t.Fatal(err)
		}
		if params.Digest() != before {
			t.Errorf("shards of %d: running averages have moved", shard)
		}
		losses[shard] = r.LossSum
		inference, err := NewInference(g, params, examples, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer inference.Close()
		outputs, values := make([]float32, 3*examples), make([]float32, examples)
		inference.Run([][]float32{outputs}, step.Images)
		testLoss{}.Evaluate(values, make([]float32, 3*examples), outputs, step.Targets, 3, 1)
		want := 0.0
		for _, v := range values {
			want += float64(v)
		}
		if math.Abs(r.LossSum-want) > 1e-4*want {
			t.Errorf("shards of %d: loss %v, by inference %v", shard, r.LossSum, want)
		}
	}
	if losses[1] != losses[3] || losses[3] != losses[6] {
		t.Errorf("losses by size of shard: %v, want the same", losses)
	}
}

func bitsOf(x []float32) []uint32 {
	bits := make([]uint32, len(x))
	for i, v := range x {
		bits[i] = math.Float32bits(v)
	}
	return bits
}

// TestStepAllocatesNothing runs a network with every kind of segment.
func TestStepAllocatesNothing(t *testing.T) {
	lc := layerCases()[0]
	lc.build = func(g *nn.Graph, x *nn.Node) *nn.Node {
		x = g.Add("conv", nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, x)
		x = g.Add("norm", nn.BatchNorm{}, x)
		x = g.Add("drop", nn.Dropout{Rate: 0.5}, x)
		return g.Add("wide", nn.Linear{Out: 2000}, g.Add("flat", nn.Flatten{}, x))
	}
	for _, workers := range []int{2, 3} { // 3 join at two shards
		g, params := lc.network(t)
		trainer, err := NewTrainer(g, params, TrainerOptions{
			BatchSize: 8, ShardSize: 4, Workers: workers, Loss: testLoss{}, Optimizer: still{}, joinAnyway: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		step := testStep(g, 8)
		if n := testing.AllocsPerRun(5, func() { _, _ = trainer.Step(step) }); n != 0 {
			t.Errorf("a step on %d workers allocates %v times", workers, n)
		}
	}
}

// TestInferenceAgrees compares the inference plan with a training plan whose
// normalisation is frozen, which computes the same function.
func TestInferenceAgrees(t *testing.T) {
	for _, lc := range layerCases() {
		if strings.HasSuffix(lc.name, "Dropout") {
			continue
		}
		t.Run(lc.name, func(t *testing.T) {
			g, params := lc.network(t)
			g = nn.WithSoftmax(g)
			const examples, classes = 19, 3
			step := testStep(g, examples)
			inference, err := NewInference(g, params, examples, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer inference.Close()
			got := make([]float32, examples*classes)
			inference.Run([][]float32{got}, step.Images)
			seen := &spyLoss{}
			trainer, err := NewTrainer(g, params, TrainerOptions{
				BatchSize: examples, ShardSize: examples, Workers: 1, Frozen: frozenLayer(g), Loss: seen, Optimizer: still{},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			if _, err := trainer.Step(step); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if math.Abs(float64(got[i]-seen.outputs[i])) > 1e-5 {
					t.Fatalf("probability %d is %v, the training plan has %v", i, got[i], seen.outputs[i])
				}
			}
			one := make([]float32, classes)
			inference.Run([][]float32{one}, step.Images[:len(step.Images)/examples])
			for i := range one {
				if one[i] != got[i] {
					t.Fatalf("alone an image has probability %v, in a batch %v", one[i], got[i])
				}
			}
		})
	}
}

// frozenLayer freezes the tested layer where it has parameters.
func frozenLayer(g *nn.Graph) []string {
	for _, p := range g.Params {
		if strings.HasPrefix(p.Name, "layer.") {
			return []string{"layer."}
		}
	}
	return nil
}

// spyLoss keeps the outputs that it saw.
type spyLoss struct{ outputs []float32 }

func (l *spyLoss) Evaluate(values, gradient, outputs, _ []float32, _ int, _ float32) {
	l.outputs = append(l.outputs, outputs...)
	clear(values)
	clear(gradient)
}
