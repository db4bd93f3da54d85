package decision

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// EvaluatePart decides on the clips of a part, in which it finds the targets itself. t are the
// networks of the run with their weights.
func (r *Run) EvaluatePart(ctx context.Context, t *rundir.Trained, part dataset.Part) (*metric.TrackedClips, error) {
	m, err := Open(r.Dir.Path, r.Record, t)
	if err != nil {
		return nil, err
	}
	list := r.Data.Split.Indexes(part)
	if err := r.Data.Split.CheckUnseen(r.Data.All, list); err != nil {
		return nil, err
	}
	followed, err := r.follow(ctx, dataset.TargetClips(r.Data.All, list))
	if err != nil {
		return nil, err
	}
	a, err := newAsker(r.Record, t, r.Settings.WorkerCount())
	if err != nil {
		return nil, err
	}
	defer a.plan.Close()
	result := &metric.TrackedClips{Part: part.String(), Method: m.Method(), WeightsSHA256: r.Record.Training.WeightsSHA256, Each: []*metric.TrackedClip{}}
	if m.Network != nil {
		result.DecisionSHA256 = r.note(layout.DecisionNetwork).WeightsSHA256
	}
	groups := groupsOf(r.Data.All, followed)
	for at, f := range followed {
		one := &metric.TrackedClip{Clip: f.Source, Group: groups[at], Class: m.Classes[f.Label], Frames: f.Frames(), Found: f.Found()}
		d, err := m.NewDecider()
		if err != nil {
			return nil, err
		}
		a.ask(f, d.Add)
		one.Decide(m.Classes, d.certain())
		d.Close()
		result.Each = append(result.Each, one)
	}
	result.SumUp(m.Classes)
	return result, ctx.Err()
}

// groupsOf are the numbers of the groups of clips; where the data has none, each clip is one.
func groupsOf(d dataset.Dataset, followed []*Followed) []int {
	var examples, own []int
	for at, f := range followed {
		examples, own = append(examples, f.Example), append(own, at)
	}
	if groups := dataset.GroupNumbers(d, examples); groups != nil {
		return groups
	}
	return own
}

// Evaluate writes what the model says of the clips of the validation and the test part, and
// enters the files in the record.
func (r *Run) Evaluate(ctx context.Context, c *classifier.Classifier) ([]*metric.TrackedClips, error) {
	if !r.Record.Identity.FollowsClips() {
		return nil, nil
	}
	var all []*metric.TrackedClips
	for _, part := range rundir.EvaluatedParts() {
		result, err := r.EvaluatePart(ctx, c.Trained, part)
		if err != nil {
			return nil, err
		}
		name := rundir.ClipsFile(part)
		if err := fileio.WriteJSON(r.Dir.File(name), result); err != nil {
			return nil, err
		}
		if err := r.Dir.NoteFiles(r.Record, name); err != nil {
			return nil, err
		}
		r.Env.Log.Info("clips decided on", "part", part.String(), "result", result.Text(), "by", result.Method)
		all = append(all, result)
	}
	return all, nil
}
