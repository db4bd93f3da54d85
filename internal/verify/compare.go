package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
	"github.com/blocktrain/blocktrain/internal/verify/recompute"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// errPrefix ends the training after the epochs that were asked for.
var errPrefix = errors.New("the epochs asked for are compared")

// train repeats the training of the networks and compares every epoch as it ends.
func (v *verification) train(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir) error {
	if len(p.Networks) != len(v.networks) {
		return &Difference{File: rundir.RecordFile, Figure: "networks", Recorded: strconv.Itoa(len(v.networks)), Found: strconv.Itoa(len(p.Networks)), Cause: changed(rundir.RecordFile)}
	}
	for k, n := range p.Networks {
		if recorded := v.networks[k].Name; recorded != n.Name {
			return &Difference{File: rundir.RecordFile, Figure: fmt.Sprintf("networks[%d].name", k), Recorded: recorded, Found: n.Name, Cause: changed(rundir.RecordFile)}
		}
	}
	for k := range p.Networks {
		if v.result.Epochs == v.limit() {
			return nil
		}
		if err := p.Derive(ctx, dir, k); err != nil {
			return err
		}
		switch err := v.trainNetwork(ctx, p.Networks[k], &v.networks[k], dir); {
		case errors.Is(err, errPrefix):
			return nil
		case err != nil:
			return err
		}
	}
	if err := v.trainDecision(ctx, p, dir); !errors.Is(err, errPrefix) {
		return err
	}
	return nil
}

// trainDecision repeats the training of the networks that decide on tracks. It ends with
// errPrefix after the epochs that were asked for.
func (v *verification) trainDecision(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir) error {
	next := 0
	err := p.Decide(ctx, dir, func(n *pipeline.Prepared) error {
		if v.result.Epochs == v.limit() {
			return errPrefix
		}
		recorded := &v.later[next] // as many, and of these names, as the identity wants
		next++
		return v.trainNetwork(ctx, n, recorded, dir)
	})
	if err != nil || len(v.later) == 0 {
		return err
	}
	name := layout.FeaturesFile
	if recorded, found := v.record.Files[name], p.Record.Files[name]; recorded != found {
		return &Difference{File: name, Figure: "sha256", Recorded: recorded, Found: found, Cause: changed(name)}
	}
	return nil
}

// limit is the number of epochs, of all networks, to compare.
func (v *verification) limit() int {
	if v.request.Epochs > 0 {
		return v.request.Epochs
	}
	return v.result.Recorded
}

// trainNetwork repeats the training of one network. It ends with errPrefix after the
// epochs that were asked for.
func (v *verification) trainNetwork(ctx context.Context, p *pipeline.Prepared, recorded *recompute.Network, dir *rundir.Dir) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := p.Work(0, v.limit() >= v.result.Recorded && recorded.Name == "")
	work.Epochs = min(len(recorded.History), v.limit()-v.result.Epochs)
	observer, remove := progress.Observe(v.env.Log, v.env.Progress, work)
	defer remove()
	c := &comparison{Observer: observer, verification: v, recorded: recorded, stop: stop}
	outcome, err := train.Run(ctx, p.TrainJob(dir, c))
	var diverged *engine.NonFiniteError
	switch {
	case c.difference != nil:
		return c.difference
	case errors.As(err, &diverged) && c.epochs < len(recorded.History):
		return v.explain(&Difference{File: rundir.HistoryOf(recorded.Name), Epoch: c.epochs + 1, Figure: "train_loss", Recorded: config.Exact(recorded.History[c.epochs].TrainLoss), Found: err.Error()})
	case err != nil:
		return err
	}
	found, err := p.NoteTraining(dir, outcome)
	if err != nil {
		return err
	}
	if err := v.compareOutcome(recorded, found); err != nil {
		return err
	}
	return v.compareMetadata(recorded, dir.Network(p.Name).BestWeights())
}

