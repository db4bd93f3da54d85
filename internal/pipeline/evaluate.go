package pipeline

import (
	"context"
	"strings"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/transfer/distance"
)

// Evaluated is how a run's model did on parts of data.
type Evaluated struct {
	Parts     []metric.Result        // those of the run: validation, test
	File      string                 // of the last
	Clips     []*metric.TrackedClips // in which the model finds the targets itself, of the same parts; nil where it does not
	Detection []*detection.Result    // of clips: how well targets are found
}

var evaluateStage = stage{name: "evaluate", run: made(evaluateRun),
	stands: func(found *standing) bool { return found.evaluated }}

// evaluateRun scores the best weights on the validation and the test part and draws
// the plots.
func evaluateRun(ctx context.Context, s *session) (*Evaluated, error) {
	c := s.Candidate()
	model, err := c.Classifier()
	if err != nil {
		return nil, err
	}
	var parts []*Scored
	for _, part := range rundir.EvaluatedParts() {
		e, err := s.EvaluatePart(ctx, model, part)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	test := parts[len(parts)-1]
	latency, err := model.Latency(ctx, s.Data.TestLoader(s.Settings), s.Data.Split.Test, classifier.Timing{Machine: machine.Name(), Calibrate: s.Settings.Calibrated()})
	if err != nil {
		return nil, err
	}
	test.SetLatency(latency)
	found, err := c.Detect(ctx, s.Data.All, s.Data.Split)
	if err != nil {
		return nil, err
	}
	made := &Evaluated{Detection: found.List()}
	for _, e := range parts {
		if made.File, err = c.WriteEvaluation(e.Result); err != nil {
			return nil, err
		}
		made.Parts = append(made.Parts, e.Result)
	}
	if made.Clips, err = s.Decision(s.Dir).Evaluate(ctx, model); err != nil {
		return nil, err
	}
	if err := s.Controls().Enter(ctx, s.Dir, s.Record, model, made.Parts); err != nil {
		return nil, err
	}
	if err := s.Distances(model.Trained).Enter(ctx, s.Dir); err != nil {
		return nil, err
	}
	if !c.PlotsStand() {
		if err := s.visualize(model, parts[0], test, found); err != nil {
			return nil, err
		}
	}
	return made, s.Dir.WriteRecord(s.Record)
}

// Scored is a result with what it was made of.
type Scored struct {
	metric.Result
	list  []int        // indexes of the examples
	tally target.Tally // of what the network made of them
}

// EvaluatePart scores a model on a part of the run's data: of the validation part, on
// what training was watched by.
func (p *Prepared) EvaluatePart(ctx context.Context, model *classifier.Classifier, part dataset.Part) (*Scored, error) {
	list := p.Data.Split.Indexes(part)
	if part == dataset.PartValidation {
		list = p.Data.ValidationList(p.Settings)
	}
	if err := p.Data.Split.CheckUnseen(p.Data.All, list); err != nil {
		return nil, err
	}
	seen, remove := progress.ObserveScoring(p.Env.Log, p.Env.Progress, "evaluating the "+part.String()+" part")
	defer remove()
	model.Seen = seen
	e, err := score(ctx, p.Record, model, p.Data.TestLoader(p.Settings), list, controls.TrainedOn(p.Data.All, p.Data.Split.Train))
	if err != nil {
		return nil, err
	}
	head := e.Header()
	head.Dataset, head.Part = strings.Join(p.Settings.DatasetNames(), ","), part.String()
	return e, nil
}

// Distances makes what predict says by how unusual an image is for the run's network.
func (p *Prepared) Distances(t *rundir.Trained) *distance.Task {
	return &distance.Task{Env: p.Env, Settings: p.Settings, Data: p.Data, Record: p.Record, Trained: t}
}

// score runs a run's model, which was trained on some clips, over a list of examples.
func score(ctx context.Context, record *rundir.Record, model *classifier.Classifier, l *dataset.Loader, list []int, trained controls.Trained) (*Scored, error) {
	tally, err := model.Tally(ctx, l, list, l.Workers)
	if err != nil {
		return nil, err
	}
	result, err := tally.Result()
	if err != nil {
		return nil, err
	}
	if record.Identity.ContractVersion >= 3 { // before, intervals took no heed of groups
		controls.AddGroups(result, tally, l.Dataset, list)
		controls.AddClips(result, tally, l.Dataset, list, trained)
	}
	head := result.Header()
	head.Weights, head.WeightsSHA256 = record.Weights, record.Training.WeightsSHA256
	return &Scored{result, list, tally}, nil
}
