// Package transfer finds the last layer of a network for a run, from what the other layers
// make of the run's images: the first phase of a training that begins with weights of
// another.
package transfer

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/features"
	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Task is what the last layer is found for.
type Task struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Modules  *settings.Modules
	Data     *rundata.Data
	Graph    *nn.Graph // as its model built it
}

// Phase is the head's phase by the settings. A network without a head of its own is a
// config.UsageError.
func (t *Task) Phase() (train.Head, error) {
	if t.Settings.Head == train.HeadNone {
		return train.Head{}, nil
	}
	h, err := features.HeadOf(t.Graph)
	if err != nil {
		return train.Head{}, config.Usagef("--head %s: model %s: %w", t.Settings.Head, t.Settings.Model, err)
	}
	return train.Head{Kind: t.Settings.Head, Epochs: t.Settings.Epochs, Frozen: h.Below(t.Graph)}, nil
}

// Memory is how many bytes the features take, with what the solver takes besides; 0 where there
// is none.
func (t *Task) Memory() int64 {
	h, err := features.HeadOf(t.Graph)
	if err != nil || t.Settings.Head != train.HeadSolver {
		return 0
	}
	const floatSize = 4
	width, classes := h.Features.Shape.Elements(), len(t.Data.All.Classes())
	learnt := t.Settings.Views * len(t.Data.TrainList(t.Settings))
	return floatSize*int64(t.Looked())*int64(width) + head.Memory(learnt, width, classes, t.Settings.WorkerCount())
}

// SolvingTime is how long the solver may take, once it has the features; 0 where there is none.
func (t *Task) SolvingTime(ctx context.Context) (time.Duration, error) {
	if t.Settings.Head != train.HeadSolver {
		return 0, nil
	}
	h, err := features.HeadOf(t.Graph)
	if err != nil {
		return 0, err
	}
	penalties := head.Penalties(t.Settings.Penalties())
	rows := t.Settings.Views * len(t.Data.TrainList(t.Settings))
	return head.Time(ctx, len(penalties), rows, h.Features.Shape.Elements(), len(t.Data.All.Classes()), t.Settings.WorkerCount())
}

// Check refuses a network without a head of its own, and features that would take more memory
// than the machine has left, as a config.UsageError.
func (t *Task) Check() error {
	if _, err := t.Phase(); err != nil {
		return err
	}
	need := t.Memory()
	if _, available := machine.Memory(); available > 0 && need > available {
		const giga = 1e9
		return config.Usagef("--head solver: features of %s and the solver take %.1f GB of memory, of which %.1f GB are available: want fewer --views, fewer images (--limit-train), or --head sgd, which keeps no features",
			config.Counted(t.Looked(), "image"), float64(need)/giga, float64(available)/giga)
	}
	return nil
}

// Mirrored says whether one of the views is the mirror image.
func (t *Task) Mirrored() bool { return t.views().Mirror }

// views are those of the training images.
func (t *Task) views() features.Views {
	mirrored := strings.Contains(","+t.Modules.Augment.Resolved(), ",flip")
	return features.Views{Count: t.Settings.Views, Mirror: mirrored}
}

// Looked counts the images that the solver looks at, those of all views.
func (t *Task) Looked() int {
	return t.Settings.Views*len(t.Data.TrainList(t.Settings)) + len(t.Data.ValidationList(t.Settings))
}

// Solve implements train.Solver.
func (t *Task) Solve(ctx context.Context, params *nn.Parameters, seen func(done, total int)) (*train.Solved, error) {
	learnt, judged, err := t.extract(ctx, params, seen)
	if err != nil {
		return nil, err
	}
	t.Data.ForgetPlain(t.Settings)
	from, by := t.examples(learnt, t.Data.TrainList(t.Settings)), t.examples(judged, t.Data.ValidationList(t.Settings))
	options := head.Options{Classes: len(t.Data.All.Classes()), Penalties: t.Settings.Penalties(), Workers: t.Settings.WorkerCount()}
	options.Stepped = newSolving(t.Env.Log, "the last layer").step
	found, err := head.Train(ctx, from, by, options)
	if err != nil {
		return nil, fmt.Errorf("--head solver: %w", err)
	}
	options.Stepped = newSolving(t.Env.Log, "the last layer on a share of the images").step
	curve, err := head.LearningCurve(ctx, from, by, options, head.Curve{Seed: uint64(t.Settings.Seed), Full: found})
	if err != nil {
		return nil, fmt.Errorf("--head solver: on a share of the images: %w", err)
	}
	h, err := features.HeadOf(t.Graph)
	if err != nil {
		return nil, err
	}
	copy(params.Of(h.Node.Params[0]), found.Weights)
	if len(h.Node.Params) > 1 {
		copy(params.Of(h.Node.Params[1]), found.Bias)
	}
	note := metric.HeadNote{
		Penalty: found.Fits[found.Chosen].Penalty, Views: t.Settings.Views, TrainFeatures: learnt.SHA256, ValidateFeatures: judged.SHA256,
	}
	for _, fit := range found.Fits {
		note.Solutions = append(note.Solutions, metric.HeadSolution(fit))
	}
	for _, p := range curve {
		note.Curve = append(note.Curve, metric.HeadPoint{Percent: p.Percent, Images: p.Images, Rows: p.Rows, HeadSolution: metric.HeadSolution(p.Fit)})
	}
	t.say(&note)
	return &train.Solved{HeadNote: note, Examples: len(learnt.Labels) + len(judged.Labels)}, nil
}

