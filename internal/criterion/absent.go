package criterion

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
)

// What criteria make of classes without test examples.
const (
	refuseAbsent = "refuse"
	skipAbsent   = "skip"
)

// AbsentOption is the option of criteria that says what they make of classes without test
// examples, and SkipAbsent its value with which they are not counted.
const (
	AbsentOption = "absent"
	SkipAbsent   = skipAbsent
)

func declareAbsent(o *config.Options, value *string) {
	o.Choice(value, AbsentOption, refuseAbsent, "what becomes of classes without test examples: refuse the model for them, or skip: do not count them", refuseAbsent, skipAbsent)
}

// RarestClass is the class with the fewest test examples.
type RarestClass struct {
	Label     string  `json:"label"`
	Examples  int     `json:"examples"`
	Threshold float64 `json:"threshold"` // fewest that are wanted
}

func (r *RarestClass) passes() bool { return float64(r.Examples) >= r.Threshold }

// leaveOut says of a verdict that it does not count classes without test examples.
func (v *Verdict) leaveOut(classes int) {
	switch v.Absent = classes; {
	case classes == 1:
		v.Reason += "; 1 class without test examples is not counted"
	case classes > 1:
		v.Reason += fmt.Sprintf("; %d classes without test examples are not counted", classes)
	}
}

// Options are those with which the criterion judges as it did.
func (v *Verdict) Options() string {
	options := "threshold=" + config.Exact(v.Threshold)
	if v.Rarest != nil {
		options += ",per-class=" + config.Exact(v.Rarest.Threshold)
	}
	if v.Labels != nil {
		options += ",same-label=" + config.Exact(v.Labels.Threshold) + "," + RuntimeOption + "=" + v.Labels.Runtime
	}
	if v.Absent > 0 {
		options += "," + AbsentOption + "=" + skipAbsent
	}
	if v.Severity != nil {
		options += ",severity=" + config.Exact(*v.Severity)
	}
	return options
}

// SameThresholds says whether two verdicts compare with the same numbers.
func (v *Verdict) SameThresholds(other *Verdict) bool {
	if v.Threshold != other.Threshold {
		return false
	}
	if v.Severity != nil && other.Severity != nil && *v.Severity != *other.Severity {
		return false
	}
	if v.Labels != nil && other.Labels != nil && (v.Labels.Threshold != other.Labels.Threshold || v.Labels.Runtime != other.Labels.Runtime) {
		return false
	}
	return v.Rarest == nil || other.Rarest == nil || v.Rarest.Threshold == other.Rarest.Threshold
}

// checkClasses compares what a verdict says of classes with itself.
func (v *Verdict) checkClasses() error {
	switch r := v.Rarest; {
	case v.Absent < 0:
		return fmt.Errorf("criterion %q leaves out %d classes", v.Name, v.Absent)
	case r == nil || v.Measured == nil && *r == (RarestClass{Threshold: r.Threshold}):
		return nil
	case r.Examples < 0 || v.Measured == nil || float64(r.Examples) > *v.Measured:
		return fmt.Errorf("criterion %q says that the rarest class has %d examples, which cannot be", v.Name, r.Examples)
	case v.Passed && !r.passes():
		return fmt.Errorf("criterion %q is passed with %d examples of the rarest class, of at least %v", v.Name, r.Examples, r.Threshold)
	}
	return nil
}
