package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/train"
)

// trained is the network of a run with the weights that are judged.
type trained struct {
	graph  *nn.Graph
	params *nn.Parameters
}

// loadTrained reads the weights that the run's training left.
func loadTrained(dir *runDir, record *Record) (*trained, error) {
	if err := record.checkTrained(dir); err != nil {
		return nil, err
	}
	graph, params, err := record.restore(dir.bestWeights())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s, but its training is finished: %s", dir.path, path.Join(train.CheckpointDir, train.BestFile), restoreOrRepeat)
	}
	if err != nil {
		return nil, err
	}
	return &trained{graph, params}, nil
}

func (record *Record) checkTrained(dir *runDir) error {
	if record.Training == nil {
		return config.Usagef("%s has not been trained to its end: continue it with blocktrain run --run %s --resume", dir.path, shellWord(dir.path))
	}
	return nil
}

// evaluateStage scores the best weights on the validation and the test part and
// draws the plots.
func (r *session) evaluateStage(ctx context.Context) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	validation, err := r.evaluatePart(ctx, t, dataset.PartValidation)
	if err != nil {
		return err
	}
	test, err := r.evaluatePart(ctx, t, dataset.PartTest)
	if err != nil {
		return err
	}
	if test.Latency, err = measureLatency(ctx, t, r.data.loader(r.settings, nil), r.data.split.Test); err != nil {
		return err
	}
	for _, e := range []*scored{validation, test} {
		files, err := r.writeEvaluation(e.Evaluation, e.Part)
		if err != nil {
			return err
		}
		if err := r.noteFiles(files...); err != nil {
			return err
		}
	}
	if err := r.visualize(validation, test); err != nil {
		return err
	}
	if err := r.noteFolder(plotsDir); err != nil {
		return err
	}
	return r.dir.writeRecord(r.record)
}

// scored is an evaluation with what it was made of.
type scored struct {
	*metric.Evaluation
	list          []int // indexes of the examples
	labels        []int
	probabilities []float32 // [N,K]
}

func (r *session) evaluatePart(ctx context.Context, t *trained, part dataset.Part) (*scored, error) {
	list := r.data.split.Indexes(part)
	if err := r.data.split.CheckUnseen(r.data.all, list); err != nil {
		return nil, err
	}
	e, err := r.score(ctx, t, r.data.loader(r.settings, nil), list)
	if err != nil {
		return nil, err
	}
	e.Dataset, e.Part = strings.Join(r.settings.Datasets, ","), part.String()
	return e, nil
}

// score runs the network over a list of examples.
func (r *session) score(ctx context.Context, t *trained, l *dataset.Loader, list []int) (*scored, error) {
	probabilities, labels, err := train.Probabilities(ctx, t.graph, t.params, l, list, r.settings.workers())
	if err != nil {
		return nil, err
	}
	e, err := metric.Evaluate(probabilities, labels, l.Dataset.Classes())
	if err != nil {
		return nil, err
	}
	e.Weights, e.WeightsSHA256 = r.record.Weights, r.record.Training.WeightsSHA256
	return &scored{e, list, labels, probabilities}, nil
}

// What the names of an evaluation's tables end with.
const (
	classesSuffix   = "-classes.csv"
	confusionSuffix = "-confusion.csv"
)

// writeEvaluation writes the figures as JSON, the tables as CSV, and shows them
// in the log. It returns the names of the files, from the run directory.
func (r *session) writeEvaluation(e *metric.Evaluation, name string) (files []string, err error) {
	if err := os.MkdirAll(r.dir.file(evaluationDir), 0o755); err != nil {
		return nil, err
	}
	path := r.dir.file(evaluationDir, name+".json")
	if err := fileio.WriteJSON(path, e); err != nil {
		return nil, err
	}
	for suffix, write := range map[string]func(io.Writer) error{
		classesSuffix: e.WriteClassesCSV, confusionSuffix: e.WriteConfusionCSV,
	} {
		if err := fileio.WriteAtomic(r.dir.file(evaluationDir, name+suffix), write); err != nil {
			return nil, err
		}
	}
	err = r.env.show("evaluated", fmt.Sprintf("evaluated: %s\n%s", path, e.Table()), e.ShortTable(),
		"dataset", e.Dataset, "part", e.Part, "accuracy", rounded(e.Accuracy), "loss", rounded(e.Loss), "file", path)
	base := evaluationDir + "/" + name
	return []string{base + ".json", base + classesSuffix, base + confusionSuffix}, err
}

// Measuring latency: how many calls are not counted, and how many are.
const (
	latencyWarmup  = 20
	latencySamples = 200
)

// measureLatency times the network on single images of list, on one worker.
func measureLatency(ctx context.Context, t *trained, l *dataset.Loader, list []int) (*metric.Latency, error) {
	inference, err := engine.NewInference(nn.WithSoftmax(t.graph), t.params, 1, 1)
	if err != nil {
		return nil, err
	}
	defer inference.Close()
	order := make([]int, latencyWarmup+latencySamples)
	for i := range order {
		order[i] = list[i%len(list)]
	}
	outputs := [][]float32{make([]float32, inference.Sizes()[0])}
	var samples []time.Duration
	for batch, err := range l.Batches(ctx, order, 0, 0, 1) {
		if err != nil {
			return nil, err
		}
		started := time.Now()
		inference.Run(outputs, batch.Images)
		if batch.Position >= latencyWarmup {
			samples = append(samples, time.Since(started))
		}
	}
	return metric.SummarizeLatency(samples, 1, 1, Machine())
}

// Evaluate repeats the evaluation of the run in dir or, where flags name other
// data than the run's own, scores the run's network on that.
func Evaluate(ctx context.Context, env *Environment, s *Settings, dir string) error {
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		if err := record.checkTrained(d); err != nil {
			return err
		}
		if s.namesData() {
			other, err := openOther(ctx, env, s)
			if err != nil {
				return err
			}
			if other.all.Digest() != record.Identity.DatasetSHA256 {
				return evaluateElsewhere(ctx, &session{env: env, settings: s, dir: d, record: record}, other)
			}
		}
		r, err := reopen(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		judged := r.record.Files[evaluationFile(dataset.PartTest)]
		if err := r.evaluateStage(ctx); err != nil {
			return err
		}
		r.warnOfVoidDecision(judged)
		return env.printDocument(d.file(evaluationDir, testFile))
	})
}

// warnOfVoidDecision warns where a decision rests on the evaluation with the digest
// judged, which another has replaced: latencies differ each time.
func (r *session) warnOfVoidDecision(judged string) {
	if r.record.Decision == "" || r.record.Files[evaluationFile(dataset.PartTest)] == judged {
		return
	}
	r.env.Log.Warn(fmt.Sprintf("the decision is void until the gate is repeated on the new evaluation: blocktrain gate --run %s", shellWord(r.dir.path)),
		"decision", r.record.Decision)
}