// compareMetadata compares what the file of a run's best weights has beside them. That of
// a package is made again.
func (v *verification) compareMetadata(n *recompute.Network, rebuilt string) error {
	if v.packaged {
		return nil
	}
	name := v.weightsOf(n.Name)
	recorded, err := weights.ReadFile(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	found, err := weights.ReadFile(rebuilt)
	if err != nil {
		return err
	}
	was, is := fmt.Sprint(recorded.Metadata), fmt.Sprint(found.Metadata)
	switch {
	case was == is:
		return nil
	case !v.ours():
		v.warn(name + " says otherwise beside the weights than this version of the program does: whether it says what the other files say was not verified")
		return nil
	}
	return &Difference{File: name, Figure: "metadata", Recorded: was, Found: is, Cause: changed(name)}
}

// comparison compares the training of a network with its history while it goes on.
type comparison struct {
	train.Observer
	*verification
	recorded   *recompute.Network
	epochs     int // of the network that were compared
	stop       context.CancelCauseFunc
	difference *Difference
}

// Epoch implements train.Observer. It ends the training at the first difference.
func (c *comparison) Epoch(e metric.Epoch, epochs int, best bool) {
	c.Observer.Epoch(e, epochs, best)
	history := c.recorded.History
	if e.Epoch > len(history) {
		c.difference = c.explain(&Difference{
			File: rundir.RecordFile, Figure: c.recorded.Figure("epochs"), Recorded: strconv.Itoa(len(history)), Found: "training that goes on",
		})
	} else {
		c.difference = c.compareEpoch(rundir.HistoryOf(c.recorded.Name), history[e.Epoch-1], e)
	}
	if c.difference != nil {
		c.stop(c.difference)
		return
	}
	c.epochs++
	if c.result.Epochs++; c.result.Epochs == c.limit() && c.result.Epochs < c.result.Recorded {
		c.stop(errPrefix)
	}
}

// figure is one figure of an epoch, as text.
type figure struct{ name, value string }

// figuresOf are the figures of an epoch that the contract covers, those first that
// say most.
func figuresOf(e metric.Epoch) []figure {
	return []figure{
		{"weights_sha256", e.WeightsSHA256}, {"ema_sha256", e.EMASHA256}, {"optimizer_sha256", e.OptimizerSHA256},
		{"train_loss", config.Exact(e.TrainLoss)}, {"train_" + e.FigureName(), config.Exact(e.TrainFigure())},
		{"validation_loss", config.Exact(e.ValidationLoss)}, {"validation_" + e.FigureName(), config.Exact(e.ValidationFigure())},
		{"learning_rate", config.Exact(e.LearningRate)}, {"gradient_norm", config.Exact(e.GradientNorm)}, {"head", headText(e.Head)},
	}
}

// headText is how the last layer was found, as text.
func headText(n *metric.HeadNote) string {
	if n == nil {
		return ""
	}
	text, err := json.Marshal(n)
	if err != nil { // of numbers that are finite
		return err.Error()
	}
	return string(text)
}

// compareEpoch finds the figures of an epoch that differ from those in a file; nil if
// there is none.
func (v *verification) compareEpoch(file string, recorded, found metric.Epoch) *Difference {
	var d *Difference
	was, is := figuresOf(recorded), figuresOf(found)
	for i := range was {
		switch {
		case was[i] == is[i]:
		case d == nil:
			d = &Difference{File: file, Epoch: recorded.Epoch, Figure: was[i].name, Recorded: cmp.Or(was[i].value, nothing), Found: cmp.Or(is[i].value, nothing)}
		default:
			d.Others = append(d.Others, was[i].name)
		}
	}
	if d == nil {
		return nil
	}
	if len(d.Others) == 0 || d.Figure != was[0].name {
		d.Cause = "the line was edited: " + agreement(d.Figure)
		return d
	}
	return v.explain(d)
}

// agreement says which figures are equal where one is not.
func agreement(figure string) string {
	if figure == "weights_sha256" {
		return "every other figure of the epoch, which follow from the weights, is equal"
	}
	return "the weights of the epoch are equal"
}

// explain gives a difference of bits what may be its cause.
func (v *verification) explain(d *Difference) *Difference {
	causes := []string{"a setting, digest or seed in " + rundir.RecordFile + " was edited", "the history is of another run", "memory or a processor failed, here or where the model was made"}
	if !followed(v.record.Identity.ContractVersion) {
		causes = slices.Insert(causes, 0, fmt.Sprintf("version %d of the contract gives other bits than version %d: verify with a program that keeps that", engine.ContractVersion, v.record.Identity.ContractVersion))
	}
	d.Cause = strings.Join(causes, "; or ")
	return d
}

// oldestFollowed is the oldest version of the contract by whose rules this program trains.
const oldestFollowed = 2

// followed says whether this program trains by the rules of a version of the contract.
func followed(version int) bool {
	return version >= oldestFollowed && version <= engine.ContractVersion
}

// compareOutcome compares how the training of a network ended.
func (v *verification) compareOutcome(n *recompute.Network, found *rundir.TrainingNote) error {
	recorded := n.Note
	for _, f := range []struct{ name, recorded, found string }{
		{"epochs", strconv.Itoa(recorded.Epochs), strconv.Itoa(found.Epochs)},
		{"best_epoch", strconv.Itoa(recorded.BestEpoch), strconv.Itoa(found.BestEpoch)},
		{"stopped", recorded.Stopped, found.Stopped},
		{"weights_sha256", recorded.WeightsSHA256, found.WeightsSHA256},
	} {
		if f.name == "stopped" && !v.ours() && f.recorded != "" && f.found != "" { // in other words
			continue
		}
		if f.recorded != f.found {
			return v.explain(&Difference{File: rundir.RecordFile, Figure: n.Figure(f.name), Recorded: cmp.Or(f.recorded, nothing), Found: cmp.Or(f.found, nothing)})
		}
	}
	if n.Name == "" {
		v.result.WeightsSHA256 = found.WeightsSHA256
	}
	return nil
}

// compareResults compares what was made of the weights: the evaluations.
func (v *verification) compareResults(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir) error {
	t, err := rundir.LoadTrained(dir, p.Record)
	if err != nil {
		return err
	}
	model, scored := classifier.Of(p.Record, t), map[dataset.Part]*pipeline.Scored{}
	for _, part := range rundir.EvaluatedParts() {
		if !fileio.Exists(v.file(rundir.EvaluationFile(part))) {
			continue // of a run that was only trained
		}
		if scored[part], err = v.compareEvaluation(ctx, p, model, part); err != nil {
			return err
		}
		if err := v.compareClips(ctx, p, dir, model, part); err != nil {
			return err
		}
	}
	if err := v.compareDetection(ctx, p); err != nil {
		return err
	}
	if err := v.compareBaseline(ctx, p, dir); err != nil {
		return err
	}
	if err := v.compareAgreement(ctx, p, dir, t); err != nil {
		return err
	}
	if err := errors.Join(v.compareControls(ctx, p, scored), v.compareSensor(ctx, p, model, scored), v.compareReference(ctx, p, t)); err != nil {
		return err
	}
	return v.comparePlots(p, model, scored)
}

// edited is the cause of figures that differ though what they are of does not.
const edited = "the evaluation was edited: the weights are equal"

// compareEvaluation evaluates a part again and compares every figure but times.
func (v *verification) compareEvaluation(ctx context.Context, p *pipeline.Prepared, model *classifier.Classifier, part dataset.Part) (*pipeline.Scored, error) {
	name := rundir.EvaluationFile(part)
	recorded, err := finding.Read(v.file(name))
	if err != nil {
		return nil, v.lacking(name, err)
	}
	e, err := p.EvaluatePart(ctx, model, part)
	if err != nil {
		return nil, err
	}
	form, err := target.ReadResult(v.file(name))
	if err != nil {
		return nil, v.lacking(name, err)
	}
	if err := finding.Between(name, "", edited, finding.Without(recorded, "latency_ms"), metric.InSchema(e.Result, form.Header().Schema)); err != nil {
		return nil, err
	}
	v.result.Evaluated = append(v.result.Evaluated, part.String())
	return e, nil
}
