package agreement

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx/ort"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// library names the file of ONNX Runtime that tests of a program with it use.
const library = "BLOCKTRAIN_TEST_ONNXRUNTIME"

var classes = []string{"a", "b", "c"}

// untrained is a network of a model with the weights that it begins with.
func untrained(t *testing.T, name string) (*rundir.Record, *rundir.Trained) {
	t.Helper()
	m, _, err := model.MakeModel(name, "")
	if err != nil {
		t.Fatal(err)
	}
	built, err := rundir.Build(m, nn.Shape{H: 16, W: 16, C: 1}, len(classes))
	if err != nil {
		t.Fatal(err)
	}
	p := built[0].Graph.NewParameters(3)
	for i := range p.Of(built[0].Graph.Params[0]) {
		p.Of(built[0].Graph.Params[0])[i], p.Of(built[0].Graph.Params[1])[i] = 2.0/255, -1
	}
	trained, err := rundir.NewTrained(built[0], p, classes)
	if err != nil {
		t.Fatal(err)
	}
	record := &rundir.Record{Name: "test", ReleaseVersion: "1.0.0"}
	record.Identity.Classes, record.Identity.Input = classes, imaging.InputRule(16, 16, 1)
	return record, trained
}

// memory is a dataset of images.
type memory []imaging.Image

func (m memory) Len() int                           { return len(m) }
func (m memory) Info(i int) dataset.Info            { return dataset.Info{Label: i % len(classes)} }
func (m memory) Source(int) string                  { return "memory" }
func (m memory) Image(i int) (imaging.Image, error) { return m[i], nil }
func (m memory) Classes() []string                  { return classes }
func (m memory) Digest() string                     { return "" }

// examples are random images in memory.
func examples(t *testing.T, n int) *dataset.Loader {
	t.Helper()
	s := rng.NewKey(2, rng.TestPurpose).Stream(0, 0, 0)
	var list memory
	for range n {
		img := imaging.New(16, 16, 1)
		for at := range img.Pix {
			img.Pix[at] = uint8(s.Uniform(0, 256))
		}
		list = append(list, img)
	}
	return &dataset.Loader{Dataset: list, Rule: imaging.InputRule(16, 16, 1), Workers: 1}
}

func wanted(t *testing.T, options string) *criterion.Verdict {
	t.Helper()
	c, _, err := criterion.MakeCriterion(criterion.ONNXAgreementName, options)
	if err != nil {
		t.Fatal(err)
	}
	v := c.Judge(criterion.Measurements{})
	return &v
}

func request(t *testing.T, name string, n int) *Request {
	record, trained := untrained(t, name)
	r := &Request{Record: record, Trained: trained, Opset: 17, Program: "blocktrain test", Workers: 2, Loader: examples(t, n)}
	for i := range n {
		r.Indexes = append(r.Indexes, i)
	}
	return r
}

