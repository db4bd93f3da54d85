package decision

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Folds is into how many folds the training part of a run is divided: those of the settings,
// or as many as its clips form groups, if that is less. A class with fewer groups than folds
// is in some of the folds alone. It is 0 where nothing decides on tracks: of data without
// targets in clips, of models that do not tell classes apart or have several networks, and
// where the clips of the training part are of one class, or one of their classes has a single
// group, which no network could be trained without.
func Folds(s *settings.Settings, m *settings.Modules, d *rundata.Data) int {
	_, several := m.Model.(model.Sequence)
	if s.DecisionFolds == 0 || !m.Target.Properties().Labelled || several || s.OverfitBatch ||
		len(dataset.TargetClips(d.All, d.TrainList(s))) == 0 || len(dataset.TargetClips(d.All, d.ValidationList(s))) == 0 {
		return 0
	}
	counts, err := dataset.ClipGroups(d.All, d.TrainList(s))
	if err != nil { // which dividing the data would have found
		return 0
	}
	counts = slices.DeleteFunc(counts, func(n int) bool { return n == 0 })
	if len(counts) < 2 || slices.Min(counts) < 2 {
		return 0
	}
	groups := 0
	for _, n := range counts {
		groups += n
	}
	return min(s.DecisionFolds, groups)
}

// Run is the run whose decision is trained.
type Run struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Data     *rundata.Data
	Record   *rundir.Record
	Dir      *rundir.Dir
	Main     rundir.Built // the network that is judged
}

// Network is one of those that are trained after the run's own.
type Network struct {
	Name     string
	Settings *settings.Settings
	Modules  *settings.Modules
	Data     *rundata.Data
	Built    rundir.Built
	Fold     bool // it is one of crops, trained without a fold, which begins as the run's own did
}

// Train trains the networks that come after the run's own, each by train, in order: those of
// the folds, and the one that decides. What was finished before must end train at once.
func (r *Run) Train(ctx context.Context, train func(*Network) error) error {
	folds := r.Record.Identity.DecisionFolds
	if folds == 0 {
		switch {
		case !r.Record.Identity.FollowsClips():
			if r.Settings.DecisionFolds > 0 && r.Settings.Origins["decision-folds"] == config.OriginFlag {
				r.Env.Log.Warn("--decision-folds has no effect: it is for classifiers of targets in clips, --dataset clips with crop=box", "decision-folds", r.Settings.DecisionFolds)
			}
		default:
			r.Env.Log.Info("no network decides on the tracks of clips: the mean of the logarithms of the probabilities does", "why", r.whyNone())
		}
		return nil
	}
	if asked := r.Settings.DecisionFolds; folds < asked {
		r.Env.Log.Info("the clips of the training part form fewer groups than --decision-folds", "groups", folds, "decision-folds", asked)
	}
	l, err := r.learn(ctx)
	if err != nil {
		return err
	}
	divided, err := dataset.DivideList(r.Data.All, r.Data.TrainList(r.Settings), folds, r.Data.Split.Seed)
	if err != nil {
		return err
	}
	var out []answered
	for k, held := range divided {
		answers, err := r.fold(ctx, k+1, held, l, train)
		if err != nil {
			return err
		}
		out = append(out, answers...)
	}
	l.scale.Weights = weigh(out)
	if err := r.writeScale(l.scale); err != nil {
		return err
	}
	r.Env.Log.Info("networks on crops and on tracks are weighed", "crops", l.scale.Weights.Crops, "track", l.scale.Weights.Track)
	_, err = r.onTracks(layout.DecisionNetwork, l, l.train, train)
	return err
}

// learnt is what networks on tracks learn from.
type learnt struct {
	train, validation []*Followed
	scale             *Scale
}

// learn follows the targets of the training and the validation part.
func (r *Run) learn(ctx context.Context) (l learnt, err error) {
	if l.train, err = r.follow(ctx, dataset.TargetClips(r.Data.All, r.Data.TrainList(r.Settings))); err != nil {
		return l, err
	}
	if l.validation, err = r.follow(ctx, dataset.TargetClips(r.Data.All, r.Data.ValidationList(r.Settings))); err != nil {
		return l, err
	}
	for _, f := range slices.Concat(l.train, l.validation) {
		f.cutWindows()
	}
	l.scale = MeasureScale(allWindows(l.train))
	return l, nil
}

// whyNone says why there is no such network.
func (r *Run) whyNone() string {
	if r.Settings.DecisionFolds == 0 {
		return "--decision-folds 0"
	}
	return "it takes a model of one network, clips in the validation part, and at least two groups of clips of each of two classes in the training part"
}

// follow follows the targets of clips.
func (r *Run) follow(ctx context.Context, list []dataset.TargetClip) ([]*Followed, error) {
	r.Env.Log.Info("targets are followed", "clips", len(list))
	return Follow(ctx, list, r.Record.Identity.ServedInput(), r.Settings.WorkerCount())
}

