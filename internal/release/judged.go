package release

import (
	"cmp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// CheckJudged refuses flags that ask for another decision than the one that stands:
// whoever gave them would take it for the answer.
func CheckJudged(s *settings.Settings, dir string, decided *criterion.Release) error {
	if decidedByOther(s, decided.DecidedBy) {
		return config.Usagef("--decided-by=%s: the decision, %s, was taken %s and stands; to decide anew, give the flag to blocktrain gate --run %s",
			s.DecidedBy, decided.Decision(), cmp.Or(decided.TakenText(), "by nobody who is named"), config.ShellWord(dir))
	}
	for _, v := range slices.Concat(s.Values(config.Gate), s.Values(config.Threshold), s.Values(config.Consent)) {
		if s.Origins[v.Name] == config.OriginFlag && !judgedBy(s, v, decided) {
			return config.Usagef("--%s=%s: the model was judged otherwise, and the decision, %s, stands; to decide anew, give the flag to blocktrain gate --run %s",
				v.Name, v.Value, decided.Decision(), config.ShellWord(dir))
		}
	}
	return nil
}

// judgedBy says whether a setting of the gate is one that the decision was made by.
func judgedBy(s *settings.Settings, v config.NamedValue, decided *criterion.Release) bool {
	switch v.Name {
	case "force":
		return decided.Forced == s.Force
	case "reason":
		return decided.ForceReason == s.Reason
	case "baseline":
		return decided.Baseline != nil && decided.Baseline.Name == s.Baseline
	case settings.ONNXRuntimeLib: // wherever it lies
		agreed := decided.Of(criterion.ONNXAgreementName)
		return agreed == nil || v.Value == "" || agreed.Labels != nil && agreed.Labels.Runtime == criterion.ONNXRuntime
	case "criteria":
		return sameCriteria(s, decided)
	}
	return judgedByThreshold(s, v, decided)
}

// judgedByThreshold says whether a threshold is the one of the decision.
func judgedByThreshold(s *settings.Settings, v config.NamedValue, decided *criterion.Release) bool {
	name := strings.ReplaceAll(v.Name, "-", "_")
	switch v.Name {
	case settings.MissingClass:
		worst := decided.Of(settings.MinPerClassAccuracy)
		return worst == nil || worst.Absent > 0 == s.AllowMissingClass || worst.Absent == 0 && worst.Measured != nil
	case settings.MinClassTestExamples:
		size := decided.Of(settings.MinTestExamples)
		return size != nil && size.Rarest != nil && config.Exact(size.Rarest.Threshold) == v.Value
	case "min-test-examples": // which asks for the criterion
		size := decided.Of(name)
		return size != nil && config.Exact(size.Threshold) == v.Value
	case "min-unseen-accuracy", "max-inference-ratio": // which do so above 0
		unseen := decided.Of(name)
		return unseen == nil && v.Value == "0" || unseen != nil && config.Exact(unseen.Threshold) == v.Value
	}
	verdict := decided.Of(name)
	return verdict == nil || config.Exact(verdict.Threshold) == v.Value
}

// sameCriteria says whether the decision was made by the settings' criteria.
func sameCriteria(s *settings.Settings, decided *criterion.Release) bool {
	selections, err := s.CriteriaSelections() // that the settings were checked with
	if err != nil || len(selections) != len(decided.Criteria) {
		return false
	}
	criteria, _ := settings.MakeAll(criterion.MakeCriterion, selections)
	return !slices.ContainsFunc(criteria, func(c criterion.Criterion) bool {
		wanted := c.Judge(criterion.Measurements{})
		found := decided.Of(wanted.Name)
		return found == nil || !found.SameThresholds(&wanted)
	})
}
