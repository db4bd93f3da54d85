package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// trackedWords say how well the model decides on clips in which it finds the targets itself,
// and what decides. There are none of a model that does not do so, or has not yet.
func trackedWords(d *rundir.Dir, record *rundir.Record) ([]string, error) {
	if !record.Identity.FollowsClips() {
		return nil, nil
	}
	var words []string
	for _, part := range slices.Backward(rundir.EvaluatedParts()) { // the test part first, as everywhere in the report
		t, err := metric.ReadTracked(d.File(rundir.ClipsFile(part)), record.Identity.Classes)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		words = append(words,
			fmt.Sprintf("On clips of the %s part whose boxes are given, the model decides right on %s", part.Noun(), withUndecided(&t.BoxesGiven)),
			fmt.Sprintf("On the same clips without labelled boxes, the model finds the target, follows it and decides right on %s", withUndecided(&t.TrackedFigures)))
	}
	how := "The mean of the logarithms of the probabilities along the track decides, since the run has no network for that"
	if n := record.Identity.DecisionFolds; n > 0 {
		how = fmt.Sprintf("The probabilities of the network and those of a second one, on shape and motion, decide together. How much each counts was measured on %d folds of clips that networks of both kinds had not seen", n)
	}
	return append(words, how), nil
}

// withUndecided is a figure with how many clips have no decision, if any.
func withUndecided(t *metric.TrackedFigures) string {
	if text := t.UndecidedText(); text != "" {
		return t.Text() + "; " + text
	}
	return t.Text()
}
