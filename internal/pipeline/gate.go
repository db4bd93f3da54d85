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
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	m, err := r.measurements(ctx, t)
	if err != nil {
		return err
	}
	weights := criterion.Weights{Name: r.record.Weights, SHA256: r.record.Training.WeightsSHA256}
	release, err := criterion.Decide(r.modules.criteria, m, weights)
	if err != nil {
		return usage(err)
	}
	release.EvaluationSHA256 = r.record.Files[evaluationFile(dataset.PartTest)]
	if r.settings.Force {
		if err := release.Force(r.settings.Reason); err != nil {
			return usage(err)
		}
	}
	return r.publishDecision(release)
}

// publishDecision writes the decision to release.json, the record and the log.
// Packages of an earlier decision do not outlive a refusal: whoever finds one in a
// run directory may take it for released. They can be made again, to the byte.
func (r *session) publishDecision(release *criterion.Release) error {
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
	r.env.Log.Warn("the model is refused: its packages are removed", "directory", dir)
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

// Gate repeats the decision on the run in dir.
func Gate(ctx context.Context, env *Environment, s *Settings, dir string) error {
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
	r := &session{env: env, settings: s, modules: m, dir: d, record: record}
	if record.Name == s.ReleaseName() && record.ReleaseVersion == s.ReleaseVersion {
		return r, nil
	}
	record.Name, record.ReleaseVersion = s.ReleaseName(), s.ReleaseVersion
	return r, d.writeRecord(record)
}
