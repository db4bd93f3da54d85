package release

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Decide lets the criteria judge what was measured, and changes no file. The test
// part is needed where there is a baseline to run on it, and nil otherwise.
func (c *Candidate) Decide(ctx context.Context, test *TestPart) (*criterion.Release, error) {
	if _, err := c.Trained(); err != nil {
		return nil, err
	}
	if err := c.Dir.CheckSources(c.Record); err != nil {
		return nil, err
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
	decided.EvaluationSHA256 = c.Record.Files[rundir.EvaluationFile(dataset.PartTest)]
	if c.Settings.Force {
		if err := decided.Force(c.Settings.Reason); err != nil {
			return nil, config.Usage(err)
		}
	}
	return decided, nil
}

// measurements gathers what the criteria judge.
func (c *Candidate) measurements(ctx context.Context, part *TestPart) (criterion.Measurements, error) {
	var m criterion.Measurements
	test, err := c.TestEvaluation()
	if err != nil {
		return m, err
	}
	m.Test, m.Latency = test, test.MeasuredLatency()
	t, err := c.Trained()
	if err != nil {
		return m, err
	}
	if m.ModelBytes, err = rundir.ModelBytes(c.Record, t); err != nil {
		return m, err
	}
	if part != nil && c.Settings.Baseline != "" {
		m.Baseline, err = c.CompareBaseline(ctx, part)
	}
	return m, err
}

// Publish writes a decision to release.json, the record and the log. A refusal is an
// error that wraps rundir.ErrRefused. Report and model card, which are written next,
// do not outlive the decision that they show. Nor do packages outlive a refusal:
// whoever finds one in a run directory may take it for released. They can be made
// again, to the byte.
func (c *Candidate) Publish(decided *criterion.Release) error {
	if err := fileio.Remove(c.Dir.File(rundir.ReportFile), c.Dir.File(rundir.CardFile)); err != nil {
		return err
	}
	if !decided.Approved {
		if err := c.removePackages(); err != nil {
			return err
		}
	}
	path := c.Dir.File(rundir.ReleaseFile)
	if err := fileio.WriteJSON(path, decided); err != nil {
		return err
	}
	c.Record.Decision, c.Record.ForceReason = decided.Decision(), decided.ForceReason
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

// removePackages removes the packages of earlier decisions.
func (c *Candidate) removePackages() error {
	dir := c.Dir.File(rundir.PackageDir)
	if !fileio.Exists(dir) {
		return nil
	}
	c.Env.Log.Warn("the model is refused: its packages are removed; once it is approved, blocktrain package makes them again", "directory", dir)
	c.Record.Package = nil
	return os.RemoveAll(dir)
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
