package pipeline

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/transfer"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Trained is how the training of a run ended.
type Trained struct {
	rundir.TrainingNote
	History []metric.Epoch
}

var trainStage = stage{name: "train", makes: []string{rundir.HistoryCSV}, run: made(trainRun)}

// trainRun trains the networks in their order, or goes on where an earlier process was
// stopped, and records how each ended.
func trainRun(ctx context.Context, s *session) (*Trained, error) {
	return s.trainAll(ctx, s.Dir, s.judges)
}

// trainAll does so in a directory; evaluated says that an evaluation comes after it.
func (p *Prepared) trainAll(ctx context.Context, dir *rundir.Dir, evaluated bool) (trained *Trained, err error) {
	for k, n := range p.Networks {
		if err := p.Derive(ctx, dir, k); err != nil {
			return nil, err
		}
		if len(p.Networks) > 1 {
			p.Env.Log.Info("network", "number", fmt.Sprintf("%d/%d", k+1, len(p.Networks)), "directory", dir.Network(n.Name).Path)
		}
		if trained, err = n.train(ctx, dir, n.Work(len(p.Networks)-k-1, evaluated)); err != nil {
			return nil, err
		}
	}
	return trained, nil
}

// train trains the network and records how that ended.
func (p *Prepared) train(ctx context.Context, dir *rundir.Dir, work progress.Work) (*Trained, error) {
	started := time.Now()
	observer, remove := progress.Observe(p.Env.Log, p.Env.Progress, work)
	defer remove()
	outcome, err := train.Run(ctx, p.TrainJob(dir, observer))
	if err != nil {
		return nil, err
	}
	if outcome.Stopped != "" {
		p.Env.Log.Info("stopped early", "epoch", outcome.Epochs, "reason", outcome.Stopped)
	}
	p.Env.Log.Info("training finished", "epochs", outcome.Epochs, "best_epoch", outcome.BestEpoch, "took", logging.Seconds(time.Since(started)))
	if err := p.Data.Confirm(ctx); err != nil {
		return nil, err
	}
	note, err := p.NoteTraining(dir, outcome)
	if err != nil {
		return nil, err
	}
	own := dir.Network(p.Name)
	history, err := metric.ReadHistory(own.File(train.HistoryFile))
	if err != nil {
		return nil, err
	}
	if !p.compared && !layout.OnTracks(p.Name) { // from whose images, or from motion, nothing may be learnt
		p.Data.WarnOfNothingLearned(p.Env, p.Settings, p.Modules.Target, p.Name, history, outcome.BestEpoch)
		rundata.SayUselessFinetuning(p.Env, history, outcome.BestEpoch)
	}
	err = fileio.WriteAtomic(own.File(rundir.HistoryCSV), func(w io.Writer) error { return metric.WriteHistoryCSV(w, history) })
	return &Trained{*note, history}, err
}

// Work is what there is to do in training the network, before so many later ones, and in
// evaluating the last.
func (p *Prepared) Work(later int, evaluated bool) progress.Work {
	list := p.Data.TrainList(p.Settings)
	if p.Settings.OverfitBatch {
		list = list[:min(len(list), p.Settings.BatchSize)]
	}
	w := progress.Work{Epochs: p.Settings.TotalEpochs(), Train: len(list), Validation: len(p.Data.ValidationList(p.Settings)), Later: later}
	if p.Settings.Head == train.HeadSolver {
		w.Solved = p.transfer().Looked()
	}
	if evaluated {
		w.After = w.Validation + len(p.Data.Split.Test)
	}
	return w
}