// extract computes the features of both parts.
func (t *Task) extract(ctx context.Context, params *nn.Parameters, seen func(done, total int)) (learnt, judged *features.Set, err error) {
	x, err := features.New(t.Graph, params, t.Settings.WorkerCount())
	if err != nil {
		return nil, nil, err
	}
	defer x.Close()
	OpenStore(x, t.Settings)
	total, before := t.Looked(), 0
	counted := func(done, _ int) { seen(before+done, total) }
	plain, varied := t.Data.TestLoader(t.Settings), t.Data.Loader(t.Settings, t.Modules.Augment)
	learnt, err = x.Extract(ctx, plain, varied, t.Data.TrainList(t.Settings), t.views(), counted)
	if err != nil {
		return nil, nil, err
	}
	before = len(learnt.Labels)
	judged, err = x.Extract(ctx, plain, nil, t.Data.ValidationList(t.Settings), features.Views{Count: 1}, counted)
	return learnt, judged, err
}

// OpenStore opens the cache of features for an extractor, if the settings ask for one.
func OpenStore(x *features.Extractor, s *settings.Settings) {
	limit := s.CacheBytes()
	if s.FeatureCache == "off" || limit == 0 {
		return
	}
	dir, err := features.CacheDir()
	if err != nil {
		slog.Warn("features are computed at each start, since there is no folder for a cache: --feature-cache off says so without this warning", "error", err)
		return
	}
	x.OpenStore(dir, limit, s.FeatureCache == settings.IndexRebuild)
}

// examples are rows for the solver. What an example of the list is given as its weight counts,
// and what the loss gives its class, and with balanced sampling all classes count the same.
func (t *Task) examples(s *features.Set, list []int) *head.Examples {
	e := &head.Examples{Features: s.Values, Labels: s.Labels, Images: s.Images}
	balanced := t.Settings.Sampling == "balanced"
	var ofClass []float32
	if l, ok := t.Modules.Loss.(loss.Weighted); ok {
		ofClass = l.ClassWeights()
	}
	given := ofClass != nil
	for _, i := range list {
		given = given || t.Data.All.Info(i).Weight.Given
	}
	if !given && !balanced {
		return e
	}
	counts := dataset.Counts(t.Data.All, list)
	for _, at := range s.Images {
		info := t.Data.All.Info(list[at])
		weight := info.Weight.Of()
		if ofClass != nil {
			weight *= ofClass[info.Label]
		}
		if balanced {
			weight *= float32(len(list)) / float32(len(counts)*counts[info.Label])
		}
		e.Weights = append(e.Weights, weight)
	}
	return e
}

// say reports the solutions.
func (t *Task) say(n *metric.HeadNote) {
	for _, s := range n.Solutions {
		t.Env.Log.Debug("head", "penalty", s.Penalty, "iterations", s.Iterations, "converged", s.Converged,
			"train_accuracy", s.TrainAccuracy, "validation_loss", s.ValidationLoss, "validation_accuracy", s.ValidationAccuracy)
		if !s.Converged {
			t.Env.Log.Warn("the solver of the last layer has not converged: its gradient is still too long; a larger penalty is easier", "penalty", s.Penalty, "iterations", s.Iterations, "gradient_norm", s.GradientNorm)
		}
	}
	var shares []string
	for _, p := range n.Curve {
		shares = append(shares, fmt.Sprintf("%s of %d images", metric.Percent(p.ValidationAccuracy), p.Images))
	}
	t.Env.Log.Info("what fewer images would give on the validation part, in percent", "accuracy", strings.Join(shares, ", "))
	best := n.Best()
	t.Env.Log.Info("last layer found", "penalty", best.Penalty, "of", len(n.Solutions), "iterations", best.Iterations, "train_accuracy", best.TrainAccuracy, "validation_accuracy", best.ValidationAccuracy)
}
