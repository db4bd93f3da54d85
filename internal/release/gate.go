package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Decide lets the criteria judge what was measured, and changes no file. The test
// part is needed where NeedsTestPart says so, and nil otherwise.
func (c *Candidate) Decide(ctx context.Context, test *TestPart) (*criterion.Release, error) {
	if _, err := c.Trained(); err != nil {
		return nil, err
	}
	if err := c.Dir.CheckSources(c.Record); err != nil {
		return nil, err
	}
	split, err := c.Record.ReadSplit(c.Dir.File(rundir.SplitFile))
	if err != nil {
		return nil, err
	}
	if split.Fold != nil {
		return nil, FoldError(fmt.Sprintf("%s is %s", c.Dir.Path, dataset.FoldWords(split.Fold)))
	}
	m, err := c.measurements(ctx, test)
	if err != nil {
		return nil, err
	}
	weights := criterion.Weights{Name: c.Record.Weights, SHA256: c.Record.Training.WeightsSHA256}
	decided, err := criterion.Decide(c.Modules.Criteria, m, weights)
	if err != nil {
		return nil, config.Usage(err)
	}
	if decided.AgreementSHA256, err = c.agreementSHA256(); err != nil {
		return nil, err
	}
	decided.EvaluationSHA256 = c.Record.Files[rundir.EvaluationFile(dataset.PartTest)]
	if c.Settings.Force {
		if err := decided.Force(c.Settings.Reason); err != nil {
			return nil, config.Usage(err)
		}
	}
	return decided, nil
}

// FoldError refuses to judge a run that is the fold of a cross-validation, as the text says.
func FoldError(text string) error {
	return config.Usagef("%s, whose model was made to judge the settings and is no release: blocktrain run makes one with these settings", text)
}

// measurements gathers what the criteria judge.
func (c *Candidate) measurements(ctx context.Context, part *TestPart) (criterion.Measurements, error) {
	var m criterion.Measurements
	test, err := c.TestEvaluation()
	if err != nil {
		return m, err
	}
	m.Test, m.Latency = test, test.MeasuredLatency()
	if m.Sensor, err = c.SensorCurve(); err != nil {
		return m, err
	}
	if err := c.checkCurve(m.Sensor, test); err != nil {
		return m, err
	}
	t, err := c.Trained()
	if err != nil {
		return m, err
	}
	if m.ModelBytes, err = rundir.ModelBytes(c.Record, t); err != nil {
		return m, err
	}
	if c.agreement, err = c.measureAgreement(ctx, part); err != nil {
		return m, err
	}
	m.Agreement = c.agreement
	if part != nil && c.Settings.Baseline != "" {
		m.Baseline, err = c.CompareBaseline(ctx, part)
	}
	return m, err
}

// SensorCurve is how the model does through the run's sensor; nil where that was not measured.
func (c *Candidate) SensorCurve() (*metric.SensorCurve, error) {
	if c.Record.Files[layout.SensorFile] == "" {
		return nil, nil
	}
	if err := c.Dir.CheckFile(c.Record, layout.SensorFile); err != nil {
		return nil, err
	}
	return metric.ReadSensorCurve(c.Dir.File(layout.SensorFile))
}

// checkCurve refuses a curve that is not of the run's model, part and seed, or not whole.
func (c *Candidate) checkCurve(curve *metric.SensorCurve, test metric.Result) error {
	if curve == nil {
		return nil
	}
	e, is := test.(*metric.Evaluation)
	err := errors.New("it is there, and the evaluation of the test part is not of classes")
	if is {
		err = errors.Join(curve.CheckAgainst(e), curve.CheckSeverities(sensor.MaxSeverity))
	}
	if is && err == nil && curve.Seed != uint64(c.Settings.Seed) {
		err = fmt.Errorf("seed: it is %d, and that of the run is %d", curve.Seed, c.Settings.Seed)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: remove that file, and repeat blocktrain evaluate --run %s", c.Dir.File(layout.SensorFile), err, config.ShellWord(c.Dir.Path))
	}
	return nil
}

