package pipeline

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// stage is one step of the pipeline.
type stage struct {
	name string
	// run does the stage and returns what it made, which Made finds in the result.
	run func(ctx context.Context, s *session) (any, error)
	// stands says whether what the stage makes is there and holds, so that resuming a
	// run skips it. A stage that has none is done again, to the byte.
	stands func(found *standing) bool
	// makes are the files and folders, from the run directory, that a finished run has of
	// the stage.
	makes  []string
	judges bool // it decides on the model
	tells  bool // it is done for a refused model too
}

// standing is what of a run's results still stands, so that resuming it does only
// what is missing. Above all it keeps a decision: somebody took it, perhaps by
// thresholds or by force that the run was not started with.
type standing struct {
	decided   bool               // the networks that decide on tracks are trained, and so are all before them
	evaluated bool               // the evaluations are whole, and of the present weights
	release   *criterion.Release // the decision, where it rests on them; nil where the gate has to decide
	void      error              // why an earlier decision does not stand; nil where there is none
}

// session is a run on its way through the stages.
type session struct {
	*Prepared
	Dir       *rundir.Dir
	judges    bool // what comes after training, the evaluation first, is done too
	candidate *release.Candidate
}

// Candidate is the run as the stages after training see it.
func (s *session) Candidate() *release.Candidate {
	if s.candidate == nil {
		s.candidate = &release.Candidate{Env: s.Env, Settings: s.Settings, Modules: s.Modules, Dir: s.Dir, Record: s.Record, Known: s.Known}
	}
	return s.candidate
}

// made wraps a function that makes one kind of thing as the work of a stage.
func made[T any](run func(ctx context.Context, s *session) (T, error)) func(context.Context, *session) (any, error) {
	return func(ctx context.Context, s *session) (any, error) { return run(ctx, s) }
}

var gateStage = stage{name: "gate", judges: true, run: made(gate),
	stands: func(found *standing) bool { return found.release != nil }}

// gate decides on the release. A refusal wraps rundir.ErrRefused.
func gate(ctx context.Context, s *session) (*criterion.Release, error) {
	c := s.Candidate()
	decided, err := c.Decide(ctx, s.Decision(s.Dir).TestPart(c.Trained))
	if err != nil {
		return nil, err
	}
	return decided, c.Publish(decided)
}

var reportStage = stage{name: "report", tells: true, makes: []string{rundir.CardFile, rundir.ReportFile}, run: made(func(_ context.Context, s *session) (release.Documents, error) {
	return s.Candidate().WriteDocuments()
})}

// Exported is the folder of the exported model.
type Exported string

var exportStage = stage{name: "export", stands: refused, makes: []string{rundir.ExportDir}, run: made(func(_ context.Context, s *session) (Exported, error) {
	dir, err := s.Candidate().Export()
	return Exported(dir), err
})}

var packageStage = stage{name: "package", stands: refused, run: made(func(_ context.Context, s *session) (*release.Package, error) {
	return s.Candidate().Package()
})}

// refused says that a decision against the model stands, so that there is nothing to
// export.
func refused(found *standing) bool { return found.release != nil && !found.release.Approved }
