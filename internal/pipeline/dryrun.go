package pipeline

import (
	"fmt"
	"io"
	"strings"
)

// describeTo says what the task would do in a new run.
func (r *session) describeTo(w io.Writer, dir string, t task) error {
	s, i := r.settings, &r.record.Identity
	train := len(r.data.trainList(s))
	batch := min(s.BatchSize, train)
	if s.OverfitBatch {
		train = batch
	}
	_, err := fmt.Fprintf(w, `dry run: nothing is trained, downloaded or written

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

%s`, dir, strings.Join(r.record.datasetNames(), ", "), len(i.Classes),
		train, i.Split.Validation, i.Split.Test, inputText(i.Input), i.Input.Mode, i.Augment,
		i.Loss.words(), i.Optimizer.words(), short(float64(i.LearningRate)), short(float64(i.WeightDecay)), i.Schedule.words(),
		counted(s.Epochs, "epoch"), counted(r.stepsPerEpoch(s.BatchSize), "step"), counted(batch, "image"), s.ShardSize, s.Seed, stageNames(t.stages), r.record.IdentitySHA256, r.graph.Summary())
	return err
}

func stageNames(stages []stage) string {
	var names []string
	for _, stage := range stages {
		names = append(names, stage.name)
	}
	return strings.Join(names, ", ")
}
