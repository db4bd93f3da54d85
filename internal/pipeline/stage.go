package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// stages are what a run does once its data is split, in order. A stage that refuses
// ends the run, but for what tells people of the refusal.
var stages = []stage{
	trainStage,
	evaluateStage,
	gateStage,
	reportStage,
	exportStage,
	packageStage,
}

// stage is one step of the pipeline.
type stage struct {
	name string
	// run does the stage and returns what it made, which Made finds in the result.
	run func(ctx context.Context, s *session) (any, error)
	// stands says whether what the stage makes is there and holds, so that resuming a
	// run skips it. A stage that has none is done again, to the byte.
	stands func(found *standing) bool
	judges bool // it decides on the model
	tells  bool // it is done for a refused model too
}

// session is a run on its way through the stages.
type session struct {
	*Prepared
	Dir       *rundir.Dir
	candidate *release.Candidate
}

// Candidate is the run as the stages after training see it.
func (s *session) Candidate() *release.Candidate {
	if s.candidate == nil {
		s.candidate = &release.Candidate{Env: s.Env, Settings: s.Settings, Modules: s.Modules, Dir: s.Dir, Record: s.Record}
	}
	return s.candidate
}

// made wraps a function that makes one kind of thing as the work of a stage.
func made[T any](run func(ctx context.Context, s *session) (T, error)) func(context.Context, *session) (any, error) {
	return func(ctx context.Context, s *session) (any, error) { return run(ctx, s) }
}

// Result is what a command came to.
type Result struct {
	Dir      string // the run directory
	Path     string // of what the command makes: the package's archive, or the run directory
	Plan     *Plan  // of a dry run, which makes nothing else
	products []any
}

// Made returns what a stage made of a type: *Trained, *Evaluated, *criterion.Release,
// release.Documents, Exported or *release.Package.
func Made[T any](r *Result) (product T, found bool) {
	for _, p := range r.products {
		if product, found = p.(T); found {
			return product, true
		}
	}
	return product, false
}

var gateStage = stage{name: "gate", judges: true, run: made(gate),
	stands: func(found *standing) bool { return found.release != nil }}

// gate decides on the release. A refusal wraps rundir.ErrRefused.
func gate(ctx context.Context, s *session) (*criterion.Release, error) {
	c := s.Candidate()
	decided, err := c.Decide(ctx, s.testPart())
	if err != nil {
		return nil, err
	}
	return decided, c.Publish(decided)
}

// testPart is what a baseline is run on.
func (p *Prepared) testPart() *release.TestPart {
	return &release.TestPart{Data: p.Data.All, Loader: p.Data.TestLoader(p.Settings), Indexes: p.Data.Split.Test}
}

var reportStage = stage{name: "report", tells: true, run: made(func(_ context.Context, s *session) (release.Documents, error) {
	return s.Candidate().WriteDocuments()
})}

// Exported is the folder of the exported model.
type Exported string

var exportStage = stage{name: "export", stands: refused, run: made(func(_ context.Context, s *session) (Exported, error) {
	dir, err := s.Candidate().Export()
	return Exported(dir), err
})}

var packageStage = stage{name: "package", stands: refused, run: made(func(_ context.Context, s *session) (*release.Package, error) {
	return s.Candidate().Package()
})}

// refused says that a decision against the model stands, so that there is nothing to
// export.
func refused(found *standing) bool { return found.release != nil && !found.release.Approved }

// run does stages in order. The report is written for a refused model too; what
// comes after it is not.
func (s *session) run(ctx context.Context, stages []stage, result *Result) error {
	var refused error
	for _, stage := range stages {
		if refused != nil && !stage.tells {
			return refused
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		s.Env.Log.Debug("stage", "name", stage.name)
		product, err := stage.run(ctx, s)
		if product != nil {
			result.products = append(result.products, product)
		}
		switch {
		case errors.Is(err, rundir.ErrRefused):
			refused = err
		case err != nil:
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return refused
}
