package train

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// pytorchTolerance is how far, relative to its size, a loss or the norm of a
// tensor's difference may be from PyTorch's.
const pytorchTolerance = 1e-4

// pytorchCase is a training in testdata/pytorch/golden.py, which explains it.
type pytorchCase struct {
	Model            string    `json:"model"`
	Options          string    `json:"options"`
	Input            [3]int    `json:"input"` // height, width, channels
	Classes          int       `json:"classes"`
	Batch            int       `json:"batch"`
	Shard            int       `json:"shard"`
	Optimizer        string    `json:"optimizer"`
	OptimizerOptions string    `json:"optimizer_options"`
	LearningRate     float32   `json:"learning_rate"`
	WeightDecay      float32   `json:"weight_decay"`
	GradientClip     float32   `json:"gradient_clip"`
	Losses           []float64 `json:"losses"` // of each step

	tensors weights.File
}

// TestPyTorch trains models as PyTorch did.
func TestPyTorch(t *testing.T) {
	paths, err := filepath.Glob("testdata/pytorch/*.safetensors")
	if err != nil || len(paths) != 7 {
		t.Fatalf("found %v, %v; want 7 files", paths, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".safetensors")
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !strings.HasPrefix(name, "mobilenet") {
				t.Skip("not a small case")
			}
			t.Parallel()
			readPyTorchCase(t, path).run(t)
		})
	}
}

func readPyTorchCase(t *testing.T, path string) *pytorchCase {
	t.Helper()
	file, err := weights.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &pytorchCase{tensors: file}
	if err := json.Unmarshal([]byte(file.Metadata["case"]), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *pytorchCase) run(t *testing.T) {
	graph, params := c.network(t)
	trainer := c.trainer(t, graph, params)
	worstLoss, worst := 0.0, map[string]float64{}
	for step, want := range c.Losses {
		result, err := trainer.Step(c.step(step))
		if err != nil {
			t.Fatal(err)
		}
		got := result.LossSum / float64(c.Batch)
		difference := math.Abs(got-want) / want
		if worstLoss = max(worstLoss, difference); difference > pytorchTolerance {
			t.Errorf("step %d: loss %v, PyTorch has %v", step+1, got, want)
		}
		if step == 0 {
			worst["gradient"] = c.compareAll(t, "gradient/", params, trainer.Gradient)
		}
	}
	worst["running"] = c.compareAll(t, "running/", params, params.Of)
	worst["probabilities"] = c.compare(t, "probabilities", c.probabilities(t, graph, params), 0)
	t.Logf("largest differences: loss %.1e, gradient %.1e, running averages %.1e, probabilities %.1e",
		worstLoss, worst["gradient"], worst["running"], worst["probabilities"])
}

// network builds the model and gives it the values that golden.py draws.
func (c *pytorchCase) network(t *testing.T) (*nn.Graph, *nn.Parameters) {
	t.Helper()
	m, _, err := model.MakeModel(c.Model, c.Options)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := m.Build(nn.Shape{H: c.Input[0], W: c.Input[1], C: c.Input[2]}, c.Classes)
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParameters(1)
	for _, p := range graph.Params {
		drawParameter(params.Of(p), p)
	}
	return graph, params
}

func drawParameter(values []float32, p *nn.Param) {
	centre, width := float32(0), float32(0.125)
	switch {
	case p.Name == "normalize.scale":
		centre, width = 1.0/64, 0
	case p.Name == "normalize.offset":
		centre, width = -2, 0
	case len(p.Shape) > 1:
		fanIn := p.Elements() / p.Shape[len(p.Shape)-1]
		width = float32(math.Sqrt(6 / float64(fanIn)))
	case strings.HasSuffix(p.Name, "norm.weight"), strings.HasSuffix(p.Name, "running_variance"):
		centre, width = 1, 0.25
	}
	for i := range values {
		values[i] = centre + float32(width*uniform(p.Name, i))
	}
}

// uniform is a multiple of 2^-23 in [-1, 1): a hash of the name and the position.
func uniform(name string, i int) float32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash's Write cannot fail
	x := h.Sum32() + uint32(i)*0x9E3779B9
	x = (x ^ x>>16) * 0x85EBCA6B // the finalizer of MurmurHash3
	x = (x ^ x>>13) * 0xC2B2AE35
	x ^= x >> 16
	return float32(x>>8)/(1<<23) - 1
}

