package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// gateStage decides on the release. A refusal wraps ErrRefused.
func (r *session) gateStage(ctx context.Context) error {
	release, err := r.decide(ctx)
	if err != nil {
		return err
	}
	return r.publishDecision(release)
}

// decide lets the criteria judge what was measured, and changes no file.
func (r *session) decide(ctx context.Context) (*criterion.Release, error) {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return nil, err
	}
	if err := r.dir.checkSources(r.record); err != nil {
		return nil, err
	}
	m, err := r.measurements(ctx, t)
	if err != nil {
		return nil, err
	}
	weights := criterion.Weights{Name: r.record.Weights, SHA256: r.record.Training.WeightsSHA256}
	release, err := criterion.Decide(r.modules.criteria, m, weights)
	if err != nil {
		return nil, usage(err)
	}
	release.EvaluationSHA256 = r.record.Files[evaluationFile(dataset.PartTest)]
	if r.settings.Force {
		if err := release.Force(r.settings.Reason); err != nil {
			return nil, usage(err)
		}
	}
	return release, nil
}

// publishDecision writes the decision to release.json, the record and the log.
// Report and model card, which the next stage writes, do not outlive the decision
// that they show. Nor do packages outlive a refusal: whoever finds one in a run
// directory may take it for released. They can be made again, to the byte.
func (r *session) publishDecision(release *criterion.Release) error {
	if err := removeFiles(r.dir.file(reportFile), r.dir.file(cardFile)); err != nil {
		return err
	}
	if !release.Approved {
		if err := r.removePackages(); err != nil {
			return err
		}
	}
	if err := fileio.WriteJSON(r.dir.file(releaseFile), release); err != nil {
		return err
	}
	r.record.Decision, r.record.ForceReason = release.Decision(), release.ForceReason
	if err := r.noteFiles(releaseFile); err != nil {
		return err
	}
	if err := r.dir.writeRecord(r.record); err != nil {
		return err
	}
	err := r.env.show("release decision", fmt.Sprintf("release decision: %s\n%s", r.dir.file(releaseFile), release.Table()), release.Table(),
		"decision", release.Decision(), "reason", release.Reason)
	if err != nil {
		return err
	}
	if release.Forced {
		r.env.Log.Warn("the release is forced", "reason", release.ForceReason)
	}
	if release.Approved {
		return nil
	}
	return r.dir.refused(release)
}

// removePackages removes the packages of earlier decisions.
func (r *session) removePackages() error {
	dir := r.dir.file(packageDir)
	if !exists(dir) {
		return nil
	}
	r.env.Log.Warn("the model is refused: its packages are removed; once it is approved, blocktrain package makes them again", "directory", dir)
	r.record.Package = nil
	return os.RemoveAll(dir)
}

// measurements gathers what the criteria judge.
func (r *session) measurements(ctx context.Context, t *trained) (criterion.Measurements, error) {
	var m criterion.Measurements
	test, err := r.testEvaluation()
	if err != nil {
		return m, err
	}
	m.Test, m.Latency = test, test.Latency
	if m.ModelBytes, err = modelBytes(r.record, t); err != nil {
		return m, err
	}
	if r.settings.Baseline != "" {
		m.Baseline, err = r.compareBaseline(ctx, t)
	}
	return m, err
}

// modelBytes is the size of model.onnx before anybody has judged the model.
func modelBytes(record *Record, t *trained) (*int64, error) {
	a := artifact(record, t.graph, t.params)
	a.ForceReason = "" // of an earlier decision
	model, err := exporter.EncodeONNX(a, 0)
	size := int64(len(model))
	return &size, err
}

// testEvaluation reads how the run's weights did on the test part.
func (r *session) testEvaluation() (*metric.Evaluation, error) {
	name := evaluationFile(dataset.PartTest)
	path := r.dir.file(name)
	if err := r.dir.checkFile(r.record, name); err != nil {
		return nil, err
	}
	test, err := metric.ReadEvaluation(path)
	switch {
	case err != nil:
		return nil, err
	case test.WeightsSHA256 != r.record.Training.WeightsSHA256:
		return nil, config.Usagef("%s is of other weights than the run's: repeat blocktrain evaluate --run %s", path, shellWord(r.dir.path))
	}
	return test, nil
}

// Gate repeats the decision on the run in dir. A dry run says what the decision
// would be, and changes no file.
func Gate(ctx context.Context, env *Environment, s *Settings, dir string) error {
	if s.DryRun {
		return tryGate(ctx, env, s, dir)
	}
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		r, err := reopenForGate(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		refused := r.gateStage(ctx)
		if refused != nil && !errors.Is(refused, ErrRefused) {
			return refused
		}
		if err := r.reportStage(ctx); err != nil {
			return err
		}
		if err := env.printDocument(d.file(releaseFile)); err != nil {
			return err
		}
		return refused
	})
}

// tryGate decides on the run in dir as Gate does, and only says so.
func tryGate(ctx context.Context, env *Environment, s *Settings, dir string) error {
	d, record, err := lookIntoRunDir(dir)
	if err != nil {
		return err
	}
	r, err := reopenForGate(ctx, env, s, d, record)
	if err != nil {
		return err
	}
	release, err := r.decide(ctx)
	if err != nil {
		return err
	}
	if err := r.sayTrial(release); err != nil || release.Approved {
		return err
	}
	return fmt.Errorf("%w: %s; dry run: no file was changed", ErrRefused, release.Reason)
}

// trial is a decision that is not taken, as JSON.
type trial struct {
	Schema int  `json:"schema"`
	DryRun bool `json:"dry_run"`
	*criterion.Release
}

// sayTrial prints a decision that is not taken.
func (r *session) sayTrial(release *criterion.Release) error {
	const head = "dry run: no file is changed; the decision would be"
	if err := r.env.show("dry run", head+"\n"+release.Table(), head+"\n\n"+release.Table()); err != nil || r.env.Tables {
		return err
	}
	b, err := fileio.MarshalJSON(trial{release.Schema, true, release})
	if err != nil {
		return err
	}
	_, err = r.env.Stdout.Write(b)
	return err
}

// reopenForGate opens no more of a run than its gate needs: the data only when
// there is a baseline to run on it.
func reopenForGate(ctx context.Context, env *Environment, s *Settings, d *runDir, record *Record) (*session, error) {
	if s.Baseline != "" {
		return reopen(ctx, env, s, d, record)
	}
	return reopenWithoutData(env, s, d, record)
}

// reopenWithoutData opens a run for stages that need its results alone.
func reopenWithoutData(env *Environment, s *Settings, d *runDir, record *Record) (*session, error) {
	m, err := makeModules(s)
	if err != nil {
		return nil, usage(err)
	}
	return &session{env: env, settings: s, modules: m, dir: d, record: record}, nil
}
