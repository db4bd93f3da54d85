package train

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
)

var update = flag.Bool("update", false, "add the digests of new models to testdata/contract_models.txt")

const contractModelsFile = "testdata/contract_models.txt"

// contractModel is a line of contractModelsFile: a model in a small size, and what its
// short training comes to.
type contractModel struct {
	name, options string
	input         nn.Shape
	digest        string // empty: not yet known
}

func (c contractModel) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %dx%dx%d %s", c.name, cmp.Or(c.options, "-"), c.input.H, c.input.W, c.input.C, c.digest))
}

// readContractModels reads the file, and returns its comments and its lines.
func readContractModels(t testing.TB) (comments []string, models []contractModel) {
	t.Helper()
	b, err := os.ReadFile(contractModelsFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		var c contractModel
		switch fields := strings.Fields(line); {
		case line == "":
		case strings.HasPrefix(line, "#"):
			comments = append(comments, line)
		case len(fields) < 3 || len(fields) > 4:
			t.Fatalf("%s: want NAME OPTIONS HxWxC DIGEST, found %q", contractModelsFile, line)
		default:
			c.name, c.options = fields[0], strings.TrimPrefix(fields[1], "-")
			if _, err := fmt.Sscanf(fields[2], "%dx%dx%d", &c.input.H, &c.input.W, &c.input.C); err != nil {
				t.Fatalf("%s: %q: want an input as HxWxC: %v", contractModelsFile, line, err)
			}
			c.digest = strings.Join(fields[3:], "")
			models = append(models, c)
		}
	}
	return comments, models
}

// updateContractModels adds to the file what it lacks.
func updateContractModels(t *testing.T) {
	t.Helper()
	lines, models := readContractModels(t)
	for _, c := range completed(t, models, contractModelDigest) {
		lines = append(lines, c.String())
	}
	if err := os.WriteFile(contractModelsFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// completed adds lines for models that have none, and digests to lines without one. A
// digest that is there stays as it is.
func completed(t *testing.T, models []contractModel, digest func(*testing.T, contractModel) string) []contractModel {
	t.Helper()
	models = slices.Clone(models)
	for _, name := range modelsWithout(models) {
		models = append(models, contractModel{name: name, input: smallInput(t, name)})
	}
	for i, c := range models {
		if c.digest == "" {
			models[i].digest = digest(t, c)
		}
	}
	return models
}

// TestUpdateKeepsDigests checks that -update adds digests and changes none.
func TestUpdateKeepsDigests(t *testing.T) {
	_, models := readContractModels(t)
	before := slices.Clone(models[1:])
	before[0].digest = "wrong"
	before[1].digest = ""
	after := completed(t, before, func(*testing.T, contractModel) string { return "new" })
	if after[0] != before[0] || after[1].digest != "new" || after[2] != before[2] {
		t.Errorf("-update makes %v of %v", after[:3], before[:3])
	}
	isFirst := func(c contractModel) bool { return c.name == models[0].name && c.digest == "new" }
	if added := after[len(before):]; !slices.ContainsFunc(added, isFirst) {
		t.Errorf("-update adds %v, want a line for %s", added, models[0].name)
	}
}

// modelsWithout lists the classifiers of the table that are not among models. The loop
// trains classifiers here; package model has the digest of the auto-encoder.
func modelsWithout(models []contractModel) []string {
	var names []string
	for _, m := range model.Modules() {
		made, _, _ := model.MakeModel(m.Name, "")
		isIt := func(c contractModel) bool { return c.name == m.Name }
		if model.TargetOf(made) == "class" && !slices.ContainsFunc(models, isIt) {
			names = append(names, m.Name)
		}
	}
	return names
}

// smallInput is the smallest of a few inputs that a model takes.
func smallInput(t *testing.T, name string) nn.Shape {
	t.Helper()
	for _, input := range []nn.Shape{{H: 12, W: 12, C: 1}, {H: 16, W: 16, C: 1}, {H: 20, W: 20, C: 1}, {H: 32, W: 32, C: 3}} {
		if _, err := must(model.MakeModel(name, ""))(t).Build(input, contractClasses); err == nil {
			return input
		}
	}
	t.Fatalf("model %s takes none of the inputs tried: add a line %q to %s", name, name+" OPTIONS HxWxC", contractModelsFile)
	return nn.Shape{}
}

// contractModelDigest trains a model once, for the digest of a new line.
func contractModelDigest(t *testing.T, c contractModel) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := Run(context.Background(), contractModelJob(t, c, drawn{}, dir, 1)); err != nil {
		t.Fatal(err)
	}
	return contractResult(t, dir)
}

func TestContractModels(t *testing.T) {
	if *update {
		updateContractModels(t)
	}
	_, models := readContractModels(t)
	for i, c := range models {
		if c.isPublished(t) && c.name != quickPublished {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			check := func(how string, dir string) {
				t.Helper()
				if got := contractResult(t, dir); got != c.digest {
					t.Errorf("%s the training came to %s, want %s", how, got, c.digest)
				}
			}
			once := testing.Short() || c.isPublished(t)
			for _, workers := range []int{1, 2, 3, 5} {
				if once && workers != 3 {
					continue
				}
				dir := t.TempDir()
				if _, err := Run(context.Background(), contractModelJob(t, c, drawn{}, dir, workers)); err != nil {
					t.Fatal(err)
				}
				check(fmt.Sprintf("with %d workers", workers), dir)
			}
			if once {
				return
			}
			dir := t.TempDir()
			if _, err := Run(context.Background(), contractModelJob(t, c, hold(drawn{}), dir, 2)); err != nil {
				t.Fatal(err)
			}
			check("with images in RAM", dir)
			dir = t.TempDir()
			interrupt(t, 3, func(n int) Job { return contractModelJob(t, c, drawn{}, dir, 1+n%3) })
			check("interrupted every 3 steps", dir)
			dir = t.TempDir()
			killUntilDone(t, childModel+"="+strconv.Itoa(i), childDir+"="+dir)
			check("killed at random", dir)
		})
	}
	for _, name := range modelsWithout(models) {
		t.Errorf("model %s has no digest in %s: add it with go test ./internal/train -run TestContractModels -update", name, contractModelsFile)
	}
}

// quickPublished is the published network that the ordinary tests train. The others
// have the same layers; the slow tests train them.
const quickPublished = "efficientnet-lite0"

// isPublished says that the model has millions of parameters, so that a training with
// its checkpoints takes seconds.
func (c contractModel) isPublished(t *testing.T) bool {
	t.Helper()
	_, is := must(model.MakeModel(c.name, c.options))(t).(model.Published)
	return is
}

// contractModelJob trains the model of a line of contractModelsFile.
func contractModelJob(t *testing.T, c contractModel, images dataset.Dataset, dir string, workers int) Job {
	t.Helper()
	graph, err := must(model.MakeModel(c.name, c.options))(t).Build(c.input, contractClasses)
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