func (c *pytorchCase) trainer(t *testing.T, graph *nn.Graph, params *nn.Parameters) *engine.Trainer {
	t.Helper()
	crossEntropy, _, err := loss.MakeLoss("cross-entropy", "")
	if err != nil {
		t.Fatal(err)
	}
	update, _, err := optimizer.MakeOptimizer(c.Optimizer, c.OptimizerOptions)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := engine.NewTrainer(graph, params, engine.TrainerOptions{
		BatchSize: c.Batch, ShardSize: c.Shard, Workers: 2, Loss: crossEntropy, Optimizer: update,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

func (c *pytorchCase) step(step int) engine.Step {
	number := string(rune('0' + step))
	targets := make([]float32, c.Batch*c.Classes)
	for i := range c.Batch {
		label := int(math.Floor(float64((uniform("labels "+number, i) + 1) / 2 * float32(c.Classes))))
		targets[i*c.Classes+label] = 1
	}
	return engine.Step{
		Number: step + 1, Images: c.images("images " + number), Targets: targets,
		LearningRate: c.LearningRate, WeightDecay: c.WeightDecay, GradientClip: c.GradientClip,
	}
}

func (c *pytorchCase) images(name string) []uint8 {
	images := make([]uint8, c.Batch*c.Input[0]*c.Input[1]*c.Input[2])
	for i := range images {
		images[i] = uint8((uniform(name, i) + 1) * 128)
	}
	return images
}

// probabilities are those of the first batch, from the plan for inference.
func (c *pytorchCase) probabilities(t *testing.T, graph *nn.Graph, params *nn.Parameters) []float32 {
	t.Helper()
	inference, err := engine.NewInference(nn.WithSoftmax(graph), params, c.Batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	probabilities := make([]float32, c.Batch*c.Classes)
	inference.Run([][]float32{probabilities}, c.images("images 0"))
	return probabilities
}

// compareAll compares the tensors whose names begin with prefix and returns the
// largest difference. Every trainable parameter has a gradient among them.
//
// A tensor's difference is seen relative to its own norm, or to a thousandth of
// the norm of all tensors together where it is smaller than that: the gradient
// of a bias in front of a normalisation is zero but for rounding errors.
func (c *pytorchCase) compareAll(t *testing.T, prefix string, params *nn.Parameters, got func(*nn.Param) []float32) float64 {
	t.Helper()
	worst, compared := 0.0, 0
	least := 0.001 * math.Sqrt(c.squares(prefix))
	for _, p := range params.All() {
		_, found := c.tensors.Find(prefix + p.Name)
		if found {
			worst = max(worst, c.compare(t, prefix+p.Name, got(p), least))
			compared++
		} else if prefix == "gradient/" && p.Trainable {
			t.Errorf("PyTorch has no gradient of %s", p.Name)
		}
	}
	stored := 0
	for _, tensor := range c.tensors.Tensors {
		if strings.HasPrefix(tensor.Name, prefix) {
			stored++
		}
	}
	if compared != stored {
		t.Errorf("%d of PyTorch's %d tensors %s* are not in this model", stored-compared, stored, prefix)
	}
	return worst
}

// squares adds up the squares of all tensors whose names begin with prefix.
func (c *pytorchCase) squares(prefix string) float64 {
	sum := 0.0
	for _, tensor := range c.tensors.Tensors {
		if strings.HasPrefix(tensor.Name, prefix) {
			sum += kernel.SumSquares(tensor.Data)
		}
	}
	return sum
}

// compare returns the norm of the difference over the norm of what PyTorch has,
// or over least where that is larger.
func (c *pytorchCase) compare(t *testing.T, name string, got []float32, least float64) float64 {
	t.Helper()
	want, _ := c.tensors.Find(name)
	if len(got) != len(want.Data) {
		t.Errorf("%s has %d values, PyTorch has %v", name, len(got), want.Shape)
		return 1
	}
	differences := make([]float32, len(got))
	for i, v := range want.Data {
		differences[i] = got[i] - v
	}
	difference := math.Sqrt(kernel.SumSquares(differences)) / max(math.Sqrt(kernel.SumSquares(want.Data)), least)
	if !(difference <= pytorchTolerance) {
		t.Errorf("%s differs from PyTorch's by %.2g of its norm", name, difference)
	}
	return difference
}

// TestPyTorchFilesAreSmall keeps the repository so.
func TestPyTorchFilesAreSmall(t *testing.T) {
	entries, err := os.ReadDir("testdata/pytorch")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 1_500_000 {
		t.Errorf("testdata/pytorch has %d bytes, want at most 1.5 million", total)
	}
}