// TestMeasure runs a classifier and an auto-encoder on more examples than a batch, twice
// with other numbers of workers: to the bit.
func TestMeasure(t *testing.T) {
	for name, outputs := range map[string][]string{"vgg-small": {"probabilities"}, "autoencoder": {"reconstruction", "score"}} {
		r := request(t, name, batch+9)
		a, err := Measure(t.Context(), r, wanted(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		n := a.Networks[0]
		own := n.Runtimes[0]
		if len(a.Networks) != 1 || n.Examples != batch+9 || len(n.Runtimes) != 1 || !own.Agrees || own.NotFinite != 0 {
			t.Errorf("%s: %+v", name, n)
		}
		if labelled := name == "vgg-small"; labelled != (own.SameLabel != nil) || labelled && *own.SameLabel != batch+9 {
			t.Errorf("%s: labels %v", name, own.SameLabel)
		}
		var found []string
		for _, o := range own.Outputs {
			found = append(found, o.Name)
			if o.Range <= 0 || o.Difference <= 0 || o.Difference > 1e-5*o.Range { // rounded otherwise, and no copy
				t.Errorf("%s: %+v", name, o)
			}
		}
		if !slices.Equal(found, outputs) {
			t.Errorf("%s: outputs %q", name, found)
		}
		r.Workers = 1
		again, err := Measure(t.Context(), r, wanted(t, ""))
		if err != nil || again.Networks[0].Runtimes[0].Largest() != own.Largest() {
			t.Errorf("%s: %+v, %v, with one worker", name, again, err)
		}
	}
}

// TestDisagreement holds the file against outputs that are not the model's.
func TestDisagreement(t *testing.T) {
	r := request(t, "linear", 8)
	plan, err := classifier.Of(r.Record, r.Trained).NewPlan(8, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	images := make([]uint8, 8*256)
	for i := range images {
		images[i] = uint8(i * i)
	}
	right := slices.Clone(plan.Run(8, images)[0])
	for _, test := range []struct {
		name   string
		change func(p []float32)
		agrees bool
		same   int // -1: any number
	}{
		{"nothing", func([]float32) {}, true, 8},
		{"one value a little", func(p []float32) { p[4] += 9e-5 }, true, 8},
		{"one value more", func(p []float32) { p[4] += 1.2e-4 }, false, 8},
		{"one label", func(p []float32) { copy(p, turned(p[:3])) }, false, 7},
		{"a value that is no number", func(p []float32) { p[5] = float32(math.NaN()) }, false, -1},
	} {
		n, err := r.open(r.Trained)
		if err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(right)
		test.change(other)
		if err := n.compare(t.Context(), 8, images, [][]float32{other}); err != nil {
			t.Fatal(err)
		}
		a := criterion.NewAgreement("test", wanted(t, ""))
		a.Networks = []criterion.NetworkAgreement{n.result()}
		a.Judge()
		if got := a.Networks[0].Runtimes[0]; got.Agrees != test.agrees || test.same >= 0 && *got.SameLabel != test.same {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// turned are three values in another order.
func turned(p []float32) []float32 { return []float32{p[1], p[2], p[0]} }

// TestDecisionWithoutTracks refuses a model with a network that nothing is run on.
func TestDecisionWithoutTracks(t *testing.T) {
	r := request(t, "linear", 4)
	built, err := rundir.BuildDecision(len(classes))
	if err != nil {
		t.Fatal(err)
	}
	if r.Trained.Decision, err = rundir.NewTrained(built, built.Graph.NewParameters(1), classes); err != nil {
		t.Fatal(err)
	}
	if _, err := Measure(t.Context(), r, wanted(t, "")); err == nil || !strings.Contains(err.Error(), "no tracks") {
		t.Errorf("%v", err)
	}
	images := make([]uint8, 5*built.Graph.Input().Shape.Elements())
	for i := range images {
		images[i] = uint8(i * 7)
	}
	r.Tracks = func(context.Context) ([]uint8, error) { return images, nil }
	a, err := Measure(t.Context(), r, wanted(t, ""))
	if err != nil || len(a.Networks) != 2 || a.Networks[1].Name != "decision" || a.Networks[1].Examples != 5 || !a.Networks[1].Runtimes[0].Agrees {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestONNXRuntime has the file run by ONNX Runtime too, where the program has it.
func TestONNXRuntime(t *testing.T) {
	r := request(t, "vgg-small", 40)
	r.Library = os.Getenv(library)
	if !ort.Built {
		r.Library = "libonnxruntime.so"
		if _, err := Measure(t.Context(), r, wanted(t, "")); err == nil || !strings.Contains(err.Error(), "go build -tags ort") {
			t.Errorf("%v", err)
		}
		return
	}
	if r.Library == "" {
		t.Skipf("%s does not name the shared library of ONNX Runtime", library)
	}
	version, err := ort.Version(r.Library)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vgg-small", "autoencoder", "mobilenet-small"} {
		r.Record, r.Trained = untrained(t, name)
		a, err := Measure(t.Context(), r, wanted(t, "runtime=onnxruntime"))
		if err != nil {
			t.Fatal(err)
		}
		got := a.Networks[0].Runtimes
		if len(got) != 2 || got[1].Runtime != criterion.ONNXRuntime || got[1].Version != version || !a.HasVersion(version) || !got[1].Agrees || !a.Has(criterion.ONNXRuntime) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r.Library = "/nowhere/libonnxruntime.so"
	if _, err := Measure(t.Context(), r, wanted(t, "")); err == nil || !strings.Contains(err.Error(), "cannot be loaded") {
		t.Errorf("%v", err)
	}
}
