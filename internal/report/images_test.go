package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// reconstruction has scores of 1/1000 to n/1000 in another order.
func reconstruction(t testing.TB, part string, n int) *metric.Reconstruction {
	var scores []float32
	for i := range n {
		scores = append(scores, float32((i*37)%n+1)/1000)
	}
	e, err := metric.EvaluateScores(scores)
	if err != nil {
		t.Fatal(err)
	}
	e.Dataset, e.Part, e.Weights = "digits", part, "best"
	return e
}

// images is the report of an auto-encoder.
func images(t testing.TB) *Report {
	r := whole(t)
	r.Name, r.Model, r.Target = "digits-autoencoder", "autoencoder", "image"
	test := reconstruction(t, "test", 25)
	test.Latency = r.Latency()
	r.Test, r.Validation = test, reconstruction(t, "validation", 200)
	for i := range r.History {
		e := &r.History[i]
		e.TrainAccuracy, e.ValidationAccuracy = 0, 0
		e.SetFigure("error", e.TrainLoss, e.ValidationLoss)
	}
	c, _, err := criterion.MakeCriterion("max_reconstruction_error", "")
	if err != nil {
		t.Fatal(err)
	}
	r.Release, err = criterion.Decide([]criterion.Criterion{c}, criterion.Measurements{Test: test}, criterion.Weights{Name: "best", SHA256: strings.Repeat("5a", 32)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOfImages wants of an auto-encoder's documents its own words, and none of classes.
func TestOfImages(t *testing.T) {
	r := images(t)
	addFigures(t, r)
	card, page := documents(t, r, "images")
	for name, text := range map[string]string{"card": string(card), "page": string(page)} {
		for _, bad := range []string{"accuracy", "Accuracy", "one probability", "Worst class", "image-classification", "labels.txt"} {
			if strings.Contains(text, bad) {
				t.Errorf("the %s has %q", name, bad)
			}
		}
	}
	for _, name := range []string{"reconstructions", "score-histogram", "training-loss", "sample-grid"} {
		if r.Figure(name) == nil || !bytes.Contains(card, []byte("](plots/"+name+".png)")) {
			t.Errorf("the figure %s is missing", name)
		}
	}
	if n := bytes.Count(page, []byte(`"><svg width=`)); n != len(r.Figures) {
		t.Errorf("the page has %d figures, want %d", n, len(r.Figures))
	}
}

// TestNilEvaluation takes an evaluation that was not found for none.
func TestNilEvaluation(t *testing.T) {
	var none *metric.Evaluation
	card, _ := documents(t, &Report{Name: "nothing-yet", Validation: none, Test: none}, "nil")
	want, _ := documents(t, &Report{Name: "nothing-yet"}, "nil")
	if diff := cmp.Diff(string(want), string(card)); diff != "" {
		t.Error(diff)
	}
}