// TrainJob is the training of the network in the directory of its run, of which the
// observer is told.
func (p *Prepared) TrainJob(dir *rundir.Dir, observer train.Observer) train.Job {
	s, d := p.Settings, p.Data
	return train.Job{
		Options: p.trainOptions(), Dir: dir.Network(p.Name).Path, Graph: p.Graph, Params: p.Params,
		Target: p.Modules.Target.Properties(), Task: p.Task,
		Loss: p.Modules.Loss, Optimizer: p.Modules.Optimizer, Schedule: p.Modules.Schedule,
		Train: d.Loader(s, p.Modules.Augment), TrainList: d.TrainList(s), Observer: observer, NewValidator: p.newValidator, CheckDir: dir.Check,
		Solve: p.transfer().Solve,
	}
}

// transfer is how the last layer learns before the others.
func (p *Prepared) transfer() *transfer.Task {
	return &transfer.Task{Env: p.Env, Settings: p.Settings, Modules: p.Modules, Data: p.Data, Graph: p.Graph}
}

// newValidator makes what scores parameters of the network on the validation part.
func (p *Prepared) newValidator(params *nn.Parameters) (train.Validator, error) {
	network := *p.Network
	network.Params = params
	model := classifier.Of(p.Record, &network)
	model.Known = p.Known
	scorer, err := model.NewScorer(p.Settings.WorkerCount())
	return classifier.Validator{Scorer: scorer, Data: p.Data.TestLoader(p.Settings), List: p.Data.ValidationList(p.Settings)}, err
}

func (p *Prepared) trainOptions() train.Options {
	s, properties := p.Settings, p.Modules.Target.Properties()
	rate, decay := s.Rates(p.Modules)
	head, _ := p.transfer().Phase() // checked when the network was built
	return train.Options{
		Epochs: s.TotalEpochs(), Head: head, FixedNorms: s.BatchNorm == settings.NormFixed, LayerDecay: s.LayerDecay, BatchSize: s.BatchSize, ShardSize: s.ShardSize, Seed: uint64(s.Seed),
		LearningRate: rate, WeightDecay: decay, Warmup: s.Warmup, GradientClip: s.GradientClip, EMA: s.EMA,
		Frozen: s.Freeze, Balanced: s.Sampling == "balanced", OverfitBatch: s.OverfitBatch,
		Stopping: s.Stopping(properties),
		Workers:  s.WorkerCount(), CheckpointInterval: time.Duration(s.CheckpointInterval) * time.Second,
	}
}

// NoteTraining writes the outcome, with the digest of the best weights, to the
// record of the run in dir. Weights that are not those of the best epoch in the history
// are refused: somebody has put others in their place.
func (p *Prepared) NoteTraining(dir *rundir.Dir, outcome train.Outcome) (*rundir.TrainingNote, error) {
	own := dir.Network(p.Name)
	best, err := weights.ReadFile(own.BestWeights())
	if err != nil {
		return nil, err
	}
	history, err := metric.ReadHistory(own.File(train.HistoryFile))
	if err != nil {
		return nil, err
	}
	if outcome.BestEpoch < 1 || outcome.BestEpoch > len(history) {
		return nil, fmt.Errorf("%s has %d epochs, and the best is said to be epoch %d: the file was changed; train again in a new run directory",
			own.File(train.HistoryFile), len(history), outcome.BestEpoch)
	}
	digest := weights.Digest(best.Tensors)
	if want := p.Record.DigestIn(history[outcome.BestEpoch-1]); digest != want {
		return nil, fmt.Errorf("%s: the weights' digest is %s, that of epoch %d, the best, is %s: the file was changed; train again in a new run directory",
			own.BestWeights(), digest, outcome.BestEpoch, want)
	}
	note := &rundir.TrainingNote{
		Epochs: outcome.Epochs, BestEpoch: outcome.BestEpoch, Stopped: outcome.Stopped, WeightsSHA256: digest,
	}
	if p.Name == "" {
		p.Record.Training = note
	} else {
		p.Record.NoteNetwork(p.Name, note)
	}
	if err := dir.NoteFiles(p.Record, rundir.HistoryOf(p.Name)); err != nil {
		return nil, err
	}
	return note, dir.WriteRecord(p.Record)
}
