package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// withRunDir calls f with an existing run directory, locked, and its record.
func withRunDir(env *Environment, path string, f func(d *runDir, record *Record) error) (err error) {
	d, err := openRunDir(env, path)
	if err != nil {
		return err
	}
	defer func() { err = d.end(env, explainFullDisk(err, "repeat the command")) }()
	record, err := d.readRecord()
	if err != nil {
		return err
	}
	return f(d, record)
}

// reopen prepares an existing run again from the settings it was made with, and
// refuses data or settings that would make another run of it.
func reopen(ctx context.Context, env *Environment, s *Settings, d *runDir, then *Record) (*session, error) {
	s.takePaths(then, d.path)
	first, err := readInitial(s.InitFrom)
	if errors.Is(err, fs.ErrNotExist) && d.hasCheckpoint() { // which has made them unnecessary
		first, err = &initial{sha256: then.Identity.InitSHA256}, nil
	}
	if err != nil {
		return nil, err
	}
	if first != nil {
		first.anew = then.Identity.InitAnew
	}
	if s.ImageSize == "" { // which was decided then
		s.ImageSize = fmt.Sprintf("%dx%d", then.Identity.Input.Width, then.Identity.Input.Height)
	}
	r, err := prepare(ctx, env, s, d.file(splitFile), first)
	if err != nil {
		return nil, err
	}
	r.dir = d
	if then.IdentitySHA256 != r.record.IdentitySHA256 {
		return nil, usage(fmt.Errorf("%s was begun with another identity (%s): use its own settings and data, or begin a new run",
			d.path, differences(&then.Identity, &r.record.Identity)))
	}
	r.record.Execution.StartedIn = wayBack(d.path)
	r.record.resume(then)
	return r, nil
}

// resume takes over what an earlier record of the same run says besides what was
// asked for. How a finished training was done stays as it was.
func (record *Record) resume(then *Record) {
	record.Name, record.ReleaseVersion = then.Name, then.ReleaseVersion
	record.Started, record.Training, record.Files, record.Package = then.Started, then.Training, then.Files, then.Package
	record.Initial = then.Initial
	record.Decision, record.ForceReason = then.Decision, then.ForceReason
	if then.Training != nil {
		record.Execution = then.Execution
	}
}

// stage is one step of the pipeline.
type stage struct {
	name string
	run  func(r *session, ctx context.Context) error
}

// stages are what a run does once its data is split, in order. A stage that
// refuses ends the run.
var stages = []stage{
	{"train", (*session).trainStage},
	{"evaluate", (*session).evaluateStage},
	{"gate", (*session).gateStage},
	{"report", (*session).reportStage},
	{"export", (*session).exportStage},
	{"package", (*session).packageStage},
}
