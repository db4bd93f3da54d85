package criterion

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// RuntimeOption is the option that says which runtime must agree.
const RuntimeOption = "runtime"

// leastSameLabel is the default share of examples that must get the same label.
const leastSameLabel = 0.9999

type onnxAgreement struct {
	bound
	sameLabel float64
	runtime   string
}

func newONNXAgreement(o *config.Options) (Criterion, error) {
	c := &onnxAgreement{bound: bound{name: ONNXAgreementName, op: "<=", unit: "range", of: ONNXAgreement}}
	o.Float64(&c.threshold, "threshold", 1e-4, "largest difference of a probability or, over its range, of another output", config.AtLeast(0))
	o.Float64(&c.sameLabel, "same-label", leastSameLabel, "lowest share of test examples that get the same label", config.Share)
	o.Choice(&c.runtime, RuntimeOption, OwnRuntime, "what runs model.onnx: the program's own reader alone, or ONNX Runtime as well", OwnRuntime, ONNXRuntime)
	return c, nil
}

// SameLabels is how many test examples get the same label from model.onnx.
type SameLabels struct {
	Runtime   string  `json:"runtime"` // that must agree
	Examples  int     `json:"examples"`
	Same      int     `json:"same"` // by the runtime that has the fewest; of models without labels, all
	Threshold float64 `json:"threshold"`
}

func (s *SameLabels) passes() bool { return float64(s.Same) >= s.Threshold*float64(s.Examples) }

// Judge implements Criterion. Every runtime that was asked counts.
func (c *onnxAgreement) Judge(m Measurements) Verdict {
	refused := func(format string, args ...any) Verdict {
		v := c.refused(format, args...)
		v.Labels = &SameLabels{Runtime: c.runtime, Threshold: c.sameLabel}
		return v
	}
	a := m.Agreement
	switch {
	case a == nil:
		return refused("model.onnx was not run on the test part: repeat the gate")
	case !metric.Present(m.Test):
		return refused("%s", notEvaluated)
	case !a.Has(c.runtime):
		return refused("model.onnx was not run by %s: give its library with --onnxruntime-lib and repeat the gate", runtimeWords(c.runtime, ""))
	}
	labels := &SameLabels{Runtime: c.runtime, Threshold: c.sameLabel}
	largest, texts := 0.0, []string{}
	for _, n := range a.Networks {
		if n.Name == "" && n.Examples != m.Test.Header().Examples {
			return refused("model.onnx was run on %s examples, and the test part has %s: repeat the gate", metric.Count(n.Examples), metric.Count(m.Test.Header().Examples))
		}
		if n.Examples == 0 {
			return refused("the file of network %s was run on no examples: the test part has none for it", n.Name)
		}
		for _, r := range n.Runtimes {
			if r.NotFinite > 0 {
				return refused("%s values, by %s, are no finite numbers", metric.Count(r.NotFinite), runtimeWords(r.Runtime, r.Version))
			}
			largest = max(largest, r.Largest())
			labels.add(n.Examples, &r)
			texts = append(texts, describe(&n, &r))
		}
	}
	v := c.measured(largest, "%s", strings.Join(texts, "; "))
	if v.Measured == nil {
		return refused("%s", v.Reason)
	}
	v.Labels, v.Passed = labels, v.Passed && labels.passes()
	return v
}

// add takes the lowest share so far.
func (s *SameLabels) add(examples int, r *RuntimeAgreement) {
	same := examples
	if r.SameLabel != nil {
		same = *r.SameLabel
	}
	if s.Examples == 0 || float64(same)*float64(s.Examples) < float64(s.Same)*float64(examples) {
		s.Examples, s.Same = examples, same
	}
}

func describe(n *NetworkAgreement, r *RuntimeAgreement) string {
	text := "run by " + runtimeWords(r.Runtime, r.Version)
	if n.Name != "" {
		text = "network " + n.Name + " " + text
	}
	if r.SameLabel != nil {
		return fmt.Sprintf("%s, %s of %s test examples get the same label, and the largest difference is %.2g", text, metric.Count(*r.SameLabel), metric.Count(n.Examples), r.Largest())
	}
	return fmt.Sprintf("%s, outputs for %s test examples differ by %.2g of their range at most", text, metric.Count(n.Examples), r.Largest())
}

// runtimeWords are what a runtime is called for people.
func runtimeWords(runtime, version string) string {
	if runtime == ONNXRuntime {
		return strings.TrimSpace("ONNX Runtime " + version)
	}
	return "the program's own reader"
}

// checkLabels compares what a verdict says of labels with itself.
func (v *Verdict) checkLabels() error {
	s := v.Labels
	switch {
	case s == nil:
		return nil
	case s.Runtime != OwnRuntime && s.Runtime != ONNXRuntime:
		return fmt.Errorf("criterion %q names the runtime %q", v.Name, s.Runtime)
	case s.Same < 0 || s.Same > s.Examples || (v.Measured == nil) != (s.Examples == 0):
		return fmt.Errorf("criterion %q says that %d of %d examples get the same label", v.Name, s.Same, s.Examples)
	case v.Passed && !s.passes():
		return fmt.Errorf("criterion %q is passed with %d of %d examples that get the same label", v.Name, s.Same, s.Examples)
	}
	return nil
}

// ONNXAgreementName is the name of the criterion.
const ONNXAgreementName = "onnx_agreement"

// AsksAgreement says whether a decision rests on the agreement of model.onnx.
func AsksAgreement(r *Release) bool { return r.Of(ONNXAgreementName) != nil }
