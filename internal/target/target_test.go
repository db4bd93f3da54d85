package target

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

var abc = []string{"a", "b", "c"}

func makeTask(t *testing.T, name string) (Properties, Task) {
	t.Helper()
	made, err := MakeTarget(name)
	if err != nil {
		t.Fatal(err)
	}
	task, err := made.Task(nn.Shape{H: 4, W: 4, C: 1}, abc)
	if err != nil {
		t.Fatal(err)
	}
	return made.Properties(), task
}

func makeLoss(t *testing.T, name string) loss.Loss {
	t.Helper()
	l, _, err := loss.MakeLoss(name, "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func makeCriterion(t *testing.T, name string) criterion.Criterion {
	t.Helper()
	c, _, err := criterion.MakeCriterion(name, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// classifier has three outputs, painter one for each of the image's values.
func classifier() *nn.Graph {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	g.Add("fc", nn.Linear{Out: 3}, g.Add("flatten", nn.Flatten{}, g.Input()))
	return g
}

func painter() *nn.Graph {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	g.Add("conv", nn.Conv2D{Out: 1, Kernel: 3, Padding: 1}, g.Input())
	return g
}

// TestPairs tries every target with every loss, criterion and monitor, and with graphs of
// every target. What does not fit is refused by both names, with what would.
func TestPairs(t *testing.T) {
	addGrid(t)
	graphs := map[string]*nn.Graph{"class": classifier(), "image": painter(), "grid": detector(gridValues)}
	refused := map[string]string{
		"class loss":      "",
		"image loss":      "loss %s does not fit target image: want mse",
		"grid loss":       "loss %s does not fit target grid: want mse",
		"class criterion": "criterion %s does not fit target class, which has min_per_class_accuracy, min_test_accuracy, min_unseen_accuracy, min_test_examples, max_inference_ratio, max_inference_time_ms, max_model_size_mb, onnx_agreement, no_regression",
		"image criterion": "criterion %s does not fit target image, which has max_reconstruction_error, min_test_examples, max_inference_ratio, max_inference_time_ms, max_model_size_mb, onnx_agreement",
		"grid criterion":  "criterion %s does not fit target grid, which has max_inference_ratio, max_inference_time_ms, max_model_size_mb",
		"class monitor":   "monitor %s does not fit target class: want validation_loss or validation_accuracy",
		"image monitor":   "monitor %s does not fit target image: want validation_loss or validation_error",
		"grid monitor":    "monitor %s does not fit target grid: want validation_loss or validation_found",
		"class graph":     "but target class has the shape 1x1x3, one value for each class: use a model for target class",
		"image graph":     "but target image has the shape 4x4x1, that of the image: use a model for target image",
		"grid graph":      "but target grid has the shape 2x2x3, three values for each cell: use a model for target grid",
	}
	for _, d := range Modules() {
		p, task := makeTask(t, d.Name)
		check := func(kind, name string, fits bool, err error) {
			want := strings.Replace(refused[d.Name+" "+kind], "%s", name, 1)
			switch {
			case fits && err != nil:
				t.Errorf("target %s, %s %s: %v", d.Name, kind, name, err)
			case !fits && (err == nil || want == "" || !strings.Contains(err.Error(), want)):
				t.Errorf("target %s, %s %s: error is %v, want one with %q", d.Name, kind, name, err, want)
			}
		}
		for _, l := range loss.Modules() {
			made := makeLoss(t, l.Name)
			check("loss", l.Name, d.Name == "class" || l.Name == "mse", p.CheckLoss(l.Name, made))
			if _, err := task.Trained(graphs[d.Name], made); (err == nil) != (d.Name == "class" || l.Name == "mse") {
				t.Errorf("target %s is trained with the loss %s: %v", d.Name, l.Name, err)
			}
		}
		for _, c := range criterion.Modules() {
			fits := slices.Contains(criterion.Fitting(p.Measurements), c.Name)
			check("criterion", c.Name, fits, p.CheckCriteria([]criterion.Criterion{makeCriterion(t, c.Name)}))
		}
		for _, m := range []string{"validation_loss", "validation_accuracy", "validation_error", "validation_found", "train_loss"} {
			check("monitor", m, m == "validation_loss" || m == "validation_"+p.Figure.Name, p.CheckMonitor(m))
		}
		for other, g := range graphs {
			check("graph", other, other == d.Name, task.Check(g))
		}
	}
}

// TestDefaults checks that what a target uses by default fits it.
func TestDefaults(t *testing.T) {
	addGrid(t)
	for _, d := range Modules() {
		p, _ := makeTask(t, d.Name)
		var criteria []criterion.Criterion
		for _, name := range p.Criteria {
			criteria = append(criteria, makeCriterion(t, name))
		}
		l := makeLoss(t, p.Loss)
		if err := p.CheckCriteria(criteria); err != nil || len(criteria) == 0 {
			t.Errorf("%d criteria, %v", len(criteria), err)
		}
		if err := p.CheckLoss(p.Loss, l); err != nil {
			t.Error(err)
		}
		if err := p.CheckMonitor(p.Monitors()[0]); err != nil || p.LargerIsBetter(p.Monitors()[0]) {
			t.Errorf("default monitor of %s: %v", d.Name, err)
		}
		if p.LargerIsBetter(p.Figure.Monitor()) != p.Figure.LargerIsBetter {
			t.Errorf("the figure of %s is better in the wrong direction", d.Name)
		}
		made, err := MakeTarget(d.Name)
		if err != nil || p.Name != d.Name || made.Blank() == nil || p.Prose.What == "" || p.Prose.Gives == "" || p.Prose.Task == "" {
			t.Errorf("%s: %v, %+v", d.Name, err, p)
		}
	}
	if _, err := MakeTarget("imge"); err == nil || !strings.Contains(err.Error(), `unknown target "imge": did you mean image?`) {
		t.Errorf("error is %v", err)
	}
}

func TestMixup(t *testing.T) {
	classes, _ := makeTask(t, "class")
	images, _ := makeTask(t, "image")
	for _, test := range []struct {
		p                Properties
		name, loss, want string
	}{
		{classes, "mixup", "cross-entropy", ""},
		{classes, "mixup", "mse", "augmentation mixup needs the loss cross-entropy"},
		{classes, "cutmix", "mse", "augmentation cutmix needs the loss cross-entropy"},
		{images, "mixup", "mse", "augmentation mixup does not fit target image: leave it out"},
	} {
		err := test.p.CheckMixup(test.name, makeLoss(t, test.loss))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s, %s: error is %v, want %q", test.p.Name, test.loss, err, test.want)
		}
	}
}

func TestTaskRefuses(t *testing.T) {
	for want, test := range map[string]struct {
		name    string
		input   nn.Shape
		classes []string
	}{
		`0 class []: target class needs at least two classes`:      {"class", nn.Shape{H: 4, W: 4, C: 1}, nil},
		`1 class ["cat"]: target class needs at least two classes`: {"class", nn.Shape{H: 4, W: 4, C: 1}, []string{"cat"}},
		`target image needs images, has the shape 0x4x1`:           {"image", nn.Shape{W: 4, C: 1}, nil},
	} {
		made, err := MakeTarget(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := made.Task(test.input, test.classes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestEncode(t *testing.T) {
	img := imaging.New(4, 4, 1)
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 17)
	}
	_, classes := makeTask(t, "class")
	got := []float32{9, 9, 9}
	if err := classes.Encode(got, dataset.Example{Info: dataset.Info{Label: 1}, Image: img}); err != nil || !slices.Equal(got, []float32{0, 1, 0}) {
		t.Errorf("%v, %v", got, err)
	}
	_, images := makeTask(t, "image")
	values := make([]float32, images.Size())
	if err := images.Encode(values, dataset.Example{Image: img}); err != nil || values[0] != 0 || values[15] != 1 {
		t.Errorf("%v, %v", values, err)
	}
	for i, v := range values {
		if math.Abs(float64(v)-float64(i)/15) > 1e-7 {
			t.Errorf("value %d is %v", i, v)
		}
	}
	for want, err := range map[string]error{
		"label 3: want 0 to 2, for the target has 3 classes":  classes.Encode(got, dataset.Example{Info: dataset.Info{Label: 3}}),
		"its image is 2x4x1 with 8 bytes, want 4x4x1":         images.Encode(values, dataset.Example{Image: imaging.New(4, 2, 1)}),
		"its image is 4x4x3 with 48 bytes, want 4x4x1":        images.Encode(values, dataset.Example{Image: imaging.New(4, 4, 3)}),
		"label -1: want 0 to 2, for the target has 3 classes": classes.Encode(got, dataset.Example{Info: dataset.Info{Label: -1}}),
		"its image is 0x0x0 with 0 bytes, want 4x4x1":         images.Encode(values, dataset.Example{}),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestPixels(t *testing.T) {
	nan := float32(math.NaN())
	img := Pixels([]float32{0, 1, 0.5, -1, 2, nan}, imaging.New(3, 2, 1))
	if want := []uint8{0, 255, 128, 0, 255, 0}; !slices.Equal(img.Pix, want) || img.Width != 3 || img.Height != 2 {
		t.Errorf("%v, want %v", img, want)
	}
}

func TestServed(t *testing.T) {
	names := func(g *nn.Graph) string {
		var all []string
		for _, o := range g.Outputs {
			all = append(all, o.Name+" "+o.Node.Shape.String())
		}
		return strings.Join(all, ", ")
	}
	_, classes := makeTask(t, "class")
	_, images := makeTask(t, "image")
	g, p := classifier(), painter()
	for want, served := range map[string]*nn.Graph{
		"probabilities 1x1x3":               classes.Served(g),
		"reconstruction 4x4x1, score 1x1x1": images.Served(p),
	} {
		if got := names(served); got != want || served.Err() != nil {
			t.Errorf("%s is served, %v, want %s", got, served.Err(), want)
		}
	}
	if again := classes.Served(classes.Served(g)); len(again.Nodes) != len(g.Nodes)+1 {
		t.Errorf("a network with a Softmax has %d nodes, want %d", len(again.Nodes), len(g.Nodes)+1)
	}
	for name, want := range map[string]int{"cross-entropy": len(g.Nodes), "focal": len(g.Nodes), "nll": len(g.Nodes) + 1, "mse": len(g.Nodes) + 1} {
		if trained, err := classes.Trained(g, makeLoss(t, name)); err != nil || len(trained.Nodes) != want {
			t.Errorf("%s: %d nodes, want %d, %v", name, len(trained.Nodes), want, err)
		}
	}
	if trained, err := images.Trained(p, makeLoss(t, "mse")); err != nil || trained != p {
		t.Errorf("an auto-encoder is not trained as it is: %v", err)
	}
	if len(g.Outputs)+len(p.Outputs) > 0 {
		t.Error("serving has changed the networks themselves")
	}
}

// TestTallies checks that batches give what the whole gives.
func TestTallies(t *testing.T) {
	probabilities := []float32{0.5, 0.25, 0.25, 0.125, 0.75, 0.125, 0.25, 0.5, 0.25}
	infos := []dataset.Info{{Label: 0}, {Label: 1}, {Label: 2}}
	scores := []float32{0.25, 0.5, 0.125}
	_, classes := makeTask(t, "class")
	_, images := makeTask(t, "image")
	c, i := classes.NewTally(3), images.NewTally(0)
	for n := range infos {
		if err := c.Add(Batch{Infos: infos[n : n+1], Outputs: [][]float32{probabilities[n*3:][:3]}}); err != nil {
			t.Fatal(err)
		}
		if err := i.Add(Batch{Infos: infos[n : n+1], Outputs: [][]float32{make([]float32, 16), scores[n : n+1]}}); err != nil {
			t.Fatal(err)
		}
	}
	evaluation, err := metric.Evaluate(probabilities, []int{0, 1, 2}, abc)
	if err != nil {
		t.Fatal(err)
	}
	reconstruction, err := metric.EvaluateScores(scores)
	if err != nil {
		t.Fatal(err)
	}
	for tally, want := range map[Tally]metric.Result{c: evaluation, i: reconstruction} {
		got, err := tally.Result()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if got := classes.Figure([]float32{1, 2, 0}, []float32{0, 1, 0}) + classes.Figure([]float32{3, 2, 0}, []float32{0, 1, 0}); got != 1 {
		t.Errorf("one of two is right, counted are %v", got)
	}
	if got := images.Figure([]float32{1, 0.5}, []float32{0, 0}); got != 0.625 {
		t.Errorf("error is %v", got)
	}
}

func TestTalliesRefuse(t *testing.T) {
	for name, want := range map[string]string{"class": "output probabilities has 0 values for 1 examples, want 3", "image": "output score has 0 values for 1 examples, want 1"} {
		_, task := makeTask(t, name)
		if err := task.NewTally(1).Add(Batch{Infos: make([]dataset.Info, 1)}); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
		if r, err := task.NewTally(0).Result(); r != nil || err == nil || !strings.Contains(err.Error(), "there are no examples") {
			t.Errorf("%s without examples: %v, %v", name, r, err)
		}
	}
}

func TestReadResult(t *testing.T) {
	for file, want := range map[string]string{"evaluation.json": "class", "reconstruction.json": "image"} {
		r, err := ReadResult(filepath.Join("..", "metric", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Header().TargetName(); got != want {
			t.Errorf("%s is of target %s, want %s", file, got, want)
		}
	}
}
