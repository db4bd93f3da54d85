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
		if one.Decided, err = m.decided(func(d *Decider) error { a.ask(f, d.Add); return nil }); err != nil {
			return nil, err
		}
		if one.BoxesGiven, err = m.decided(func(d *Decider) error { return r.givenBoxes(a, f, list, d) }); err != nil {
			return nil, err
		}
		result.Each = append(result.Each, one)
	}
	result.SumUp(m.Classes)
	return result, ctx.Err()
}

// decided is what a decider comes to that has seen some points.
func (m *Model) decided(see func(*Decider) error) (metric.Decided, error) {
	d, err := m.NewDecider()
	if err != nil {
		return metric.Decided{}, err
	}
	defer d.Close()
	if err := see(d); err != nil {
		return metric.Decided{}, err
	}
	return metric.Decide(m.Classes, d.Decide()), nil
}

// givenBoxes shows a decider the labelled boxes of a clip, and what the network says of those of
// its examples that are in a list.
func (r *Run) givenBoxes(a *asker, f *Followed, list []int, d *Decider) error {
	input, asked := r.Record.Identity.ServedInput(), map[int]int{}
	var images []uint8
	for _, i := range list {
		p := r.Data.All.Info(i).Place
		if p == nil || p.Clip != f.Clip || !p.Target {
			continue
		}
		if _, is := asked[p.Frame]; is { // a further target of the frame
			continue
		}
		img, err := r.Data.All.Image(i)
		if err == nil {
			img, err = input.Apply(img)
		}
		if err != nil {
			return err
		}
		asked[p.Frame] = len(asked)
		images = append(images, img.Pix...)
	}
	answers := a.answers(images)
	for i := range f.boxes {
		var probabilities []float32
		if at, is := asked[f.boxes[i].Frame]; is {
			probabilities = answers[at*len(a.Labels) : (at+1)*len(a.Labels)]
		}
		d.add(&f.boxes[i], probabilities)
	}
	return nil
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
		r.Env.Log.Info("clips decided on", "part", part.String(), "boxes_given", result.BoxesGiven.Text(), "boxes_found", result.Text(), "by", result.Method)
		if n := result.Undecided; n > 0 {
			r.Env.Log.Warn("the target was found in no frame of clips that decides, so that nothing is decided on them: they count as wrong", "part", part.String(), "clips", n)
		}
		all = append(all, result)
	}
	return all, nil
}
