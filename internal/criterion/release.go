package criterion

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Schema is the version of release.json.
const Schema = 2

// releaseForm is of release.json.
var releaseForm = fileio.Form{MaxBytes: 1 << 20, Schemas: fileio.UpTo(Schema)}

// Weights says which weights were judged.
type Weights struct {
	Name   string `json:"name"` // "best", or "ema" for their running average
	SHA256 string `json:"sha256"`
}

// Release is the content of release.json: the decision and what it rests on.
type Release struct {
	Schema int `json:"schema"`
	// Approved is true when the model may be packaged and published, because it
	// passed every criterion or because somebody forced it (Forced).
	Approved bool `json:"approved"`
	Forced   bool `json:"forced"`
	// Reason sums the decision up in one line; ForceReason is what the person
	// who forced it gave as theirs.
	Reason      string     `json:"reason"`
	ForceReason string     `json:"force_reason,omitempty"`
	Decided     *time.Time `json:"decided,omitempty" schema:"2"`    // in UTC, to the second; of a trial, none
	DecidedBy   string     `json:"decided_by,omitempty" schema:"2"` // empty: nobody is named
	Criteria    []Verdict  `json:"criteria"`
	Weights     Weights    `json:"weights"`
	// EvaluationSHA256 is of the file with the evaluation of the test part.
	EvaluationSHA256 string `json:"evaluation_sha256,omitempty"`
	// AgreementSHA256 is of the file with the agreement of model.onnx; empty where no criterion asks for it.
	AgreementSHA256 string    `json:"agreement_sha256,omitempty" schema:"2"`
	Machine         string    `json:"machine,omitempty"` // where the times were measured
	Baseline        *Baseline `json:"baseline,omitempty"`
}

// ErrNoCriteria is the refusal to decide without criteria, which would approve
// anything.
var ErrNoCriteria = errors.New("no criteria are given, so nothing can be approved: name at least one with --criteria")

// Decide lets all criteria judge and approves the model if all are passed.
func Decide(criteria []Criterion, m Measurements, weights Weights) (*Release, error) {
	if len(criteria) == 0 {
		return nil, ErrNoCriteria
	}
	r := &Release{Schema: Schema, Weights: weights, Baseline: m.Baseline}
	if m.Latency != nil {
		r.Machine = m.Latency.Machine
	}
	seen := map[string]bool{}
	for _, c := range criteria {
		v := c.Judge(m)
		if seen[v.Name] {
			return nil, fmt.Errorf("criterion %s is given twice: name it once", v.Name)
		}
		seen[v.Name] = true
		r.Criteria = append(r.Criteria, v)
	}
	failed := r.Failed()
	r.Approved = len(failed) == 0
	if r.Approved {
		r.Reason = fmt.Sprintf("every criterion is passed (%d)", len(criteria))
	} else {
		r.Reason = fmt.Sprintf("%d of %d criteria failed: %s", len(failed), len(criteria), strings.Join(failed, ", "))
	}
	return r, nil
}

// Of is the verdict of the criterion of that name; nil where it was none of the
// decision's.
func (r *Release) Of(name string) *Verdict {
	for i := range r.Criteria {
		if r.Criteria[i].Name == name {
			return &r.Criteria[i]
		}
	}
	return nil
}

// Failed returns the names of the criteria that are not passed.
func (r *Release) Failed() []string {
	var names []string
	for _, v := range r.Criteria {
		if !v.Passed {
			names = append(names, v.Name)
		}
	}
	return names
}

// Force approves a refused model in spite of its criteria, for the reason
// given, and marks the release so. A model that has passed needs no force and
// is left as it is.
func (r *Release) Force(reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return errors.New("a forced release needs a reason: say why with --reason")
	}
	if r.Approved {
		return nil
	}
	r.Approved, r.Forced, r.ForceReason = true, true, reason
	r.Reason = "forced although " + r.Reason
	return nil
}

// Sign enters when the decision was taken, to the second, and by whom. Decisions of
// schema 1, on runs of older programs, do not say that.
func (r *Release) Sign(at time.Time, by string) {
	if r.Schema < 2 {
		return
	}
	at = at.UTC().Truncate(time.Second)
	r.Decided, r.DecidedBy = &at, strings.TrimSpace(by)
}

// SameOutcome says whether two decisions differ in nothing but when they were taken, and
// by whom.
func (r *Release) SameOutcome(other *Release) bool {
	a, b := *r, *other
	a.Schema, a.Decided, a.DecidedBy = b.Schema, b.Decided, b.DecidedBy
	first, err := fileio.MarshalJSON(a)
	second, err2 := fileio.MarshalJSON(b)
	return err == nil && err2 == nil && bytes.Equal(first, second)
}

// TakenText says when the decision was taken and by whom: "on 2025-05-03T10:11:12Z by
// Ada". It is empty for decisions of older programs, which did not record it.
func (r *Release) TakenText() string {
	if r.Decided == nil {
		return ""
	}
	text := "on " + r.Decided.UTC().Format(time.RFC3339)
	if r.DecidedBy != "" {
		text += " by " + r.DecidedBy
	}
	return text
}

