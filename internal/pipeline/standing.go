package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// standingOf finds out what stands. Best weights that were changed are an error, and so
// is a decision that was edited.
func standingOf(d *rundir.Dir, record *rundir.Record) (*standing, error) {
	if !record.Finished() {
		return &standing{}, nil
	}
	if _, err := rundir.LoadTrained(d, record); err != nil {
		return nil, err
	}
	lost := d.CheckEvaluations(record)
	release, void, err := standingDecision(d, record, lost)
	return &standing{decided: true, evaluated: lost == nil, release: release, void: void}, err
}

// standingDecision reads the decision; where there was one that does not stand, void
// says why. What it rests on may be lost.
func standingDecision(d *rundir.Dir, record *rundir.Record, lost error) (release *criterion.Release, void, err error) {
	path := d.File(rundir.ReleaseFile)
	switch written := fileio.Exists(path); {
	case record.Decision == "" && !written:
		return nil, nil, nil
	case record.Decision == "": // the gate was interrupted, or somebody else wrote it
		return nil, d.CheckFile(record, rundir.ReleaseFile), nil
	case !written:
		return nil, fmt.Errorf("%s does not exist", path), nil
	}
	if err := d.CheckFile(record, rundir.ReleaseFile); err != nil {
		return nil, nil, err
	}
	if release, err = criterion.ReadRelease(path); err != nil {
		return nil, nil, err
	}
	if lost == nil && record.Files[rundir.AgreementFile] != "" {
		lost = d.CheckFile(record, rundir.AgreementFile)
	}
	if lost != nil {
		return nil, lost, nil
	}
	if other := record.CheckRelease(release); other != nil {
		return nil, fmt.Errorf("%s %w", path, other), nil
	}
	return release, nil, nil
}

// finished says whether nothing of the run is left to do.
func finished(d *rundir.Dir, record *rundir.Record, found *standing) bool {
	if found.release == nil {
		return false
	}
	approved, judged := found.release.Approved, false
	for _, stage := range stages {
		if judged && !approved && !stage.tells {
			continue
		}
		if slices.ContainsFunc(stage.makes, func(name string) bool { return !fileio.Exists(d.File(name)) }) {
			return false
		}
		judged = judged || stage.judges
	}
	for _, n := range record.Networks {
		if !fileio.Exists(d.Network(n.Name).File(rundir.HistoryCSV)) {
			return false
		}
	}
	return !approved || release.IsPackaged(d, record)
}

// finish does what is left of the task and says where its result is, or that the
// decision that stands is a refusal.
func (s *session) finish(ctx context.Context, t task, found *standing) (*Result, error) {
	if decided := found.release; decided != nil && !decided.Approved && t.judges() {
		result := &Result{Dir: s.Dir.Path, products: []any{decided}}
		if err := s.run(ctx, t.after(found).stages, result); err != nil {
			return result, explain(err, t.advice(s.Dir.Path))
		}
		return result, release.Refused(s.Dir, decided)
	}
	return s.do(ctx, t.after(found))
}

// sayStanding says whether the decision on the run stands or is replaced.
func (s *session) sayStanding(found *standing) {
	decision, reason := cmp.Or(s.Record.Decision, "not recorded"), s.Record.ForceReason
	switch {
	case found.void != nil:
		s.Env.Log.Warn("the earlier decision is replaced: the gate decides anew, by the thresholds of this call",
			"decision", decision, "force_reason", reason, "because", found.void)
	case found.release == nil:
		return
	default:
		s.Env.Log.Info("the decision stands; what else is missing is made again", "decision", decision, "force_reason", reason)
	}
}
