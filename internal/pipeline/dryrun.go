package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/pipeline/further"
	"github.com/blocktrain/blocktrain/internal/pipeline/outline"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Plan is what a task would do in a new run.
type Plan struct {
	prepared *Prepared
	Dir      string
	Stages   []string
	time     string // that it takes, in words
	further  string // what is trained besides, in lines
	memory   outline.Memory
}

// plan is that of the task in the directory.
func (p *Prepared) plan(ctx context.Context, dir string, t task) (*Plan, error) {
	made := &Plan{prepared: p, Dir: dir, further: p.further(t.judges()).Lines("besides         ", p.Settings.TotalEpochs())}
	made.memory = outline.Memory{Images: p.Data.Memory, Features: p.transfer().Memory()}
	for _, stage := range t.stages {
		made.Stages = append(made.Stages, stage.name)
	}
	started, judged := time.Now(), ""
	if t.judges() {
		judged = " and evaluate"
	}
	whole, err := p.estimate(ctx, t.judges(), &made.memory.Training)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		made.time = fmt.Sprintf("not estimated: %v", err)
	default:
		made.time = fmt.Sprintf("about %s to train%s: an estimate from %s of training on made-up images", config.Minutes(max(whole, time.Second)), judged, logging.Seconds(time.Since(started)))
	}
	return made, nil
}

// estimateLimit is how long an estimate may take, but for what every training begins with.
const estimateLimit = 2500 * time.Millisecond

// estimate says how long training, and evaluation if there is one, may take on this
// machine, and how many bytes of memory the largest training takes. The networks train on
// made-up images for a moment; nothing is written.
func (p *Prepared) estimate(ctx context.Context, evaluated bool, memory *int64) (whole time.Duration, err error) {
	besides := p.further(evaluated)
	for k, n := range p.Networks {
		data, made := *p.Data, *n
		made.Known = nil // made-up images repeat
		if n.derived {
			in := n.Graph.Input().Shape
			data.Rule = imaging.InputRule(in.W, in.H, in.C)
			data.TestRule = data.Rule
		}
		data.Fitted, data.TestFitted, data.Reduced, data.Native = dataset.MadeUp(data.All, data.Rule), dataset.MadeUp(data.All, data.TestRule), nil, nil
		made.Data = &data
		job := made.TrainJob(rundir.At(""), nil)
		speed, err := train.Measure(ctx, job, estimateLimit/time.Duration(len(p.Networks)))
		if err != nil {
			return 0, err
		}
		taken, err := train.Memory(job)
		if err != nil {
			return 0, err
		}
		*memory = max(*memory, taken)
		for _, w := range besides.Work(made.Work(0, evaluated && k == len(p.Networks)-1)) {
			whole += w.Time(speed.Train, speed.Score)
		}
		solving, err := made.transfer().SolvingTime(ctx)
		if err != nil {
			return 0, err
		}
		whole += solving
	}
	following, err := besides.Following(ctx)
	return whole + following, err
}

// further is what the run does besides.
func (p *Prepared) further(evaluated bool) *further.Run {
	return &further.Run{Data: p.Data.All, Split: p.Data.Split, Record: p.Record, Evaluated: evaluated, LeftOut: p.leftOut(), Workers: p.Settings.WorkerCount()}
}

// division says how the datasets were divided, each on a line of its own.
func (plan *Plan) division() string {
	var lines string
	for _, words := range report.SplitWords(plan.prepared.Record) {
		lines += "\n                " + words
	}
	return lines
}

// steps are the lines that say how a step changes the weights; none where there are no steps.
func (p *Prepared) steps() string {
	i := &p.Record.Identity
	if p.Settings.StepEpochs() == 0 {
		return ""
	}
	return fmt.Sprintf("optimizer       %s, learning rate %s, weight decay %s\nschedule        %s\n",
		i.Optimizer.Words(), config.Short(float64(i.LearningRate)), config.Short(float64(i.WeightDecay)), i.Schedule.Words())
}

// Text is the plan for people.
func (plan *Plan) Text() string {
	p := plan.prepared
	s, i := p.Settings, &p.Record.Identity
	train := len(p.Data.TrainList(s))
	batch := min(s.BatchSize, train)
	if s.OverfitBatch {
		train = batch
	}
	training := outline.Training{Settings: s, Steps: p.Data.StepsPerEpoch(s, s.BatchSize), Batch: batch, Looked: p.transfer().Looked(), Mirrored: p.transfer().Mirrored()}
	// The table of layers may be long, and what is below it stays on the screen.
	return fmt.Sprintf(`dry run: nothing is trained or downloaded, and only the cache is written

%s
run directory   %s
datasets        %s (%d classes)
split           %s to train with, %s to validate with, %s to test with%s
classes         with examples to train, validate and test with%s
input           %s, %s
augmentation    %s
loss            %s
%straining        %s%s
time            %s
memory          %s
stages          %s
identity        %s
`, p.Graph.Summary(), plan.Dir, strings.Join(p.Record.DatasetNames(), ", "), len(i.Classes),
		config.Grouped(int64(train)), config.Grouped(int64(i.Split.Validation)), config.Grouped(int64(i.Split.Test)), plan.division(), p.Data.ClassTable(strings.Repeat(" ", 16)), report.InputText(i.Input), i.Input.Mode, i.Augment,
		i.Loss.Words(), p.steps(), training.Lines(), plan.further, plan.time, plan.memory.Lines(s), strings.Join(plan.Stages, ", "), p.Record.IdentitySHA256)
}