// ReadRelease reads release.json and refuses one that contradicts itself.
func ReadRelease(path string) (*Release, error) {
	r := new(Release)
	if err := fileio.ReadJSON(path, r, releaseForm); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: run the gate again", path, err)
	}
	return r, nil
}

func (r *Release) check() error {
	passed := len(r.Failed()) == 0
	switch {
	case r.Schema < 1 || r.Schema > Schema:
		return fmt.Errorf("schema is %d, want 1 to %d", r.Schema, Schema)
	case len(r.Criteria) == 0:
		return errors.New("it has no criteria")
	case r.Forced && (strings.TrimSpace(r.ForceReason) == "" || passed || !r.Approved):
		return errors.New("it is forced but has no reason, or no failed criterion, or is not approved")
	case r.Schema > 1 && r.Decided == nil:
		return errors.New("decided: it does not say when the decision was taken")
	case r.Decided != nil && r.Decided.Format(time.RFC3339Nano) != r.Decided.UTC().Truncate(time.Second).Format(time.RFC3339):
		return fmt.Errorf("it was decided at %s, want whole seconds in UTC", r.Decided.Format(time.RFC3339Nano))
	case r.Schema > 1 && AsksAgreement(r) && r.AgreementSHA256 == "":
		return errors.New("agreement_sha256: it does not say which file has the agreement of model.onnx")
	case !r.Forced && r.Approved != passed:
		return fmt.Errorf("approved is %t, which is not what its criteria say", r.Approved)
	}
	for at, v := range r.Criteria {
		if err := v.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(r.Criteria[:at], func(other Verdict) bool { return other.Name == v.Name }) {
			return fmt.Errorf("criterion %q judges twice", v.Name)
		}
	}
	return nil
}

// check compares the verdict with its own figures.
func (v *Verdict) check() error {
	b := bound{name: v.Name, op: v.Op, unit: v.Unit, threshold: v.Threshold}
	switch {
	case v.Op != ">=" && v.Op != "<=":
		return fmt.Errorf("criterion %q has the comparison %q, want >= or <=", v.Name, v.Op)
	case v.Measured == nil && v.Passed:
		return fmt.Errorf("criterion %q is passed without a measurement", v.Name)
	case v.Measured != nil && (b.measured(*v.Measured, "").Passed && (v.Rarest == nil || v.Rarest.passes()) && (v.Labels == nil || v.Labels.passes())) != v.Passed:
		return fmt.Errorf("criterion %q says passed is %t for %v %s %v", v.Name, v.Passed, *v.Measured, v.Op, v.Threshold)
	}
	return errors.Join(v.checkClasses(), v.checkLabels())
}

// Table is the decision for the log, at most 80 columns wide but for reasons,
// which are on lines of their own.
func (r *Release) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "decision  %s\nreason    %s\n", r.Decision(), metric.Clip(r.Reason, 300))
	if r.Forced {
		fmt.Fprintf(&b, "given     %s\n", metric.Clip(r.ForceReason, 300))
	}
	if taken := r.TakenText(); taken != "" {
		fmt.Fprintf(&b, "taken     %s\n", metric.Clip(taken, 300))
	}
	b.WriteByte('\n')
	fmt.Fprintf(&b, "%-24s %14s %17s  %s\n", "criterion", "measured", "wanted", "result")
	for _, v := range r.Criteria {
		result := "passed"
		if !v.Passed {
			result = "FAILED"
		}
		fmt.Fprintf(&b, "%-24s %14s %17s  %s\n    %s\n", v.Name, v.MeasuredText(), v.ThresholdText(), result, v.Reason)
	}
	return b.String()
}

// Decision is the outcome in one word: "approved", "refused" or "forced".
func (r *Release) Decision() string {
	switch {
	case r.Forced:
		return "forced"
	case r.Approved:
		return "approved"
	}
	return "refused"
}

// MeasuredText is the measurement with its unit, "none" where there is none.
// It is rounded unless rounding would make it look equal to the threshold.
func (v *Verdict) MeasuredText() string {
	if v.Measured == nil {
		return "none"
	}
	text := v.value(*v.Measured)
	if text == v.value(v.Threshold) && *v.Measured != v.Threshold {
		return strconv.FormatFloat(*v.Measured, 'g', -1, 64) + " " + v.Unit
	}
	return text
}

// ThresholdText is the comparison and the threshold with its unit: "≥ 97.00 %".
func (v *Verdict) ThresholdText() string {
	return strings.NewReplacer(">=", "≥", "<=", "≤").Replace(v.Op) + " " + v.value(v.Threshold)
}

func (v *Verdict) value(x float64) string {
	switch v.Unit {
	case "share":
		return metric.Percent(x) + " %"
	case "ratio":
		return fmt.Sprintf("%.3g times", x)
	case "p-value":
		return fmt.Sprintf("p %.3g", x)
	case "range":
		return fmt.Sprintf("%.3g", x)
	}
	if x >= 100 {
		return fmt.Sprintf("%.0f %s", x, v.Unit)
	}
	return fmt.Sprintf("%.3g %s", x, v.Unit)
}
