package controls

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Enter makes the controls of those results that are evaluations of clips, writes them into the
// directory of their run and its record, and tells of them. Where there are none, it does
// nothing. Controls that stand, with all that the settings ask for, are kept. The same holds
// for how the model does on the test part as a sensor shows it.
func (r *Run) Enter(ctx context.Context, d *rundir.Dir, record *rundir.Record, model *classifier.Classifier, results []metric.Result) error {
	if err := r.enterSensor(ctx, d, record, model, results); err != nil {
		return err
	}
	evaluations := ofClips(results)
	if len(evaluations) == 0 {
		return nil
	}
	made := r.standing(d, record, evaluations)
	if made == nil {
		var err error
		if made, err = r.Make(ctx, evaluations); err != nil {
			return err
		}
		if err := fileio.WriteJSON(d.File(rundir.ControlsFile), made); err != nil {
			return err
		}
		if err := d.NoteFiles(record, rundir.ControlsFile); err != nil {
			return err
		}
	}
	r.Env.Show("controls", fmt.Sprintf("controls: %s\n%s", d.File(rundir.ControlsFile), made.Table()), "file", d.File(rundir.ControlsFile))
	for _, w := range made.Warnings() {
		r.Env.Log.Warn(w)
	}
	return nil
}

// ofClips are the evaluations of clips among results.
func ofClips(results []metric.Result) []*metric.Evaluation {
	var evaluations []*metric.Evaluation
	for _, result := range results {
		if e, is := result.(*metric.Evaluation); is && e.Clips != nil {
			evaluations = append(evaluations, e)
		}
	}
	return evaluations
}

// standing are the controls that the directory has, if they are of the evaluations and lack
// nothing; else nil.
func (r *Run) standing(d *rundir.Dir, record *rundir.Record, evaluations []*metric.Evaluation) *metric.Controls {
	if d.CheckFile(record, rundir.ControlsFile) != nil {
		return nil
	}
	found, err := metric.ReadControls(d.File(rundir.ControlsFile))
	if err != nil || found.Painted == nil && found.LeftOut != r.LeftOut || len(found.Parts) != len(evaluations) {
		return nil
	}
	for _, e := range evaluations {
		if found.CheckAgainst(e) != nil {
			return nil
		}
	}
	return found
}
