package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// standing is what of a run's results still stands, so that resuming it does only
// what is missing. Above all it keeps a decision: somebody took it, perhaps by
// thresholds or by force that the run was not started with.
type standing struct {
	evaluated bool               // the evaluations are whole, and of the present weights
	release   *criterion.Release // the decision, where it rests on them; nil where the gate has to decide
	void      error              // why an earlier decision does not stand; nil where there is none
}

// standing finds out what stands. A file of the training that was changed is an
// error, and so is a decision that was edited.
func (d *runDir) standing(record *Record) (*standing, error) {
	if record.Training == nil {
		return &standing{}, nil
	}
	if err := d.checkTraining(record); err != nil {
		return nil, err
	}
	lost := d.checkEvaluations(record)
	release, void, err := d.standingDecision(record, lost)
	return &standing{evaluated: lost == nil, release: release, void: void}, err
}

// standingDecision reads the decision; where there was one that does not stand, void
// says why. What it rests on may be lost.
func (d *runDir) standingDecision(record *Record, lost error) (release *criterion.Release, void, err error) {
	path := d.file(releaseFile)
	switch written := exists(path); {
	case record.Decision == "" && !written:
		return nil, nil, nil
	case record.Decision == "": // the gate was interrupted, or somebody else wrote it
		return nil, d.checkFile(record, releaseFile), nil
	case !written:
		return nil, fmt.Errorf("%s does not exist", path), nil
	}
	if err := d.checkFile(record, releaseFile); err != nil {
		return nil, nil, err
	}
	if release, err = criterion.ReadRelease(path); err != nil {
		return nil, nil, err
	}
	if lost != nil {
		return nil, lost, nil
	}
	if other := record.checkRelease(release); other != nil {
		return nil, fmt.Errorf("%s %w", path, other), nil
	}
	return release, nil, nil
}

// checkTraining refuses a finished training of which a file is not as it was left:
// the best weights, and what they came from.
func (d *runDir) checkTraining(record *Record) error {
	if _, err := loadTrained(d, record); err != nil {
		return err
	}
	return d.checkSources(record)
}

// checkSources compares with the record the files that training leaves besides
// weights.
func (d *runDir) checkSources(record *Record) error {
	for _, name := range record.fileNames() {
		if name == releaseFile || madeByEvaluation(name) {
			continue
		}
		if err := d.checkFile(record, name); err != nil {
			return err
		}
	}
	return nil
}

// madeByEvaluation says whether the stage evaluate writes the file of that name.
func madeByEvaluation(name string) bool {
	own := slices.ContainsFunc(evaluatedParts(), func(p dataset.Part) bool {
		rest, is := strings.CutPrefix(name, path.Join(evaluationDir, p.String()))
		return is && slices.Contains([]string{".json", classesSuffix, confusionSuffix}, rest)
	})
	return own || strings.HasPrefix(name, plotsDir+"/")
}

// checkEvaluations reports results of the stage evaluate that are missing, that
// were changed, or that are of other weights.
func (d *runDir) checkEvaluations(record *Record) error {
	for _, part := range evaluatedParts() {
		name := evaluationFile(part)
		if err := d.checkFile(record, name); err != nil {
			return err
		}
		e, err := metric.ReadEvaluation(d.file(name))
		if err != nil {
			return err
		}
		if e.WeightsSHA256 != record.Training.WeightsSHA256 {
			return fmt.Errorf("%s is of other weights than the run's", d.file(name))
		}
	}
	for _, name := range record.fileNames() {
		if !madeByEvaluation(name) {
			continue
		}
		if err := d.checkFile(record, name); err != nil {
			return err
		}
	}
	return nil
}

// finished says whether nothing of the run is left to do.
func (d *runDir) finished(record *Record, found *standing) bool {
	if found.release == nil {
		return false
	}
	made := []string{historyCSV, cardFile, reportFile}
	if found.release.Approved {
		made = append(made, exportDir)
	}
	missing := slices.ContainsFunc(made, func(name string) bool { return !exists(d.file(name)) })
	return !missing && (!found.release.Approved || d.packaged(record))
}

// after is what of the task is left to do. What makes files of others anew, to the
// byte, is done again.
func (t task) after(found *standing) task {
	var done []string
	if found.evaluated {
		done = append(done, "evaluate")
	}
	if found.release != nil {
		done = append(done, "gate")
		if !found.release.Approved {
			done = append(done, "export", "package")
		}
	}
	t.stages = slices.DeleteFunc(slices.Clone(t.stages), func(s stage) bool { return slices.Contains(done, s.name) })
	return t
}

// finish does what is left of the task and says where its result is, or that the
// decision that stands is a refusal.
func (r *session) finish(ctx context.Context, t task, found *standing) error {
	if release := found.release; release != nil && !release.Approved && t.judges() {
		if err := r.runStages(ctx, t.after(found).stages); err != nil {
			return explain(err, r.dir.path)
		}
		return r.dir.refused(release)
	}
	return r.do(ctx, t.after(found))
}

// sayStanding says whether the decision on the run stands or is replaced.
func (r *session) sayStanding(found *standing) {
	decision, reason := cmp.Or(r.record.Decision, "not recorded"), r.record.ForceReason
	switch {
	case found.void != nil:
		r.env.Log.Warn("the earlier decision is replaced: the gate decides anew, by the thresholds of this call",
			"decision", decision, "force_reason", reason, "because", found.void)
	case found.release == nil:
		return
	default:
		r.env.Log.Info("the decision stands; what else is missing is made again", "decision", decision, "force_reason", reason)
	}
}

// checkJudged refuses flags that ask for another decision than the one that stands:
// whoever gave them would take it for the answer.
func (s *Settings) checkJudged(dir string, release *criterion.Release) error {
	for _, v := range slices.Concat(s.Values(config.Gate), s.Values(config.Threshold), s.Values(config.Consent)) {
		if s.Origins[v.Name] == config.OriginFlag && !s.judgedBy(v, release) {
			return config.Usagef("--%s=%s: the model was judged otherwise, and the decision, %s, stands; to decide anew, give the flag to blocktrain gate --run %s",
				v.Name, v.Value, release.Decision(), shellWord(dir))
		}
	}
	return nil
}

// judgedBy says whether a setting of the gate is one that the decision was made by.
func (s *Settings) judgedBy(v NamedValue, release *criterion.Release) bool {
	switch v.Name {
	case "force":
		return release.Forced == s.Force
	case "reason":
		return release.ForceReason == s.Reason
	case "baseline":
		return release.Baseline != nil && release.Baseline.Name == s.Baseline
	case "criteria":
		return s.sameCriteria(release)
	}
	threshold, judged := release.Threshold(strings.ReplaceAll(v.Name, "-", "_"))
	return !judged || exact(threshold) == v.Value
}

// sameCriteria says whether the decision was made by the settings' criteria.
func (s *Settings) sameCriteria(release *criterion.Release) bool {
	selections, err := s.CriteriaSelections() // that the settings were checked with
	if err != nil || len(selections) != len(release.Criteria) {
		return false
	}
	criteria, _ := makeAll(criterion.MakeCriterion, selections)
	return !slices.ContainsFunc(criteria, func(c criterion.Criterion) bool {
		wanted := c.Judge(criterion.Measurements{})
		threshold, judged := release.Threshold(wanted.Name)
		return !judged || threshold != wanted.Threshold
	})
}
