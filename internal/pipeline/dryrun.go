package pipeline

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/report"
)

// Plan is what a task would do in a new run.
type Plan struct {
	prepared *Prepared
	Dir      string
	Stages   []string
}

// plan is that of the task in the directory.
func (p *Prepared) plan(dir string, t task) *Plan {
	made := &Plan{prepared: p, Dir: dir}
	for _, stage := range t.stages {
		made.Stages = append(made.Stages, stage.name)
	}
	return made
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
	return fmt.Sprintf(`dry run: nothing is trained, downloaded or written

run directory   %s
datasets        %s (%d classes)
split           %d to train with, %d to validate with, %d to test with
input           %s, %s
augmentation    %s
loss            %s
optimizer       %s, learning rate %s, weight decay %s
schedule        %s
training        %s of %s of %s, shards of %d, seed %d
stages          %s
identity        %s

%s`, plan.Dir, strings.Join(p.Record.DatasetNames(), ", "), len(i.Classes),
		train, i.Split.Validation, i.Split.Test, report.InputText(i.Input), i.Input.Mode, i.Augment,
		i.Loss.Words(), i.Optimizer.Words(), config.Short(float64(i.LearningRate)), config.Short(float64(i.WeightDecay)), i.Schedule.Words(),
		config.Counted(s.Epochs, "epoch"), config.Counted(p.stepsPerEpoch(s.BatchSize), "step"), config.Counted(batch, "image"), s.ShardSize, s.Seed, strings.Join(plan.Stages, ", "), p.Record.IdentitySHA256, p.Graph.Summary())
}
