package target

import (
	"math"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx"
	"github.com/blocktrain/blocktrain/internal/optimizer"
)

// autoencoder squeezes images of 4x4 through three values.
func autoencoder() *nn.Graph {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	x := g.Add("flatten", nn.Flatten{}, g.Add("normalize", nn.Normalize{}, g.Input()))
	x = g.Add("bottleneck", nn.Linear{Out: 3}, x)
	x = g.Add("up", nn.Linear{Out: 16}, x)
	x = g.Add("image_again", nn.Reshape{To: g.Input().Shape}, x)
	g.Add("values", nn.Activation{Function: nn.Sigmoid}, x)
	return g
}

// bars are images with one bright column each.
func bars() (images []uint8, examples []dataset.Example) {
	for i := range 8 {
		img := imaging.New(4, 4, 1)
		for at := range img.Pix {
			if img.Pix[at] = uint8(20 + 3*i); at%4 == i%4 {
				img.Pix[at] = 230
			}
		}
		images = append(images, img.Pix...)
		examples = append(examples, dataset.Example{Info: dataset.Info{Label: i % 3}, Image: img})
	}
	return images, examples
}

// TestThroughEngine trains, serves, exports and judges a network of each target.
func TestThroughEngine(t *testing.T) {
	for name, g := range map[string]*nn.Graph{"class": classifier(), "image": autoencoder()} {
		t.Run(name, func(t *testing.T) {
			p, task := makeTask(t, name)
			if err := task.Check(g); err != nil {
				t.Fatal(err)
			}
			params := g.NewParameters(1)
			images, examples := bars()
			before := judge(t, task, g, params, images, examples)
			trained := train(t, p, task, g, params, images, examples)
			after := judge(t, task, g, params, images, examples)
			if after.MeanLoss() >= before.MeanLoss() {
				t.Errorf("the loss is %v before training and %v after it", before.MeanLoss(), after.MeanLoss())
			}
			// The figure of training is computed from the same outputs in another precision.
			if f, v := after.Measured(); f != p.Figure || math.Abs(v-trained) > 1e-6 {
				t.Errorf("%s is %v, in training %v", f.Name, v, trained)
			}
			if _, err := onnx.Export(task.Served(g), params, onnx.Options{Name: name}); err != nil {
				t.Error(err)
			}
		})
	}
}

// train takes 30 steps with the target's own loss and returns the mean of the figure
// over one more step that changes nothing.
func train(t *testing.T, p Properties, task Task, g *nn.Graph, params *nn.Parameters, images []uint8, examples []dataset.Example) float64 {
	t.Helper()
	l := makeLoss(t, p.Loss)
	graph, err := task.Trained(g, l)
	if err != nil {
		t.Fatal(err)
	}
	adam, _, err := optimizer.MakeOptimizer("adamw", "")
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := engine.NewTrainer(graph, params, engine.TrainerOptions{
		BatchSize: len(examples), ShardSize: 4, Workers: 2, Loss: l, Optimizer: adam, TargetSize: task.Size(), Figure: task.Figure,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	step := engine.Step{Images: images, Targets: make([]float32, len(examples)*task.Size())}
	for i, e := range examples {
		if err := task.Encode(step.Targets[i*task.Size():][:task.Size()], e); err != nil {
			t.Fatal(err)
		}
	}
	var result engine.Result
	for step.Number = 1; step.Number <= 31; step.Number++ {
		if step.LearningRate = 0.02; step.Number == 31 {
			step.LearningRate = 0
		}
		if result, err = trainer.Step(step); err != nil {
			t.Fatal(err)
		}
	}
	return result.FigureSum / float64(len(examples))
}

// judge counts what the network serves, in batches of three.
func judge(t *testing.T, task Task, g *nn.Graph, params *nn.Parameters, images []uint8, examples []dataset.Example) metric.Result {
	t.Helper()
	inference, err := engine.NewInference(task.Served(g), params, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer inference.Close()
	tally := task.NewTally(len(examples))
	size := g.Input().Shape.Elements()
	for batch := range slices.Chunk(examples, 3) {
		b := Batch{Images: images[:len(batch)*size]}
		images = images[len(batch)*size:]
		for _, e := range batch {
			b.Infos = append(b.Infos, e.Info)
		}
		for _, n := range inference.Sizes() {
			b.Outputs = append(b.Outputs, make([]float32, len(batch)*n))
		}
		inference.Run(b.Outputs, b.Images)
		if err := tally.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	result, err := tally.Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Check(); err != nil {
		t.Fatal(err)
	}
	return result
}
