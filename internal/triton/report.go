package triton

import (
	"fmt"
	"strings"
)

// Level is how bad a finding is.
type Level string

// The levels, best first.
const (
	Note    Level = "note"    // worth knowing
	Warning Level = "warning" // Triton loads it, and it will hurt
	Refused Level = "refused" // Triton does not load the model
	Aborts  Level = "aborts"  // the whole server ends
)

// Verdict is what Triton does with a model.
type Verdict string

// The verdicts.
const (
	Loads         Verdict = "loads"
	VerdictRefuse Verdict = "refused"
	VerdictAbort  Verdict = "aborts"
)

// Finding is one thing that was found. Words are Triton's own where it has some.
type Finding struct {
	Rule   string `json:"rule"`
	Level  Level  `json:"level"`
	By     string `json:"by"` // whose rule it is: core, backend or, what Triton does not look at, checker
	Words  string `json:"words"`
	Remedy string `json:"remedy,omitempty"`
}

// ModelReport is what was found in one model.
type ModelReport struct {
	Model    string    `json:"model"`
	Verdict  Verdict   `json:"verdict"`
	Versions []int64   `json:"versions"` // that Triton loads, or tries to
	Findings []Finding `json:"findings"`
}

// Report is what was found in a model repository.
type Report struct {
	Schema      int           `json:"schema"`
	Repository  string        `json:"repository"`
	Triton      string        `json:"triton"`
	ONNXRuntime string        `json:"onnxruntime"`
	Strict      bool          `json:"strict"`
	Passed      bool          `json:"passed"`
	Models      []ModelReport `json:"models"`
}

// count counts the findings of a level.
func (m *ModelReport) count(level Level) int {
	n := 0
	for _, f := range m.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// conclude sets the verdict by the findings.
func (m *ModelReport) conclude() {
	switch {
	case m.count(Aborts) > 0:
		m.Verdict = VerdictAbort
	case m.count(Refused) > 0:
		m.Verdict = VerdictRefuse
	default:
		m.Verdict = Loads
	}
}

// passes says whether a model is fit to be served: it loads and, if strict, without a
// warning.
func (m *ModelReport) passes(strict bool) bool {
	return m.Verdict == Loads && (!strict || m.count(Warning) == 0)
}

// Failures are the models that did not pass, with the first reason of each.
func (r *Report) Failures() []string {
	var failed []string
	for i := range r.Models {
		m := &r.Models[i]
		if m.passes(r.Strict) {
			continue
		}
		for _, level := range []Level{Aborts, Refused, Warning} {
			if at := m.first(level); at != nil {
				failed = append(failed, fmt.Sprintf("model %s: %s", m.Model, at.Words))
				break
			}
		}
	}
	return failed
}

func (m *ModelReport) first(level Level) *Finding {
	for i := range m.Findings {
		if m.Findings[i].Level == level {
			return &m.Findings[i]
		}
	}
	return nil
}

// Text is the report for a person: a line for each model and below it its findings.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, as Triton %s with ONNX Runtime %s would load it\n", r.Repository, r.Triton, r.ONNXRuntime)
	fmt.Fprintf(&b, "%-32s %-8s %-10s %s\n", "model", "verdict", "versions", "findings")
	for _, m := range r.Models {
		versions := strings.Trim(strings.ReplaceAll(fmt.Sprint(m.Versions), " ", ","), "[]")
		if versions == "" {
			versions = "none"
		}
		fmt.Fprintf(&b, "%-32s %-8s %-10s %d refused, %d warnings\n", printable(m.Model), m.Verdict, versions, m.count(Refused)+m.count(Aborts), m.count(Warning))
		for _, f := range m.Findings {
			fmt.Fprintf(&b, "  %-8s %s: %s\n", f.Level, f.Rule, printable(f.Words))
			if f.Remedy != "" {
				fmt.Fprintf(&b, "           %s\n", printable(f.Remedy))
			}
		}
	}
	switch {
	case r.Passed && r.Strict:
		b.WriteString("passed, strictly\n")
	case r.Passed:
		b.WriteString("passed\n")
	default:
		b.WriteString("not passed\n")
	}
	return b.String()
}

// printable writes control characters, which may come from a file, as escapes.
func printable(s string) string {
	quoted := fmt.Sprintf("%+q", s)
	if strings.Contains(quoted, `\x`) || strings.ContainsAny(s, "\r\n\x1b") {
		return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	}
	return s
}
