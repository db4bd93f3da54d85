package controls

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Epochs are those of a network with painted-over targets, half of the run's.
func Epochs(epochs int) int { return (epochs + 1) / 2 }

// Twin is a network of the kind of a run's that learns from other images of its examples.
type Twin interface {
	// Record says what it is. Its identity has the digests of data and split, the network and
	// all settings.
	Record() *rundir.Record
	// Train trains it in a directory that is locked, and goes on where it was stopped. The
	// record then says how that ended.
	Train(ctx context.Context, d *rundir.Dir) error
	// Evaluate is how it does on a part, by the weights in the directory and that record.
	Evaluate(ctx context.Context, d *rundir.Dir, record *rundir.Record, part dataset.Part) (metric.Result, error)
}

// Run is a run whose evaluations are held against controls.
type Run struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Modules  *settings.Modules
	Data     *rundata.Data
	// Twin prepares a network that is trained for so many epochs.
	Twin func(ctx context.Context, d *rundata.Data, epochs int) (Twin, error)
	// LeftOut says why no network is trained with painted-over targets; empty: one is.
	LeftOut string
	// Fresh says that no network is taken that was trained before, and none kept.
	Fresh bool
}

// Why no network is trained.
const (
	Off        = "--controls off was given"
	Lost       = "the weights that training began with are no longer at hand"
	Unlabelled = "examples are whole frames (crop=frame), and not every clip has labels that say where its targets are"
	// of earlier runs
	whole = "examples are whole frames (crop=frame), of which no boxes are kept"
)

// IsReason says whether controls leave the network out for a reason of this program's.
func IsReason(text string) bool {
	return slices.Contains([]string{Off, Lost, Unlabelled, whole}, text)
}

// Paintable says whether it is known of all clips where their targets are: those whose examples
// are whole frames need no labels.
func Paintable(d dataset.Dataset) bool {
	return !slices.ContainsFunc(dataset.Clips(d), func(c *dataset.Clip) bool { return c.Whole() && !c.Labelled() })
}

// Make makes the controls of evaluations of clips, those of parts of the run.
func (r *Run) Make(ctx context.Context, evaluations []*metric.Evaluation) (*metric.Controls, error) {
	made := &metric.Controls{Schema: metric.ControlsSchema, WeightsSHA256: evaluations[0].WeightsSHA256, LeftOut: r.LeftOut}
	for _, e := range evaluations {
		made.Parts = append(made.Parts, metric.ControlledPart{
			Part: e.Part, Network: *e.Clips.NewControl(e.Clips.Decisions()), Backdrops: r.backdrops(e),
		})
	}
	if made.LeftOut == "" && !Paintable(r.Data.All) {
		made.LeftOut = Unlabelled
	}
	if made.LeftOut != "" {
		return made, nil
	}
	return made, r.paint(ctx, made, evaluations)
}

// backdrops gives each clip the class of the training clip with the nearest backdrop.
func (r *Run) backdrops(e *metric.Evaluation) *metric.Control {
	part, _ := partOf(e.Part)
	_, judged := r.clipsOf(r.indexesOf(part))
	labels, trained := r.clipsOf(r.Data.Split.Train)
	if len(trained) == 0 {
		return nil
	}
	decided := clips.Nearest(judged, trained, nil)
	for at, nearest := range decided {
		decided[at] = labels[nearest]
	}
	return e.Clips.NewControl(decided)
}

// indexesOf are the examples of a part that the run is judged on.
func (r *Run) indexesOf(part dataset.Part) []int {
	if part == dataset.PartValidation {
		return r.Data.ValidationList(r.Settings)
	}
	return r.Data.Split.Indexes(part)
}

// clipsOf lists the labels and the backdrops of the clips whose targets are shown, in order.
func (r *Run) clipsOf(indexes []int) (labels []int, backdrops []*clips.Backdrop) {
	lines, found := linesOf(r.Data.All, indexes)
	for at, clip := range found {
		labels, backdrops = append(labels, lines.each[at].Class), append(backdrops, &clip.Backdrop)
	}
	return labels, backdrops
}

func partOf(name string) (dataset.Part, error) {
	for _, part := range dataset.Parts() {
		if part.String() == name {
			return part, nil
		}
	}
	return dataset.PartNone, fmt.Errorf("part %q: want one of a run's", name)
}

// paint trains the network with painted-over targets and enters how it does on the parts.
func (r *Run) paint(ctx context.Context, made *metric.Controls, evaluations []*metric.Evaluation) error {
	all, err := paintedOver(r.Data.All)
	if err != nil {
		return err
	}
	data, err := r.Data.Over(ctx, r.Settings, r.Modules.Augment, all)
	if err != nil {
		return err
	}
	twin, err := r.Twin(ctx, data, Epochs(r.Settings.TotalEpochs()))
	if err != nil {
		return err
	}
	return r.within(twin.Record().IdentitySHA256, func(d *rundir.Dir) error {
		record, err := r.trained(ctx, twin, d)
		if err != nil {
			return err
		}
		t := record.Training
		made.Painted = &metric.PaintedNote{IdentitySHA256: record.IdentitySHA256, Epochs: t.Epochs, BestEpoch: t.BestEpoch, WeightsSHA256: t.WeightsSHA256}
		for at, e := range evaluations {
			part, err := partOf(e.Part)
			if err != nil {
				return err
			}
			result, err := twin.Evaluate(ctx, d, record, part)
			if err != nil {
				return err
			}
			over, is := result.(*metric.Evaluation)
			if !is || over.Clips == nil {
				return fmt.Errorf("the network with painted-over targets has no figures of clips on the %s part", e.Part)
			}
			made.Parts[at].Painted = e.Clips.NewControl(over.Clips.Decisions())
		}
		return nil
	})
}

// trained trains the network in a directory, unless that was done before, and returns the
// record of the training.
func (r *Run) trained(ctx context.Context, twin Twin, d *rundir.Dir) (*rundir.Record, error) {
	own := twin.Record()
	if before, err := d.ReadRecord(); err == nil && before.IdentitySHA256 == own.IdentitySHA256 && before.Training != nil {
		if _, err := rundir.LoadTrained(d, before); err == nil {
			r.Env.Log.Info("control: the network with painted-over targets was trained before", "directory", d.Path)
			return before, nil
		}
		if err := empty(d.Path); err != nil {
			return nil, err
		}
	}
	r.Env.Log.Info("control: a network of the same kind is trained on images with every target painted over; --controls off leaves it out",
		"epochs", Epochs(r.Settings.TotalEpochs()), "directory", d.Path)
	started := time.Now()
	err := twin.Train(ctx, d)
	if err != nil && ctx.Err() == nil && d.HasCheckpoint() { // of an earlier process, perhaps damaged
		r.Env.Log.Warn("control: its training is begun anew", "error", err)
		if err := empty(d.Path); err != nil {
			return nil, err
		}
		err = twin.Train(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	r.Env.Log.Info("control trained", "took", fmt.Sprintf("%.1f s", time.Since(started).Seconds()))
	return own, nil
}
