package train

import (
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// What testdata/published/golden.py has, which explains it.
const (
	publishedClasses     = 10
	publishedImages      = 4
	publishedProjections = 16
	oddSize              = "61x75"
)

// How far logits, and the gradient of a parameter, may be from those of torchvision and
// timm, relative to their norm.
const (
	logitsTolerance   = 1e-4
	gradientTolerance = 1e-3
)

// slope is a loss whose gradient does not depend on the outputs: their sum, weighed by the
// targets.
type slope struct{}

func (slope) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	for n := range values {
		values[n] = 0
		for i := n * width; i < (n+1)*width; i++ {
			values[n] += targets[i] * outputs[i]
			gradient[i] = targets[i] * scale
		}
	}
}

// still is an optimizer that changes nothing.
type still struct{}

func (still) Slots() []string                             { return nil }
func (still) Begin(int, float32, float32)                 {}
func (still) Apply(_, _ []float32, _ [][]float32, _ bool) {}

// TestPublishedNetworks compares small images of an odd size. The slow tests compare
// all networks.
func TestPublishedNetworks(t *testing.T) { comparePublished(t, "efficientnet-lite0", oddSize) }

// comparePublished compares a network with what is published, for images of a size and in
// both modes of batch normalisation.
func comparePublished(t *testing.T, name, size string) {
	t.Helper()
	golden, err := weights.ReadFile(filepath.Join("testdata/published", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"shard", "fixed"} {
		t.Run(name+"/"+size+"/"+mode, func(t *testing.T) { publishedCase{golden, name, size, mode}.run(t) })
	}
}

type publishedCase struct {
	golden           weights.File
	name, size, mode string
}

func (c publishedCase) run(t *testing.T) {
	graph, params := c.network(t)
	outputs := &keptOutputs{}
	trainer, err := engine.NewTrainer(graph, params, engine.TrainerOptions{
		BatchSize: publishedImages, ShardSize: publishedImages, Workers: 1, Loss: outputs, Optimizer: still{},
		FixedNorms: c.mode == "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	step := engine.Step{Number: 1, Images: photographs(graph.Input().Shape), Targets: make([]float32, publishedImages*publishedClasses)}
	for i := range step.Targets {
		step.Targets[i] = uniform("logits", i)
	}
	if _, err := trainer.Step(step); err != nil {
		t.Fatal(err)
	}
	logits := c.compareLogits(t, "training", outputs.kept)
	if c.mode == "fixed" {
		logits = max(logits, c.compareLogits(t, "inference", infer(t, graph, params, step.Images)))
	}
	t.Logf("largest differences: logits %.1e, gradient %.1e", logits, c.compareGradients(t, params, trainer))
}

// keptOutputs is slope, and keeps the outputs of a step.
type keptOutputs struct {
	slope
	kept []float32
}

func (k *keptOutputs) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	k.kept = append(k.kept, outputs...)
	k.slope.Evaluate(values, gradient, outputs, targets, width, scale)
}

func infer(t *testing.T, graph *nn.Graph, params *nn.Parameters, images []uint8) []float32 {
	t.Helper()
	inference, err := engine.NewInference(graph, params, publishedImages, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	outputs := make([]float32, publishedImages*publishedClasses)
	inference.Run([][]float32{outputs}, images)
	return outputs
}

// network builds the network and gives it the values that golden.py draws.
func (c publishedCase) network(t *testing.T) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	input := nn.Shape{C: 3}
	if _, err := fmt.Sscanf(c.size, "%dx%d", &input.H, &input.W); err != nil {
		t.Fatal(err)
	}
	made, _, err := model.MakeModel(c.name, "dropout=0")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := made.Build(input, publishedClasses)
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParameters(1)
	for _, p := range graph.Params {
		c.draw(params.Of(p), p)
	}
	return graph, params
}

// draw gives a parameter the values that golden.py says.
func (c publishedCase) draw(values []float32, p *nn.Param) {
	if strings.HasPrefix(p.Name, "normalize.") || len(p.Shape) > 1 {
		drawParameter(values, p)
		return
	}
	centre, width := c.spread(p.Name)
	for i := range values {
		values[i] = float32(centre + float64(width*float64(uniform(p.Name, i))))
	}
}

func (c publishedCase) spread(name string) (centre, width float64) {
	parts := strings.Split(strings.Replace(name, ".norm.", ".", 1), ".")
	layer, last := parts[len(parts)-2], parts[len(parts)-1]
	bare := []string{"project", "conv2", "head"}
	if c.name == "resnet50" {
		bare[1] = "conv3"
	}
	switch {
	case last == "running_variance":
		centre = 20
		switch layer {
		case "stem":
			centre = 2
		case "expand", "top":
			centre = 2.5
		}
		return centre, centre / 4
	case last == "weight":
		return 0.75, 0.25
	case last == "bias" && !slices.Contains(bare, layer):
		if c.name == "resnet50" {
			return 6, 0.25
		}
		return 3, 0.25
	}
	return 0, 0.125
}

// photographs are large squares with noise.
func photographs(s nn.Shape) []uint8 {
	const squares = 8
	images := make([]uint8, publishedImages*s.Elements())
	coarse, noise := hasher("coarse"), hasher("noise")
	for i := range images {
		c, x, y, n := i%s.C, i/s.C%s.W, i/s.C/s.W%s.H, i/s.Elements()
		at := ((n*squares+y*squares/s.H)*squares+x*squares/s.W)*s.C + c
		images[i] = uint8((3*(coarse(at)>>24) + noise(i)>>24) >> 2)
	}
	return images
}

// hasher returns a function of 32 bits for each position: see golden.py.
func hasher(name string) func(i int) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash's Write cannot fail
	seed := h.Sum32()
	return func(i int) uint32 {
		x := seed + uint32(i)*0x9E3779B9
		x = (x ^ x>>16) * 0x85EBCA6B
		x = (x ^ x>>13) * 0xC2B2AE35
		return x ^ x>>16
	}
}

func (c publishedCase) tensor(t *testing.T, name string) []float32 {
	t.Helper()
	tensor, found := c.golden.Find(c.size + "/" + c.mode + "/" + name)
	if !found {
		t.Fatalf("there is no %s for %s in mode %s", name, c.size, c.mode)
	}
	return tensor.Data
}

func (c publishedCase) compareLogits(t *testing.T, plan string, got []float32) float64 {
	t.Helper()
	want := c.tensor(t, "logits")
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	differences := make([]float32, len(got))
	for i := range got {
		differences[i] = got[i] - want[i]
	}
	difference := math.Sqrt(kernel.SumSquares(differences) / kernel.SumSquares(want))
	if !(difference <= logitsTolerance) {
		t.Errorf("logits of the plan for %s differ by %.2g of their norm", plan, difference)
	}
	return difference
}

// compareGradients returns the largest difference of a gradient, relative to its norm.
func (c publishedCase) compareGradients(t *testing.T, params *nn.Parameters, trainer *engine.Trainer) float64 {
	t.Helper()
	names, rows := strings.Fields(c.golden.Metadata["names"]), c.tensor(t, "gradients")
	least, worst := leastNorm(rows), 0.0
	for _, p := range params.All() {
		if !p.Trainable {
			continue
		}
		i := slices.Index(names, p.Name)
		if i < 0 {
			t.Errorf("%s is not among the published parameters", p.Name)
			continue
		}
		names[i] = ""
		want := rows[i*(1+publishedProjections):][:1+publishedProjections]
		difference := distance(projections(p.Name, trainer.Gradient(p)), want, least)
		if worst = max(worst, difference); !(difference <= gradientTolerance) {
			t.Errorf("the gradient of %s differs by %.2g of its norm", p.Name, difference)
		}
	}
	if left := strings.Fields(strings.Join(names, " ")); len(left) > 0 {
		t.Errorf("published parameters %v are not in this model", left)
	}
	return worst
}

// projections are the norm of a gradient and its sums with signs: see golden.py.
func projections(name string, gradient []float32) []float64 {
	sums := make([]float64, 1+publishedProjections)
	hash := hasher("signs " + name)
	for i, v := range gradient {
		h := hash(i) >> 16
		for k := range publishedProjections {
			if h>>k&1 == 1 {
				sums[1+k] -= float64(v)
			} else {
				sums[1+k] += float64(v)
			}
		}
	}
	sums[0] = math.Sqrt(kernel.SumSquares(gradient))
	return sums
}

// leastNorm is a thousandth of the norm of all gradients together. A bias in front of a
// convolution and a normalisation to the statistics of the shard has none but for
// rounding errors.
func leastNorm(rows []float32) float64 {
	squares := 0.0
	for i := 0; i < len(rows); i += 1 + publishedProjections {
		squares += float64(float64(rows[i]) * float64(rows[i]))
	}
	return 0.001 * math.Sqrt(squares)
}

// distance is the difference of the norms of two gradients, or the estimate of the norm
// of their difference if that is larger, relative to the norm that is wanted, or to least
// where that is larger.
func distance(got []float64, want []float32, least float64) float64 {
	squares := 0.0
	for k := range publishedProjections {
		d := got[1+k] - float64(want[1+k])
		squares += float64(d * d)
	}
	norm := float64(want[0])
	return max(math.Abs(got[0]-norm), math.Sqrt(squares/publishedProjections)) / max(norm, least)
}
