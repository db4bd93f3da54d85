package report

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

func TestLimits(t *testing.T) {
	r := &Report{}
	limits := func() string {
		all, err := r.AllLimits()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, "\n")
	}
	if got := limits(); !strings.Contains(got, "nothing is known of its accuracy") {
		t.Errorf("limits: %s", got)
	}
	e := evaluation(t, "test", 4, "a", "b", "c")
	e.PerClass[2] = metric.Class{Label: "c"}
	e.CalibrationError = 0.1
	r.Test = e
	r.Limits = []string{"one more"}
	got := limits()
	for _, want := range []string{`one class without test examples, the first of them "c"`, "The figures of 2 classes rest on fewer than 100 examples", "off by 10.00 percentage points", "one more"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from: %s", want, got)
		}
	}
	r = &Report{Target: "image"}
	if got := limits(); !strings.Contains(got, "nothing is known of its error") || strings.Contains(got, "classes") {
		t.Errorf("limits: %s", got)
	}
	r.Validation = reconstruction(t, "validation", 99)
	if got := limits(); !strings.Contains(got, "The figures of the validation part rest on fewer than 100 examples.") {
		t.Errorf("limits: %s", got)
	}
	r.Target = "imge"
	if _, err := r.AllLimits(); err == nil || !strings.Contains(err.Error(), `unknown target "imge"`) {
		t.Errorf("error is %v", err)
	}
	if _, err := ModelCard(r, ""); err == nil || !strings.Contains(err.Error(), `unknown target "imge"`) {
		t.Errorf("error is %v", err)
	}
}

// TestDistanceLimit wants people to be told what a distance says, of models that have them alone.
func TestDistanceLimit(t *testing.T) {
	for digest, want := range map[string]int{"": 0, strings.Repeat("a", 64): 1} {
		r := &Report{}
		r.addDistance(&rundir.Record{Files: map[string]string{layout.ReferenceFile: digest}})
		if len(r.Limits) != want {
			t.Errorf("with the digest %q the limits are %q: want %d", digest, r.Limits, want)
		}
	}
}
