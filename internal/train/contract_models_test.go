package train

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// contractModels is what a short training of every model comes to, in a small size;
// see contractDigest.
var contractModels = []struct {
	model, options string
	input          nn.Shape
	digest         string
}{
	{"linear", "", nn.Shape{H: 12, W: 12, C: 1}, "1ffd832f5d6ffe25a9be66cded7224eb15049b59be355af65183db4ca251eb8e"},
	{"mlp", "", nn.Shape{H: 12, W: 12, C: 1}, "edc8c25a01ad0fe27b424c630f84f3a34e91ec1b5af1f311753c652cd58b9fc6"},
	{"lenet5", "", nn.Shape{H: 16, W: 16, C: 1}, "8c0a988d0a354ac98fa605ba46a7453f5657cf42d534fee7cade392298ae14a3"},
	{"cnn", "", nn.Shape{H: 10, W: 10, C: 1}, "9a7cacc1917b0b66b7e11af7ca02f48283c1c8a53147fc73b478451e0ee658bb"},
	{"fast", "", nn.Shape{H: 20, W: 20, C: 1}, "f99478c08473c04ba123e29b4af5018d9c0a73307c4c033b96e506819c7942cb"},
	{"vgg-small", "", nn.Shape{H: 16, W: 16, C: 1}, "72342c22215828481b56208e095f95a754191348b07b2ae6dc75ec47b63c436a"},
	{"resnet20", "width=8", nn.Shape{H: 12, W: 12, C: 3}, "09830789604d4aab0b839448760ed6c8e72a4706e294ffbd50becf93df68fdb2"},
	{"mobilenet-small", "width=8", nn.Shape{H: 12, W: 12, C: 3}, "f26cb59d759cc063d4a6af6f24878188f2983563991458a2fd1756e14b3df679"},
}

func TestContractModels(t *testing.T) {
	var names []string
	for i, c := range contractModels {
		names = append(names, c.model)
		t.Run(c.model, func(t *testing.T) {
			check := func(how string, dir string) {
				t.Helper()
				if got := contractResult(t, dir); got != c.digest {
					t.Errorf("%s the training came to %s, want %s", how, got, c.digest)
				}
			}
			for _, workers := range []int{1, 2, 3, 5} {
				if testing.Short() && workers != 3 {
					continue
				}
				dir := t.TempDir()
				if _, err := Run(context.Background(), contractModelJob(t, i, drawn{}, dir, workers)); err != nil {
					t.Fatal(err)
				}
				check(fmt.Sprintf("with %d workers", workers), dir)
			}
			if testing.Short() {
				return
			}
			dir := t.TempDir()
			if _, err := Run(context.Background(), contractModelJob(t, i, hold(drawn{}), dir, 2)); err != nil {
				t.Fatal(err)
			}
			check("with images in RAM", dir)
			dir = t.TempDir()
			interrupt(t, 3, func(n int) Job { return contractModelJob(t, i, drawn{}, dir, 1+n%3) })
			check("interrupted every 3 steps", dir)
			dir = t.TempDir()
			killUntilDone(t, childModel+"="+strconv.Itoa(i), childDir+"="+dir)
			check("killed at random", dir)
		})
	}
	for _, m := range model.Modules() {
		if made, _, _ := model.MakeModel(m.Name, ""); model.TargetOf(made) != "class" {
			continue // the loop trains classifiers; package model has its digest
		}
		if !slices.Contains(names, m.Name) {
			t.Errorf("model %s has no digest here", m.Name)
		}
	}
}

// contractModelJob trains one of contractModels.
func contractModelJob(t *testing.T, i int, images dataset.Dataset, dir string, workers int) Job {
	t.Helper()
	c := contractModels[i]
	graph, err := must(model.MakeModel(c.model, c.options))(t).Build(c.input, contractClasses)
	if err != nil {
		t.Fatal(err)
	}
	pipeline, err := augment.Parse("shift:pixels=1,rotate:degrees=15")
	if err != nil {
		t.Fatal(err)
	}
	job := testJob(t, graph, images, dir)
	job.Options = Options{
		Epochs: 2, BatchSize: 16, ShardSize: 4, Seed: 7, LearningRate: 5e-3, WeightDecay: 0.05,
		GradientClip: 1, EMA: 0.9, Stopping: Stopping{Monitor: ValidationLoss}, Workers: workers,
	}
	job.Train.Augment, job.Train.Workers = pipeline, workers
	return job
}