// fold trains the networks without a fold, and asks them about the clips of the fold.
func (r *Run) fold(ctx context.Context, k int, held []int, l learnt, train func(*Network) error) ([]answered, error) {
	in, others := parted(l.train, dataset.TargetClips(r.Data.All, held))
	crops, err := r.onCrops(k, held, train)
	if err != nil {
		return nil, err
	}
	tracks, err := r.onTracks(layout.TrackFoldNetwork(k), l, others, train)
	if err != nil {
		return nil, err
	}
	a, err := newAsker(r.Record, crops, r.Settings.WorkerCount())
	if err != nil {
		return nil, err
	}
	defer a.plan.Close()
	m := &Model{Classes: r.Record.Identity.Classes, Network: tracks, scale: l.scale, record: r.Record}
	plan, err := classifier.Of(m.record, m.Network).NewPlan(1, 1)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	var out []answered
	for _, f := range in {
		one := answered{label: f.Label, windows: a.windows(f)}
		for _, w := range one.windows {
			one.track = append(one.track, m.logs(plan, w))
		}
		out = append(out, one)
	}
	return out, ctx.Err()
}

// parted are those of followed clips that are in a list, and the others.
func parted(list []*Followed, held []dataset.TargetClip) (in, others []*Followed) {
	for _, f := range list {
		if slices.ContainsFunc(held, func(c dataset.TargetClip) bool { return c.Clip == f.Clip }) {
			in = append(in, f)
		} else {
			others = append(others, f)
		}
	}
	return in, others
}

// onCrops trains the network on crops without fold k.
func (r *Run) onCrops(k int, held []int, train func(*Network) error) (*rundir.Trained, error) {
	own, modules, err := r.Settings.OfFold(k)
	if err != nil {
		return nil, err
	}
	data, split := *r.Data, *r.Data.Split
	split.Test = nil
	split.Train = slices.DeleteFunc(slices.Clone(r.Data.TrainList(r.Settings)), func(i int) bool {
		_, is := slices.BinarySearch(held, i)
		return is
	})
	data.Split = &split
	n := &Network{Name: layout.FoldNetwork(k), Settings: own, Modules: modules, Data: &data, Built: r.Main, Fold: true}
	n.Built.Name = n.Name
	r.sayNetwork(n, k)
	if err := train(n); err != nil {
		return nil, err
	}
	return r.trained(n.Built)
}

// onTracks trains a network on the windows of tracks of clips.
func (r *Run) onTracks(name string, l learnt, clips []*Followed, train func(*Network) error) (*rundir.Trained, error) {
	classes := r.Record.Identity.Classes
	n := &Network{Name: name, Data: dataOf(classes, l.scale, clips, l.validation)}
	var err error
	if n.Built, err = rundir.BuildDecision(len(classes)); err != nil {
		return nil, err
	}
	n.Built.Name = name
	if n.Settings, n.Modules, err = r.Settings.OfLater(name, r.Record.Identity.DecisionFolds); err != nil {
		return nil, err
	}
	if name == layout.DecisionNetwork {
		r.sayNetwork(n, 0)
	}
	if err := train(n); err != nil {
		return nil, err
	}
	return r.trained(n.Built)
}

func (r *Run) sayNetwork(n *Network, k int) {
	folds, directory := r.Record.Identity.DecisionFolds, r.Dir.Network(n.Name).Path
	if !n.Fold {
		r.Env.Log.Info("training the network on tracks", "directory", directory)
		return
	}
	r.Env.Log.Info("training a network without one fold, for the decision on tracks", "fold", fmt.Sprintf("%d/%d", k, folds), "directory", directory)
}

// trained is a network with its best weights.
func (r *Run) trained(b rundir.Built) (*rundir.Trained, error) {
	input := r.Record.Identity.ServedInput()
	if want := rundir.ShapeOf(input); !b.Derived && b.Graph.Input().Shape != want {
		var err error
		if b.Graph, err = r.rebuilt(input); err != nil {
			return nil, err
		}
	}
	t, err := rundir.NewTrained(b, b.Graph.NewParameters(0), r.Record.Identity.Classes)
	if err != nil {
		return nil, err
	}
	return t, t.Load(r.Dir.Network(b.Name).BestWeights(), r.note(b.Name))
}

// note is how the training of a network ended.
func (r *Run) note(name string) *rundir.TrainingNote {
	for at := range r.Record.Networks {
		if n := &r.Record.Networks[at]; n.Name == name {
			return &n.TrainingNote
		}
	}
	return r.Record.Training
}

// writeScale writes the file of features.
func (r *Run) writeScale(s *Scale) error {
	if err := r.Dir.MakeDir(rundir.NetworksDir); err != nil {
		return err
	}
	path := r.Dir.File(layout.FeaturesFile)
	if err := fileio.WriteJSON(path, s); err != nil {
		return err
	}
	return r.Dir.NoteFiles(r.Record, layout.FeaturesFile)
}

// rebuilt is the graph of the run's own network for another input.
func (r *Run) rebuilt(input imaging.Rule) (g *nn.Graph, err error) {
	i := &r.Record.Identity
	m, _, err := model.MakeModel(i.Model.Name, i.Model.Text())
	if err != nil {
		return nil, err
	}
	return m.Build(rundir.ShapeOf(input), len(i.Classes))
}