// Publish writes a decision, with its date, to release.json, the record and the log. A
// refusal is an error that wraps rundir.ErrRefused. One that has the outcome of the last
// is that decision, with its date. Another one is refused where the package of the
// model's name and version would no longer show the decision of the run, unless the
// settings say that it may be replaced: then it is removed. Report and model card, which
// are written next, do not outlive the decision that they show either.
func (c *Candidate) Publish(decided *criterion.Release) error {
	path := c.Dir.File(rundir.ReleaseFile)
	if stands := c.takeStanding(decided); !stands {
		if err := c.replaceDecision(decided); err != nil {
			return err
		}
	} else if err := c.CheckDecided(); err != nil {
		return err
	}
	if err := c.publishAgreement(); err != nil {
		return err
	}
	c.Record.Decision, c.Record.ForceReason = decided.Decision(), decided.ForceReason
	c.Record.Decided, c.Record.DecidedBy = decided.Decided, decided.DecidedBy
	if !decided.Approved {
		c.Record.Package = nil
	}
	if err := c.Dir.NoteFiles(c.Record, rundir.ReleaseFile); err != nil {
		return err
	}
	if err := c.Dir.WriteRecord(c.Record); err != nil {
		return err
	}
	c.Env.Show("release decision", fmt.Sprintf("release decision: %s\n%s", path, decided.Table()), "decision", decided.Decision(), "reason", decided.Reason)
	if decided.Forced {
		c.Env.Log.Warn("the release is forced", "reason", decided.ForceReason)
	}
	if decided.Approved {
		return nil
	}
	return Refused(c.Dir, decided)
}

// takeStanding finds out whether a decision is the last one once more, and makes it that
// one, with its date, if so. Somebody else who is named by a flag takes another decision.
func (c *Candidate) takeStanding(decided *criterion.Release) (stands bool) {
	last, err := criterion.ReadRelease(c.Dir.File(rundir.ReleaseFile))
	if err != nil || c.Dir.CheckFile(c.Record, rundir.ReleaseFile) != nil || c.Record.CheckRelease(last) != nil || !last.SameOutcome(decided) {
		return false
	}
	if decidedByOther(c.Settings, last.DecidedBy) {
		return false
	}
	*decided = *last
	return true
}

// decidedByOther says whether a flag names somebody else than decided last.
func decidedByOther(s *settings.Settings, last string) bool {
	return s.Origins["decided-by"] == config.OriginFlag && strings.TrimSpace(s.DecidedBy) != last
}

// replaceDecision dates a decision and writes it, if no package of the model's name and
// version has another one.
func (c *Candidate) replaceDecision(decided *criterion.Release) error {
	decided.Schema = min(decided.Schema, c.Record.Schema) // which has the date too, or has not
	decided.Sign(time.Now(), c.Settings.DecidedBy)
	text, err := fileio.MarshalJSON(decided)
	if err != nil {
		return err
	}
	if again, err := c.lostDecision(decided); err != nil {
		return err
	} else if again != nil { // to the byte
		text = again
	}
	if err := c.checkDecision(fileio.SHA256Of(text)); err != nil {
		return fmt.Errorf("%w; no file was changed, but the decision would be %s: %s", err, decided.Decision(), decided.Reason)
	}
	if c.Settings.OverwriteRelease {
		if err := c.removeReleased(); err != nil {
			return err
		}
	}
	if err := fileio.Remove(c.Dir.File(rundir.ReportFile), c.Dir.File(rundir.CardFile)); err != nil {
		return err
	}
	return fileio.WriteBytes(c.Dir.File(rundir.ReleaseFile), text)
}

// lostDecision is the text of a decision of which the record has the date and the digest,
// but whose file is lost; nil where the decision is another one.
func (c *Candidate) lostDecision(decided *criterion.Release) ([]byte, error) {
	if c.Record.Decided == nil || decidedByOther(c.Settings, c.Record.DecidedBy) {
		return nil, nil
	}
	last := *decided
	last.Sign(*c.Record.Decided, c.Record.DecidedBy)
	text, err := fileio.MarshalJSON(last)
	if err != nil || fileio.SHA256Of(text) != c.Record.Files[rundir.ReleaseFile] {
		return nil, err
	}
	*decided = last
	return text, nil
}

// Refused is the error for a model that the gate refused, with what can be done.
func Refused(d *rundir.Dir, decided *criterion.Release) error {
	return fmt.Errorf("%w: %s; %s has the figures; to see what another threshold would decide: blocktrain gate --run %s%s --dry-run",
		rundir.ErrRefused, decided.Reason, d.File(rundir.ReportFile), config.ShellWord(d.Path), thresholdFlag(decided))
}

// thresholdFlag is the flag, with a word for its value, of a threshold that the model
// misses, empty if none of those missed has a flag.
func thresholdFlag(decided *criterion.Release) string {
	for _, name := range decided.Failed() {
		flag := strings.ReplaceAll(name, "_", "-")
		isThreshold := func(v config.NamedValue) bool { return v.Name == flag }
		if slices.ContainsFunc(new(settings.Settings).Values(config.Threshold), isThreshold) {
			return " --" + flag + " NUMBER"
		}
	}
	return ""
}
