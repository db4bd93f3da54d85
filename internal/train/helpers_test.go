package train

import (
	"context"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/target"
)

// must turns the result of a factory into a value or the end of the test.
func must[T any](value T, _ map[string]string, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// watch is an Observer made of functions, any of which may be nil.
type watch struct {
	step  func()
	epoch func(e metric.Epoch, best bool)
}

func (w watch) Step(int, int, int, float64) {
	if w.step != nil {
		w.step()
	}
}

func (w watch) Features(int, int, int)   {}
func (w watch) Validation(int, int, int) {}

func (w watch) Epoch(e metric.Epoch, _ int, best bool) {
	if w.epoch != nil {
		w.epoch(e, best)
	}
}

// testJob trains on the first contractTrain examples of d and validates with the
// others.
func testJob(t testing.TB, g *nn.Graph, d dataset.Dataset, dir string) Job {
	t.Helper()
	shape := g.Input().Shape
	rule := imaging.Rule{Width: shape.W, Height: shape.H, Channels: shape.C, Mode: imaging.Stretch}
	order := dataset.Shuffled(indexes(d.Len()), 1, 0)
	job := Job{
		Options: Options{
			Epochs: 2, BatchSize: 16, ShardSize: 4, Seed: 1, LearningRate: 0.01, Workers: 2,
			Stopping: Stopping{Monitor: ValidationLoss},
		},
		Dir: dir, Graph: g, Params: g.NewParameters(1), Observer: watch{},
		Loss:      must(loss.MakeLoss("cross-entropy", ""))(t),
		Optimizer: must(optimizer.MakeOptimizer("adamw", ""))(t),
		Schedule:  must(optimizer.MakeSchedule("one-cycle", ""))(t),
		Train:     &dataset.Loader{Dataset: d, Rule: rule, Seed: 1, Workers: 2},
		TrainList: order[:contractTrain],
	}
	learn(t, &job, metric.TargetClass)
	validateWith(&job, d)
	return job
}

// learn has a job learn a target.
func learn(t testing.TB, job *Job, name string) {
	t.Helper()
	made, err := target.MakeTarget(name)
	if err != nil {
		t.Fatal(err)
	}
	job.Target = made.Properties()
	if job.Task, err = made.Task(job.Graph.Input().Shape, job.Train.Dataset.Classes()); err != nil {
		t.Fatal(err)
	}
}

// validateWith has a job validate with those examples of d that testJob does not train
// on.
func validateWith(job *Job, d dataset.Dataset) {
	j := *job
	job.NewValidator = func(params *nn.Parameters) (Validator, error) {
		data := &dataset.Loader{Dataset: d, Rule: j.Train.Rule, Workers: j.Train.Workers}
		inference, err := engine.NewInference(j.Task.Served(j.Graph), params, contractTrain, j.Train.Workers)
		return &validator{j.Task, inference, data, dataset.Shuffled(indexes(d.Len()), 1, 0)[contractTrain:]}, err
	}
}

// validator is what package classifier does, which lies above.
type validator struct {
	task target.Task
	*engine.Inference
	data *dataset.Loader
	list []int
}

func (v *validator) Validate(ctx context.Context, _ func(done, total int)) (metric.Result, error) {
	v.Refresh()
	tally := v.task.NewTally(len(v.list))
	for batch, err := range v.data.Batches(ctx, v.list, 0, 0, v.BatchSize()) {
		if err != nil {
			return nil, err
		}
		scored := target.Batch{Images: batch.Images}
		for _, i := range batch.Indexes {
			scored.Infos = append(scored.Infos, v.data.Dataset.Info(i))
		}
		for _, size := range v.Sizes() {
			scored.Outputs = append(scored.Outputs, make([]float32, batch.N*size))
		}
		v.Run(scored.Outputs, batch.Images)
		if err := tally.Add(scored); err != nil {
			return nil, err
		}
	}
	return tally.Result()
}

// drawn is a dataset in memory: the images of the contract test.
type drawn struct{}

func (drawn) Len() int                           { return contractTrain + contractValid }
func (drawn) Info(i int) dataset.Info            { return dataset.Info{Label: i % contractClasses} }
func (drawn) Source(int) string                  { return "drawn" }
func (drawn) Image(i int) (imaging.Image, error) { return contractImage(i), nil }
func (drawn) Classes() []string                  { return []string{"a", "b", "c", "d"} }
func (drawn) Digest() string                     { return "drawn" }

// held is the drawn dataset with its images drawn once.
type held struct {
	drawn
	images []imaging.Image
}

func hold(d drawn) held {
	h := held{drawn: d}
	for i := range d.Len() {
		h.images = append(h.images, contractImage(i))
	}
	return h
}

func (h held) Image(i int) (imaging.Image, error) { return h.images[i], nil }

// smallGraph is one linear layer behind a batch normalisation.
func smallGraph(t testing.TB) *nn.Graph {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: contractSize, W: contractSize, C: 1})
	x := g.Add("norm", nn.BatchNorm{}, g.Add("normalize", nn.Normalize{}, g.Input()))
	g.Add("head", nn.Linear{Out: contractClasses}, g.Add("flatten", nn.Flatten{}, x))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

// smallJob trains smallGraph in dir.
func smallJob(t testing.TB, dir string) Job {
	t.Helper()
	return testJob(t, smallGraph(t), drawn{}, dir)
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
